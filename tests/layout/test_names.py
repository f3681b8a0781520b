"""`index.json`: replaced whole under a lock, with all that others wrote into it."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from prewarm.errors import StoreError
from prewarm.layout import LayoutReader, LayoutWriter, writer
from prewarm.layout.lock import exclusive
from prewarm.oci import OCI_MANIFEST, Descriptor

from .children import run_all
from .samples import blob, bring, bring_image, image

A, B, C = (Descriptor(OCI_MANIFEST, blob(label)[0].digest, 1000) for label in "abc")
REF_NAME = "org.opencontainers.image.ref.name"


def index_of(store: LayoutReader) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((store.root / "index.json").read_text())
    return found


def names_of(store: LayoutReader) -> dict[str, str]:
    return {entry.name: entry.descriptor.digest for entry in store.read_entries()}


def test_names_are_added_moved_and_sorted(store: LayoutWriter) -> None:
    store.name_images({"docker.io/library/b:1": B, "docker.io/library/a:1": A})
    assert names_of(store) == {"docker.io/library/a:1": A.digest, "docker.io/library/b:1": B.digest}
    store.name_images({"docker.io/library/a:1": C})
    assert list(names_of(store).items()) == [
        ("docker.io/library/a:1", C.digest),
        ("docker.io/library/b:1", B.digest),
    ]
    assert store.named("docker.io/library/a:1") == C
    assert store.named("docker.io/library/c:1") is None


def test_an_entry_is_what_the_image_spec_says(store: LayoutWriter) -> None:
    store.name_images({"docker.io/library/a:1": A})
    assert index_of(store) == {
        "schemaVersion": 2,
        "manifests": [
            {
                "mediaType": OCI_MANIFEST,
                "digest": A.digest,
                "size": 1000,
                "annotations": {REF_NAME: "docker.io/library/a:1"},
            }
        ],
    }


def test_no_names_are_no_write(store: LayoutWriter) -> None:
    before = store.stat_index()
    store.name_images({})
    assert store.stat_index() == before


FOREIGN = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.oci.image.index.v1+json",
    "annotations": {"org.example": "kept"},
    "x-of-somebody": [1, {"deep": None}],
    "manifests": [
        {"digest": A.digest, "size": 1, "mediaType": OCI_MANIFEST, "x": {"y": 1}},
        {"digest": "blake3:abc", "size": 1, "annotations": {REF_NAME: "strange"}},
        {"digest": B.digest, "size": 5, "annotations": {REF_NAME: "latest", "other": "kept"}},
        {"annotations": {REF_NAME: 5}},
        {"annotations": None},
        "not even an object",
    ],
}


def test_what_others_wrote_survives(store: LayoutWriter) -> None:
    (store.root / "index.json").write_text(json.dumps(FOREIGN))
    assert names_of(store) == {"latest": B.digest}
    store.name_images({"docker.io/library/a:1": A})
    store.name_images({"docker.io/library/a:1": C})
    found = index_of(store)
    ours = found["manifests"].pop()
    assert ours["annotations"] == {REF_NAME: "docker.io/library/a:1"}
    assert found == FOREIGN


def test_a_name_that_stands_twice_is_replaced_as_one(store: LayoutWriter) -> None:
    entry = {"digest": A.digest, "size": 1000, "annotations": {REF_NAME: "a"}}
    document = {"schemaVersion": 2, "manifests": [entry, {**entry, "digest": B.digest}]}
    (store.root / "index.json").write_text(json.dumps(document))
    assert names_of(store) == {"a": B.digest}
    store.name_images({"a": C})
    assert [entry["digest"] for entry in index_of(store)["manifests"]] == [C.digest]


def test_a_damaged_index_is_left_as_it_is(store: LayoutWriter) -> None:
    (store.root / "index.json").write_text('{"manifests": [')
    with pytest.raises(StoreError, match=r"not JSON .* put back a sound copy, or move it away"):
        store.name_images({"a": A})
    assert (store.root / "index.json").read_text() == '{"manifests": ['


def test_the_known_names_follow_the_file(store: LayoutWriter) -> None:
    reader = LayoutReader.open(store.root)
    for number in range(20):
        digest = blob(str(number))[0].digest
        store.name_images({"a": Descriptor(OCI_MANIFEST, digest, 1000)})
        found = reader.named("a")
        assert found is not None and found.digest == digest
    (store.root / "index.json").unlink()
    with pytest.raises(StoreError, match="cannot read: No such file"):
        reader.named("a")


# Several at once


def test_eight_processes_that_name_at_once_lose_none(tmp_path: Path) -> None:
    def work(number: int) -> None:
        store = LayoutWriter.create(tmp_path)
        for turn in range(10):
            store.name_images({f"docker.io/library/i{number}:{turn}": A})

    run_all([partial(work, number) for number in range(8)])
    found = names_of(LayoutReader.open(tmp_path))
    assert sorted(found) == sorted(
        f"docker.io/library/i{n}:{t}" for n in range(8) for t in range(10)
    )


def test_two_processes_that_want_one_blob_write_it_once(tmp_path: Path) -> None:
    descriptor, raw = blob("large", 2_000_000)
    told, tell = os.pipe()

    def work() -> None:
        written = bring(LayoutWriter.create(tmp_path), descriptor, raw, 50_000)
        os.write(tell, f"{written}\n".encode())

    run_all([work, work])
    os.close(tell)
    with os.fdopen(told) as answers:
        assert sorted(map(int, answers)) == [0, 2_000_000]
    assert LayoutReader.open(tmp_path).read_blob(descriptor) == raw


def test_eight_processes_that_fetch_overlapping_images_lose_none(tmp_path: Path) -> None:
    labels = [f"image{number}" for number in range(4)]

    def work(label: str) -> None:
        bring_image(LayoutWriter.create(tmp_path), image(label))

    run_all([partial(work, label) for label in labels * 2])
    assert sorted(names_of(LayoutReader.open(tmp_path))) == [
        f"docker.io/library/{label}:1" for label in labels
    ]


def test_a_reader_sees_every_state_and_none_between(tmp_path: Path) -> None:
    store = LayoutWriter.create(tmp_path)
    done = threading.Event()

    def write() -> None:
        for number in range(150):
            store.name_images({"a": A, f"n{number}": B})
        done.set()

    reader, seen = LayoutReader.open(tmp_path), 0
    writing = threading.Thread(target=write)
    writing.start()
    while not done.is_set():
        names = names_of(reader)
        assert len(names) >= seen and (not names or names["a"] == A.digest)
        seen = len(names)
    writing.join()
    assert len(names_of(reader)) == 151


def hold_lock(path: Path) -> Callable[[], None]:
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    fcntl.flock(file, fcntl.LOCK_EX)
    return partial(os.close, file)


def test_reading_needs_no_lock(store: LayoutWriter) -> None:
    contents = image("a")
    bring_image(store, contents)
    locked, _ = blob("half")
    release = hold_lock(store.root / ".prewarm" / "index.lock")
    with store.ingest(locked):
        reader = LayoutReader.open(store.root)
        (entry,) = reader.read_entries()
        assert reader.named(entry.name) == entry.descriptor
        assert reader.read_manifest(entry.descriptor).raw == contents.blobs[entry.descriptor.digest]
        assert not reader.has(locked)
    release()


def test_a_writer_waits_for_another(store: LayoutWriter) -> None:
    release = hold_lock(store.root / ".prewarm" / "index.lock")
    waiting = threading.Thread(target=store.name_images, args=({"a": A},))
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive() and names_of(store) == {}
    release()
    waiting.join()
    assert names_of(store) == {"a": A.digest}


def test_a_writer_does_not_wait_for_ever(
    store: LayoutWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "INDEX_PATIENCE", 0.05)
    with exclusive(store.root / ".prewarm" / "index.lock", 1), pytest.raises(StoreError) as caught:
        store.name_images({"a": A})
    assert f"process {os.getpid()} has held this lock" in str(caught.value)
    assert "wait for it to end, or end it" in str(caught.value)
