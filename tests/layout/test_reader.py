"""The reading half: what is verified, what is left out, what is told."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from prewarm.errors import ContentError, StoreError
from prewarm.layout import LayoutReader, LayoutWriter
from prewarm.oci import MAX_MANIFEST_SIZE, OCI_MANIFEST, Manifest

from .samples import blob, bring, bring_image, image


def damage(path: Path, raw: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(raw)


@pytest.mark.parametrize("change", ["one bit", "shorter", "longer", "empty"])
def test_a_blob_that_is_read_is_verified(store: LayoutWriter, change: str) -> None:
    descriptor, raw = blob("a")
    bring(store, descriptor, raw)
    assert store.read_blob(descriptor) == raw
    damaged = {"one bit": b"?" + raw[1:], "shorter": raw[:-1], "longer": raw + b"x", "empty": b""}
    damage(store.blob_path(descriptor.digest), damaged[change])
    with pytest.raises(ContentError, match="the bytes in the store are not this blob's"):
        store.read_blob(descriptor)


def test_a_descriptor_of_another_size_is_not_believed(store: LayoutWriter) -> None:
    descriptor, raw = blob("a")
    bring(store, descriptor, raw)
    for size in (999, 1001):
        wrong = replace(descriptor, size=size)
        assert not store.has(wrong)
        with pytest.raises(ContentError):
            store.read_blob(wrong)


def test_a_blob_that_is_not_there_is_told(store: LayoutWriter) -> None:
    descriptor, _ = blob("a")
    assert store.stat_blob(descriptor.digest) is None and not store.has(descriptor)
    with pytest.raises(StoreError, match="cannot read: No such file or directory"):
        store.open_blob(descriptor.digest)
    store.blob_path(descriptor.digest).mkdir()
    with pytest.raises(StoreError, match="cannot read: Is a directory"):
        store.read_blob(descriptor)


class _Broken(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise OSError(5, "Input/output error")


def test_a_disk_that_fails_is_told(store: LayoutWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    descriptor, raw = blob("a")
    bring(store, descriptor, raw)

    def open_broken(path: Path, mode: str) -> BinaryIO:
        return _Broken()

    monkeypatch.setattr(Path, "open", open_broken)
    with pytest.raises(StoreError, match="cannot read: Input/output error"):
        store.read_blob(descriptor)


def test_a_large_blob_is_not_loaded(store: LayoutWriter) -> None:
    descriptor, _ = blob("a")
    with pytest.raises(ContentError, match="bytes are too many to load"):
        store.read_blob(replace(descriptor, size=MAX_MANIFEST_SIZE + 1))


def test_a_manifest_is_read_and_checked(store: LayoutWriter) -> None:
    bring_image(store, image("a"))
    (entry,) = store.read_entries()
    found = store.read_manifest(entry.descriptor)
    assert isinstance(found, Manifest) and found.media_type == OCI_MANIFEST
    descriptor, raw = blob("not a manifest")
    bring(store, descriptor, raw)
    with pytest.raises(ContentError, match="the manifest is not JSON"):
        store.read_manifest(descriptor)


def test_entries_without_a_name_or_a_known_digest_are_left_out(store: LayoutWriter) -> None:
    descriptor, _ = blob("a")
    good = {"mediaType": OCI_MANIFEST, "digest": descriptor.digest, "size": 1000}
    named = {"annotations": {"org.opencontainers.image.ref.name": "a"}}
    bad: list[object] = [
        good,
        {**good, "annotations": {"org.opencontainers.image.ref.name": ""}},
        {**good, "annotations": []},
        {**good, **named, "digest": "sha256:../../etc/passwd"},
        {**good, **named, "size": -5},
        {**named},
        None,
        [],
    ]
    index = store.root / "index.json"
    index.write_text(json.dumps({"manifests": bad}))
    assert store.read_entries() == ()
    index.write_text(json.dumps({"manifests": [*bad, {**good, **named}, *bad]}))
    assert [entry.name for entry in store.read_entries()] == ["a"]


@pytest.mark.parametrize("text", ["", "nothing", "[]", "{}", '{"manifests": 5}', "[" * 100_000])
def test_an_index_that_is_none_is_told(store: LayoutWriter, text: str) -> None:
    (store.root / "index.json").write_text(text)
    reader = LayoutReader.open(store.root)
    for read in (reader.read_entries, reader.read_index, lambda: reader.named("a")):
        with pytest.raises(StoreError, match=r"index\.json: not .*put back a sound copy"):
            read()


def test_making_a_reader_touches_nothing(tmp_path: Path) -> None:
    LayoutReader(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []
