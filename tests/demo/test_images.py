from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import tarfile
from typing import Any

import pytest

from prewarm.demo.images import Contents, Image, Layer, build
from prewarm.oci import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Index,
    Manifest,
    digest_of,
    parse_manifest,
)

BASE, APP = Layer("base", 5000), Layer("app", 300)
BOTH = ("linux/amd64", "linux/arm64")


def read(contents: Contents, name: str) -> Manifest | Index:
    descriptor = contents.names[name]
    return parse_manifest(contents.blobs[descriptor.digest], descriptor.media_type)


def manifests(contents: Contents, name: str) -> list[Manifest]:
    document = read(contents, name)
    if isinstance(document, Manifest):
        return [document]
    children = [parse_manifest(contents.blobs[child.digest]) for child in document.manifests]
    return [child for child in children if isinstance(child, Manifest)]


def config_of(contents: Contents, manifest: Manifest) -> dict[str, Any]:
    config: dict[str, Any] = json.loads(contents.blobs[manifest.config.digest])
    return config


@pytest.mark.parametrize(
    ("image", "media_type"),
    [
        (Image("x:1"), OCI_MANIFEST),
        (Image("x:1", docker=True), DOCKER_MANIFEST),
        (Image("x:1", platforms=BOTH), OCI_INDEX),
        (Image("x:1", platforms=BOTH, docker=True), DOCKER_LIST),
        (Image("x:1", indexed=True), OCI_INDEX),
        (Image("x:1", attested=True), OCI_INDEX),
    ],
)
def test_an_image_takes_the_form_that_was_declared(image: Image, media_type: str) -> None:
    assert build([image]).names["docker.io/library/x:1"].media_type == media_type


def test_every_byte_has_the_digest_and_the_size_that_are_said_of_it() -> None:
    name = "docker.io/library/x:1"
    contents = build([Image(name, (BASE, APP), BOTH, attested=True)])
    assert all(digest == digest_of(raw) for digest, raw in contents.blobs.items())
    index = read(contents, name)
    said = [*index.children, *(child for m in manifests(contents, name) for child in m.children)]
    assert {d.digest for d in said} | {digest_of(index.raw)} == set(contents.blobs)
    assert all(len(contents.blobs[d.digest]) == d.size for d in said)


@pytest.mark.parametrize("docker", [False, True])
def test_a_layer_is_an_archive_whose_tar_the_config_names(docker: bool) -> None:
    contents = build([Image("x:1", (BASE, APP), docker=docker)])
    (manifest,) = manifests(contents, "docker.io/library/x:1")
    plain = [gzip.decompress(contents.blobs[layer.digest]) for layer in manifest.layers]
    config = config_of(contents, manifest)
    assert config["rootfs"]["diff_ids"] == [digest_of(raw) for raw in plain]
    assert (config["os"], config["architecture"]) == ("linux", "amd64")
    assert len(config["history"]) == 2
    with tarfile.open(fileobj=io.BytesIO(plain[0])) as tar:
        files = [member for member in tar.getmembers() if member.isfile()]
    assert len(files) == 3
    assert sum(member.size for member in files) == BASE.size


@pytest.mark.parametrize("size", [0, 1, 2, 100_000])
def test_a_layer_travels_at_its_size_since_nothing_compresses_it(size: int) -> None:
    contents = build([Image("x:1", (Layer("l", size),))])
    (manifest,) = manifests(contents, "docker.io/library/x:1")
    assert size <= manifest.layers[0].size <= size + 1000


def test_images_share_the_layers_they_name_alike_on_one_platform() -> None:
    contents = build(
        [
            Image("one:1", (BASE, APP), BOTH),
            Image("quay.io/two/two:1", (BASE, Layer("other"))),
        ]
    )
    amd64, arm64 = manifests(contents, "docker.io/library/one:1")
    (two,) = manifests(contents, "quay.io/two/two:1")
    assert two.layers[0] == amd64.layers[0] != arm64.layers[0]
    assert two.layers[1] not in (amd64.layers[1], arm64.layers[1])


def test_the_platform_stands_in_the_index_and_in_the_config() -> None:
    contents = build([Image("x:1", platforms=("linux/arm/v7", "linux/amd64"))])
    index = read(contents, "docker.io/library/x:1")
    assert [str(child.platform) for child in index.children] == ["linux/arm/v7", "linux/amd64"]
    assert config_of(contents, manifests(contents, "docker.io/library/x:1")[0])["variant"] == "v7"


def test_an_attestation_names_the_manifest_it_is_about() -> None:
    contents = build([Image("x:1", platforms=BOTH, attested=True)])
    index = read(contents, "docker.io/library/x:1")
    entries = json.loads(index.raw)["manifests"]
    assert [child.is_attestation for child in index.children] == [False, False, True, True]
    assert [e["annotations"]["vnd.docker.reference.digest"] for e in entries[2:]] == [
        child.digest for child in index.children[:2]
    ]


def test_a_foreign_layer_is_named_and_not_held() -> None:
    contents = build([Image("x:1", (Layer("windows", urls=("https://example.com/l",)), APP))])
    (manifest,) = manifests(contents, "docker.io/library/x:1")
    foreign, own = manifest.layers
    assert foreign.foreign and foreign.urls == ("https://example.com/l",)
    assert foreign.digest not in contents.blobs and own.digest in contents.blobs


def test_a_repository_answers_for_its_own_images_alone() -> None:
    contents = build([Image("one:1", (BASE,), BOTH), Image("two:1", (APP,))])
    one = contents.repositories["docker.io/library/one"]
    two = contents.repositories["docker.io/library/two"]
    assert len(one.manifests) == 3 and len(one.blobs) == 4 and list(one.tags) == ["1"]
    assert not one.blobs & two.blobs


def test_a_tag_moves_and_what_it_left_can_still_be_had_by_digest() -> None:
    contents = build([Image("x:1", (BASE,)), Image("y:1", (APP,))])
    old = contents.names["docker.io/library/x:1"]
    new = contents.names["docker.io/library/y:1"]
    contents.publish("x:1", new.media_type, contents.blobs[new.digest])
    repository = contents.repositories["docker.io/library/x"]
    assert contents.names["docker.io/library/x:1"] == repository.tags["1"]
    assert repository.tags["1"].digest == new.digest
    assert set(repository.manifests) == {old.digest, new.digest}
    assert set(repository.blobs) >= contents.repositories["docker.io/library/y"].blobs


def test_a_document_that_is_none_can_be_published() -> None:
    contents = Contents()
    contents.publish("x:1", OCI_MANIFEST, b"no JSON")
    assert contents.blobs[contents.names["docker.io/library/x:1"].digest] == b"no JSON"


def test_another_process_at_another_time_makes_the_same_images() -> None:
    made = (
        "import time; time.time = lambda: 1e9\n"
        "from prewarm.demo.images import Image, Layer, build\n"
        "print(build([Image('x:1', (Layer('base', 5000),),"
        " ('linux/amd64', 'linux/arm64'))]).names['docker.io/library/x:1'].digest)"
    )
    there = subprocess.run([sys.executable, "-c", made], capture_output=True, check=True, text=True)
    here = build([Image("x:1", (BASE,), BOTH)]).names["docker.io/library/x:1"].digest
    assert there.stdout.strip() == here


def test_labels_make_different_bytes() -> None:
    contents = build([Image("x:1", tuple(Layer(f"l{n}", 64) for n in range(50)))])
    (manifest,) = manifests(contents, "docker.io/library/x:1")
    assert len({layer.digest for layer in manifest.layers}) == 50
