"""What is held of one image, and whether that is whole."""

from __future__ import annotations

import json
import time

import pytest

from prewarm.demo.images import Contents, Image, Layer, build
from prewarm.layout import Image as Held
from prewarm.layout import LayoutWriter, read_image
from prewarm.oci import OCI_INDEX, Descriptor, digest_of, parse_manifest
from tests.fake_registry.documents import manifest_of

from .samples import bring, bring_image, image

NAME = "docker.io/library/a:1"


def held(store: LayoutWriter, name: str = NAME) -> Held:
    descriptor = store.named(name)
    assert descriptor is not None
    return read_image(store, descriptor)


def lose(store: LayoutWriter, digest: str) -> None:
    store.blob_path(digest).unlink()


def children(contents: Contents, digest: str) -> list[Descriptor]:
    return list(parse_manifest(contents.blobs[digest]).children)


def test_a_plain_image_is_whole(store: LayoutWriter) -> None:
    contents = image("a")
    bring_image(store, contents)
    found = held(store)
    assert found.whole and found.problems == ()
    assert [d.digest for d in found.manifests] == [contents.names[NAME].digest]
    assert len(found.blobs) == 3 and found.platforms == ()
    assert found.size == sum(map(len, contents.blobs.values()))


@pytest.mark.parametrize("number", [0, 1, 2])
def test_an_image_that_misses_a_blob_is_not_whole(store: LayoutWriter, number: int) -> None:
    contents = image("a")
    bring_image(store, contents)
    digest = children(contents, contents.names[NAME].digest)[number].digest
    lose(store, digest)
    assert held(store).problems == (f"{digest} is missing or has the wrong size",)
    store.blob_path(digest).write_bytes(b"short")
    assert held(store).problems == (f"{digest} is missing or has the wrong size",)


@pytest.mark.parametrize("change", ["lost", "damaged", "no manifest"])
def test_a_root_that_cannot_be_read_is_told(store: LayoutWriter, change: str) -> None:
    contents = image("a")
    bring_image(store, contents)
    root = contents.names[NAME]
    path = store.blob_path(root.digest)
    path.chmod(0o644)
    if change == "lost":
        path.unlink()
    elif change == "damaged":
        path.write_bytes(b"?" * root.size)
    else:
        raw = b"no JSON"
        descriptor = Descriptor("", digest_of(raw), len(raw))
        bring(store, descriptor, raw)
        store.name_images({NAME: descriptor})
    found = held(store)
    assert not found.whole and len(found.problems) == 1
    assert (found.manifests, found.blobs, found.size) == ((), (), 0)


def test_of_an_index_any_platform_is_enough(store: LayoutWriter) -> None:
    contents = image("a", "linux/amd64", "linux/arm64", "linux/arm/v7")
    bring_image(store, contents)
    root = contents.names[NAME].digest
    assert [str(p) for p in held(store).platforms] == [
        "linux/amd64",
        "linux/arm64",
        "linux/arm/v7",
    ]
    entries = children(contents, root)
    for entry in entries[:2]:
        lose(store, entry.digest)
    found = held(store)
    assert found.whole and [str(p) for p in found.platforms] == ["linux/arm/v7"]
    assert [d.digest for d in found.manifests] == [entries[2].digest, root]
    lose(store, entries[2].digest)
    assert held(store).problems == ("no platform of the index is held",)


def test_a_platform_that_is_held_must_be_whole(store: LayoutWriter) -> None:
    contents = image("a", "linux/amd64", "linux/arm64")
    bring_image(store, contents)
    first = children(contents, contents.names[NAME].digest)[0]
    layer = children(contents, first.digest)[1]
    lose(store, layer.digest)
    assert held(store).problems == (f"{layer.digest} is missing or has the wrong size",)
    path = store.blob_path(first.digest)
    path.chmod(0o644)
    path.write_bytes(b"?" * first.size)
    assert not held(store).whole


def test_attestations_are_no_platform(store: LayoutWriter) -> None:
    contents = build([Image("a:1", attested=True)])
    bring_image(store, contents)
    found = held(store)
    assert found.whole and [str(p) for p in found.platforms] == ["linux/amd64"]
    assert len(found.manifests) == 3


def test_foreign_layers_need_not_be_held(store: LayoutWriter) -> None:
    layers = (Layer("ours"), Layer("windows", urls=("https://layers.example/1",)))
    bring_image(store, build([Image("a:1", layers)]))
    found = held(store)
    assert found.whole and len(found.blobs) == 2


def nest(store: LayoutWriter, inner: Descriptor, times: int, copies: int = 1) -> Descriptor:
    """An index in an index, and so on; each lists the next one `copies` times."""
    for _ in range(times):
        entry = {"mediaType": inner.media_type, "digest": inner.digest, "size": inner.size}
        raw = json.dumps({"schemaVersion": 2, "manifests": [entry] * copies}).encode()
        inner = Descriptor(OCI_INDEX, digest_of(raw), len(raw))
        bring(store, inner, raw, len(raw))
    store.name_images({NAME: inner})
    return inner


@pytest.mark.parametrize(("depth", "whole"), [(1, True), (3, True), (4, False)])
def test_indexes_in_indexes_are_followed_so_far(
    store: LayoutWriter, depth: int, whole: bool
) -> None:
    contents = image("a")
    bring_image(store, contents)
    nest(store, contents.names[NAME], depth)
    found = held(store)
    assert found.whole is whole
    assert whole or "nested too deeply" in found.problems[0]


def test_an_index_that_lists_one_thing_thousands_of_times_costs_no_time(
    store: LayoutWriter,
) -> None:
    contents = image("a")
    bring_image(store, contents)
    nest(store, contents.names[NAME], 3, copies=10_000)
    began = time.monotonic()
    assert held(store).whole
    assert time.monotonic() - began < 5


def test_many_layers_are_one_problem_each(store: LayoutWriter) -> None:
    raw = manifest_of(5000)
    descriptor = Descriptor("", digest_of(raw), len(raw))
    bring(store, descriptor, raw, len(raw))
    store.name_images({NAME: descriptor})
    assert len(held(store).problems) == 5001
