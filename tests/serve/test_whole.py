"""An image is served only if all that is held of it is sound; the rest is 404, and heals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from prewarm.demo.images import Contents, Image, Layer, build
from prewarm.layout import LayoutReader, LayoutWriter
from prewarm.oci import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Descriptor, digest_of
from tests.serve.asking import Mirror
from tests.serve.stores import (
    children_of,
    entry,
    hold,
    hold_image,
    hold_index,
    manifest_of,
    write_store,
)

NAME = "quay.io/org/app:1"
BOTH = ("linux/amd64", "linux/arm64")
Parts = tuple[str, ...]


def status_of(mirror: Mirror, reference: str) -> int:
    return mirror.ask(f"/v2/quay.io/org/app/manifests/{reference}").status


def behind(contents: Contents, manifest: Descriptor) -> Parts:
    """The digests of a manifest and all its blobs."""
    return manifest.digest, *(child.digest for child in children_of(contents, manifest))


def remove(store: LayoutReader, digest: str) -> None:
    store.blob_path(digest).unlink()


def cut(store: LayoutReader, digest: str) -> None:
    path = store.blob_path(digest)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1])


def lengthen(store: LayoutReader, digest: str) -> None:
    path = store.blob_path(digest)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"x")


def make_a_folder_of(store: LayoutReader, digest: str) -> None:
    path = store.blob_path(digest)
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [remove, cut, lengthen, make_a_folder_of])
@pytest.mark.parametrize("part", [0, 1, 2, 3], ids=["manifest", "config", "layer", "last layer"])
@pytest.mark.parametrize("asked_before", [False, True])
def test_an_image_with_a_damaged_part_is_404(
    tmp_path: Path,
    damage: Callable[[LayoutReader, str], None],
    part: int,
    asked_before: bool,
) -> None:
    contents = build([Image(NAME, (Layer("base"), Layer("app")))])
    store = write_store(tmp_path / "store", contents)
    mirror = Mirror(store)
    root = contents.names[NAME]
    digests = behind(contents, root)
    if asked_before:
        assert status_of(mirror, "1") == 200
    damage(store, digests[part])
    assert status_of(mirror, "1") == status_of(mirror, root.digest) == 404
    assert mirror.ask("/v2/quay.io/org/app/tags/list").document["tags"] == []
    if part > 0:
        blob = f"/v2/quay.io/org/app/blobs/{digests[part]}"
        assert mirror.ask(blob).status == mirror.ask(blob, "HEAD").status == 404


def test_what_is_put_back_is_served_again(tmp_path: Path) -> None:
    contents = build([Image(NAME)])
    store = write_store(tmp_path / "store", contents)
    mirror = Mirror(store)
    _, _, layer = behind(contents, contents.names[NAME])
    remove(store, layer)
    assert status_of(mirror, "1") == 404
    write_store(tmp_path / "store", contents)
    assert status_of(mirror, "1") == 200


def test_a_manifest_whose_bytes_are_wrong_is_404(tmp_path: Path) -> None:
    contents = build([Image(NAME)])
    store = write_store(tmp_path / "store", contents)
    path = store.blob_path(contents.names[NAME].digest)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().swapcase())
    mirror = Mirror(store)
    assert status_of(mirror, "1") == status_of(mirror, contents.names[NAME].digest) == 404


@pytest.mark.parametrize("attested", [False, True])
def test_an_index_of_which_some_platforms_are_held_is_served(
    tmp_path: Path, attested: bool
) -> None:
    contents = build([Image(NAME, platforms=BOTH, attested=attested)])
    root = contents.names[NAME]
    amd64, arm64, *attestations = children_of(contents, root)
    absent = {*behind(contents, arm64), *(a.digest for a in attestations[1:])}
    mirror = Mirror(write_store(tmp_path / "store", contents, without=absent))
    answer = mirror.ask("/v2/quay.io/org/app/manifests/1")
    assert (answer.status, answer.body) == (200, contents.blobs[root.digest])
    assert status_of(mirror, amd64.digest) == 200
    assert status_of(mirror, arm64.digest) == 404
    for digest in behind(contents, arm64)[1:]:
        assert mirror.ask(f"/v2/quay.io/org/app/blobs/{digest}").status == 404


@pytest.mark.parametrize("part", [1, 2], ids=["config", "layer"])
def test_an_index_with_a_broken_platform_is_404_and_its_sound_platform_is_not(
    tmp_path: Path, part: int
) -> None:
    contents = build([Image(NAME, platforms=BOTH)])
    root = contents.names[NAME]
    amd64, arm64 = children_of(contents, root)
    store = write_store(tmp_path / "store", contents, without={behind(contents, arm64)[part]})
    mirror = Mirror(store)
    assert status_of(mirror, "1") == status_of(mirror, root.digest) == 404
    assert status_of(mirror, arm64.digest) == 404
    assert status_of(mirror, amd64.digest) == 200


@pytest.mark.parametrize("damage", [cut, lengthen])
def test_an_index_with_a_damaged_manifest_is_404(
    tmp_path: Path, damage: Callable[[LayoutReader, str], None]
) -> None:
    contents = build([Image(NAME, platforms=BOTH)])
    _, arm64 = children_of(contents, contents.names[NAME])
    store = write_store(tmp_path / "store", contents)
    damage(store, arm64.digest)
    assert status_of(Mirror(store), "1") == 404


@pytest.mark.parametrize("attested", [False, True])
def test_an_index_of_which_no_image_is_held_is_404(tmp_path: Path, attested: bool) -> None:
    contents = build([Image(NAME, platforms=BOTH, attested=attested)])
    amd64, arm64, *attestations = children_of(contents, contents.names[NAME])
    absent = {*behind(contents, amd64), *behind(contents, arm64)}
    mirror = Mirror(write_store(tmp_path / "store", contents, without=absent))
    assert status_of(mirror, "1") == 404
    assert all(status_of(mirror, a.digest) == 200 for a in attestations)


def test_an_index_with_a_broken_attestation_is_404(tmp_path: Path) -> None:
    contents = build([Image(NAME, platforms=BOTH, attested=True)])
    *_, attestation = children_of(contents, contents.names[NAME])
    absent = behind(contents, attestation)[-1]
    mirror = Mirror(write_store(tmp_path / "store", contents, without={absent}))
    assert status_of(mirror, "1") == status_of(mirror, attestation.digest) == 404


@pytest.mark.parametrize("docker", [False, True])
def test_a_foreign_layer_may_be_missing(tmp_path: Path, docker: bool) -> None:
    windows = Layer("windows", urls=("https://example.com/layer",))
    contents = build([Image(NAME, (windows, Layer("app")), ("windows/amd64",), docker=docker)])
    foreign, own = manifest_of(contents, contents.names[NAME]).layers
    store = write_store(tmp_path / "store", contents)
    mirror = Mirror(store)
    assert status_of(mirror, "1") == 200
    assert mirror.ask(f"/v2/quay.io/org/app/blobs/{foreign.digest}").status == 404
    remove(store, own.digest)
    assert status_of(mirror, "1") == 404


def test_a_foreign_layer_that_is_held_is_served(tmp_path: Path) -> None:
    windows = Layer("windows", urls=("https://example.com/layer",))
    contents = build([Image(NAME, (windows,))])
    plain = build([Image("x:1", (Layer("windows"),))])
    store = write_store(tmp_path / "store", contents)
    write_store(store.root, plain)
    (foreign,) = manifest_of(contents, contents.names[NAME]).layers
    body = Mirror(store).ask(f"/v2/quay.io/org/app/blobs/{foreign.digest}").body
    assert digest_of(body) == foreign.digest


def test_an_index_of_indexes(tmp_path: Path) -> None:
    contents = Contents()
    image = hold_image(contents, b"layer")
    inner = hold_index(contents, [image])
    contents.names[NAME] = hold_index(contents, [inner])
    store = write_store(tmp_path / "store", contents)
    mirror = Mirror(store)
    for reference in ("1", inner.digest, image.digest):
        assert status_of(mirror, reference) == 200
    layer = f"/v2/quay.io/org/app/blobs/{digest_of(b'layer')}"
    assert mirror.ask(layer).body == b"layer"
    remove(store, digest_of(b"layer"))
    for reference in ("1", inner.digest, image.digest):
        assert status_of(mirror, reference) == 404


def test_an_index_that_lists_the_same_a_thousand_times_is_read_once(tmp_path: Path) -> None:
    """Each level alone multiplies the one below: unchecked, one request would never end."""
    contents = Contents()
    image = hold_image(contents, b"layer")
    inner = hold_index(contents, [image] * 1000)
    outer = hold_index(contents, [inner] * 1000)
    contents.names[NAME] = hold_index(contents, [outer] * 1000)
    mirror = Mirror(write_store(tmp_path / "store", contents))
    assert status_of(mirror, "1") == status_of(mirror, image.digest) == 200
    assert status_of(mirror, f"sha256:{'0' * 64}") == 404
    assert mirror.ask(f"/v2/quay.io/org/app/blobs/sha256:{'0' * 64}").status == 404


def test_a_blob_that_one_image_gives_a_wrong_size_is_had_through_another(tmp_path: Path) -> None:
    contents = Contents()
    contents.names["quay.io/org/app:sound"] = hold_image(contents, b"layer")
    config = hold(contents, "application/vnd.oci.image.config.v1+json", b"{}")
    layer = {**entry(hold(contents, "", b"layer")), "size": 6}
    lie = {"schemaVersion": 2, "config": entry(config), "layers": [layer]}
    contents.names["quay.io/org/app:a-lie"] = hold(contents, OCI_MANIFEST, json.dumps(lie).encode())
    mirror = Mirror(write_store(tmp_path / "store", contents))
    assert status_of(mirror, "a-lie") == 404
    assert status_of(mirror, "sound") == 200
    assert mirror.ask(f"/v2/quay.io/org/app/blobs/{digest_of(b'layer')}").body == b"layer"


def test_an_image_that_one_index_gives_a_wrong_size_is_had_through_another(tmp_path: Path) -> None:
    contents = Contents()
    image = hold_image(contents, b"layer")
    lie = Descriptor(image.media_type, image.digest, image.size + 1)
    contents.names["quay.io/org/app:a-lie"] = hold_index(contents, [lie])
    contents.names["quay.io/org/app:sound"] = hold_index(contents, [image])
    mirror = Mirror(write_store(tmp_path / "store", contents))
    assert status_of(mirror, "a-lie") == 404
    assert status_of(mirror, "sound") == status_of(mirror, image.digest) == 200


@pytest.mark.parametrize(
    ("media_type", "raw"),
    [
        (OCI_MANIFEST, b"no JSON"),
        (OCI_MANIFEST, b"[]"),
        (OCI_MANIFEST, b"{}"),
        (OCI_MANIFEST, b'{"schemaVersion": 1, "fsLayers": []}'),
        (OCI_MANIFEST, json.dumps({"mediaType": OCI_INDEX, "manifests": []}).encode()),
        (OCI_INDEX, b'{"manifests": []}'),
        (OCI_INDEX, b'{"manifests": [{"digest": "sha256:../../../etc/passwd", "size": 1}]}'),
        ("text/html", b"<html>"),
    ],
)
def test_a_root_that_is_no_image_is_404(tmp_path: Path, media_type: str, raw: bytes) -> None:
    contents = build([Image("quay.io/org/app:sound")])
    contents.names[NAME] = hold(contents, media_type, raw)
    mirror = Mirror(write_store(tmp_path / "store", contents))
    assert status_of(mirror, "1") == status_of(mirror, contents.names[NAME].digest) == 404
    assert mirror.ask("/v2/quay.io/org/app/tags/list").document["tags"] == ["sound"]
    assert status_of(mirror, "sound") == 200


def test_a_root_whose_size_is_wrong_in_the_index_is_404(tmp_path: Path) -> None:
    contents = build([Image(NAME)])
    root = contents.names[NAME]
    contents.names[NAME] = Descriptor(root.media_type, root.digest, root.size + 1)
    assert status_of(Mirror(write_store(tmp_path / "store", contents)), "1") == 404


@pytest.mark.parametrize("stated", ["", "application/json"])
def test_a_manifest_has_the_media_type_that_it_says(tmp_path: Path, stated: str) -> None:
    contents = build([Image(NAME, docker=True)])
    root = contents.names[NAME]
    contents.names[NAME] = Descriptor(stated, root.digest, root.size)
    mirror = Mirror(write_store(tmp_path / "store", contents))
    answer = mirror.ask("/v2/quay.io/org/app/manifests/1")
    assert (answer.status, answer.headers["content-type"]) == (200, DOCKER_MANIFEST)


def test_a_manifest_without_a_media_type_has_that_of_its_descriptor(tmp_path: Path) -> None:
    contents = Contents()
    document = json.loads(contents.blobs[hold_image(contents, b"layer").digest])
    del document["mediaType"]
    contents.names[NAME] = hold(contents, OCI_MANIFEST, json.dumps(document).encode())
    answer = Mirror(write_store(tmp_path / "store", contents)).ask(
        "/v2/quay.io/org/app/manifests/1"
    )
    assert (answer.status, answer.headers["content-type"]) == (200, OCI_MANIFEST)


def test_a_pin_says_nothing_about_the_tag_beside_it(tmp_path: Path) -> None:
    contents = build([Image("quay.io/org/app:1", (Layer("new"),)), Image("x:1", (Layer("old"),))])
    new, old = contents.names[NAME], contents.names.pop("docker.io/library/x:1")
    contents.names[f"{NAME}@{old.digest}"] = old
    contents.names[f"quay.io/org/pinned:1@{old.digest}"] = old
    contents.names[f"quay.io/org/bare@{old.digest}"] = old
    mirror = Mirror(write_store(tmp_path / "store", contents))
    answer = mirror.ask("/v2/quay.io/org/app/manifests/1")
    assert answer.headers["docker-content-digest"] == new.digest
    for repository in ("app", "pinned", "bare"):
        by_digest = mirror.ask(f"/v2/quay.io/org/{repository}/manifests/{old.digest}")
        assert by_digest.status == 200
    assert mirror.ask("/v2/quay.io/org/pinned/manifests/1").status == 404
    assert mirror.ask("/v2/quay.io/org/pinned/tags/list").document["tags"] == []


def test_only_names_in_full_are_served(tmp_path: Path) -> None:
    contents = build([Image("nginx:1", (Layer("right"),)), Image("x:1", (Layer("other"),))])
    right, other = (
        contents.names["docker.io/library/nginx:1"],
        contents.names.pop("docker.io/library/x:1"),
    )
    for name in (
        "nginx:1",
        "library/nginx:1",
        "index.docker.io/library/nginx:1",
        "latest",
        "1",
        "…",
    ):
        contents.names[name] = other
    mirror = Mirror(write_store(tmp_path / "store", contents))
    answer = mirror.ask("/v2/library/nginx/manifests/1")
    assert answer.headers["docker-content-digest"] == right.digest
    assert mirror.ask("/v2/library/latest/manifests/latest").status == 404
    assert mirror.ask(f"/v2/library/nginx/manifests/{other.digest}").status == 404


def test_entries_of_other_tools_are_left_alone(tmp_path: Path) -> None:
    contents = build([Image(NAME)])
    store = write_store(tmp_path / "store", contents)
    index = store.read_index()
    root = entry(contents.names[NAME])
    index["manifests"] += [
        root,
        {**root, "annotations": {}},
        {**root, "annotations": {"org.opencontainers.image.ref.name": 7}},
        {
            **root,
            "digest": "blake3:00",
            "annotations": {"org.opencontainers.image.ref.name": "quay.io/org/app:2"},
        },
        "nonsense",
        None,
    ]
    (store.root / "index.json").write_text(json.dumps(index))
    mirror = Mirror(store)
    assert status_of(mirror, "1") == 200
    assert status_of(mirror, "2") == 404


def test_the_writer_is_no_part_of_what_serves(tmp_path: Path) -> None:
    store = write_store(tmp_path / "store", build([Image(NAME)]))
    assert isinstance(store, LayoutWriter)
    before = sorted(path for path in store.root.rglob("*"))
    mirror = Mirror(LayoutReader.open(store.root))
    for target in ("/v2/", "/v2/quay.io/org/app/manifests/1", "/v2/quay.io/org/app/tags/list"):
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            mirror.ask(target, method)
    assert sorted(path for path in store.root.rglob("*")) == before
