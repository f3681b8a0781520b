"""Manifests, indexes, descriptors and platforms: what is read, and what is refused in words."""

from __future__ import annotations

import json
import platform as machine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewarm.errors import ContentError, UsageError
from prewarm.oci import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    MAX_CHILDREN,
    MAX_MANIFEST_SIZE,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Index,
    Manifest,
    Platform,
    digest_of,
    parse_manifest,
)
from tests.fake_registry.documents import NOT_JSON, SCHEMA_1, SCHEMA_1_TYPE, index_of, manifest_of

D = "sha256:" + "a" * 64
CONFIG = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": D, "size": 10}
LAYER = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": D, "size": 20}
IMAGE = {"schemaVersion": 2, "config": CONFIG, "layers": [LAYER]}
LIST = {"schemaVersion": 2, "manifests": [{**LAYER, "mediaType": OCI_MANIFEST}]}
SCHEMA_1_PLAIN = "application/vnd.docker.distribution.manifest.v1+json"


def raw(document: object) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("stated", "announced", "document", "kind"),
    [
        (OCI_MANIFEST, "", IMAGE, OCI_MANIFEST),
        (DOCKER_MANIFEST, "", IMAGE, DOCKER_MANIFEST),
        (OCI_INDEX, "", LIST, OCI_INDEX),
        (DOCKER_LIST, "", LIST, DOCKER_LIST),
        (None, "", IMAGE, OCI_MANIFEST),
        (None, "", LIST, OCI_INDEX),
        ("", "", IMAGE, OCI_MANIFEST),
        (None, DOCKER_MANIFEST, IMAGE, DOCKER_MANIFEST),
        (None, DOCKER_LIST, LIST, DOCKER_LIST),
        (None, "text/plain", IMAGE, OCI_MANIFEST),
        (None, "application/json", LIST, OCI_INDEX),
        (DOCKER_MANIFEST, DOCKER_MANIFEST, IMAGE, DOCKER_MANIFEST),
        (DOCKER_MANIFEST, "application/octet-stream", IMAGE, DOCKER_MANIFEST),
        (7, OCI_MANIFEST, IMAGE, OCI_MANIFEST),
    ],
)
def test_the_kind_is_what_the_document_or_else_the_outside_says(
    stated: object, announced: str, document: dict[str, Any], kind: str
) -> None:
    text = raw(document if stated is None else {**document, "mediaType": stated})
    found = parse_manifest(text, announced)
    assert found.media_type == kind
    assert found.raw is text
    assert isinstance(found, Index) is ("manifests" in document)


@pytest.mark.parametrize(
    ("document", "announced", "problem"),
    [
        ({**IMAGE, "mediaType": OCI_MANIFEST}, DOCKER_MANIFEST, "was announced as"),
        ({**LIST, "mediaType": OCI_INDEX}, OCI_MANIFEST, "was announced as"),
        (IMAGE, OCI_INDEX, "no list 'manifests'"),
        (LIST, OCI_MANIFEST, "its config is not a descriptor"),
        ({**IMAGE, **LIST}, "", "an index and a manifest at once"),
        ({**LIST, "layers": [LAYER]}, OCI_INDEX, "an index and a manifest at once"),
        ({**IMAGE, "mediaType": "application/vnd.oci.artifact.manifest.v1+json"}, "", "no cont"),
        ({**IMAGE, "mediaType": "x" * 9000}, "", "which is no container image"),
        ({**IMAGE, "schemaVersion": 1}, "", "schema 1"),
        ({"schemaVersion": 1}, "", "schema 1"),
        (IMAGE, SCHEMA_1_TYPE, "schema 1"),
        ({**IMAGE, "mediaType": SCHEMA_1_PLAIN}, OCI_MANIFEST, "schema 1"),
        ({}, "", "its config is not a descriptor"),
        ([], "", "not a JSON object"),
        ("x", "", "not a JSON object"),
        (None, "", "not a JSON object"),
        ({**IMAGE, "layers": None}, "", "no list 'layers'"),
        ({**IMAGE, "layers": {}}, "", "no list 'layers'"),
        ({**IMAGE, "layers": [LAYER, 7]}, "", "layers[1] is not a descriptor"),
        ({**IMAGE, "config": [CONFIG]}, "", "its config is not a descriptor"),
        ({**IMAGE, "config": {"size": 1}}, "", "its config has no valid digest"),
        ({**IMAGE, "config": {**CONFIG, "digest": 5}}, "", "no valid digest"),
        ({**IMAGE, "config": {**CONFIG, "digest": "sha256:../../etc"}}, "", "no valid digest"),
        ({**IMAGE, "config": {**CONFIG, "digest": D + "\n"}}, "", "no valid digest"),
        ({**IMAGE, "config": {**CONFIG, "size": "10"}}, "", "no valid size"),
        ({**IMAGE, "config": {**CONFIG, "size": 1.5}}, "", "no valid size"),
        ({**IMAGE, "config": {**CONFIG, "size": True}}, "", "no valid size"),
        ({**IMAGE, "config": {**CONFIG, "size": -1}}, "", "no valid size"),
        ({**LIST, "manifests": "all"}, OCI_INDEX, "no list 'manifests'"),
    ],
)
def test_a_document_that_is_none_is_refused_in_words(
    document: object, announced: str, problem: str
) -> None:
    with pytest.raises(ContentError) as caught:
        parse_manifest(raw(document), announced, "quay.io/a/b:1")
    assert str(caught.value).startswith("quay.io/a/b:1: ")
    assert problem in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (NOT_JSON, "not JSON"),
        (b"", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a":' * 100_000, "not JSON"),
        (b"1" * 5000, "not JSON"),
        (SCHEMA_1, "schema 1"),
        (b" " * (MAX_MANIFEST_SIZE + 1), "more than the 4194304 allowed"),
        (manifest_of(MAX_CHILDREN + 1), "10001 entries in 'layers'"),
        (index_of(MAX_CHILDREN + 1), "10001 entries in 'manifests'"),
        (manifest_of(100_000), "bytes, more than"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_bytes_that_are_no_manifest_are_refused_in_words(text: bytes, problem: str) -> None:
    with pytest.raises(ContentError, match=problem):
        parse_manifest(text)


def test_the_largest_manifest_is_read() -> None:
    found = parse_manifest(manifest_of(MAX_CHILDREN))
    assert isinstance(found, Manifest)
    assert len(found.layers) == MAX_CHILDREN == len(found.children) - 1
    assert found.children[0] == found.config


def test_a_descriptor_keeps_what_counts() -> None:
    platform = {"os": "Linux", "architecture": "ARM64", "variant": "V8", "os.version": "1"}
    entry = {**LAYER, "platform": platform, "urls": ["https://a.example/", 5], "annotations": {}}
    (found,) = parse_manifest(raw({"manifests": [entry]})).children
    assert found == Descriptor(
        str(LAYER["mediaType"]), D, 20, Platform("linux", "arm64"), ("https://a.example/",)
    )


@pytest.mark.parametrize(
    "value", [None, 7, [], {}, {"os": "linux"}, {"architecture": "amd64"}, {"os": 1}]
)
def test_a_platform_that_says_nothing_is_none(value: object) -> None:
    (found,) = parse_manifest(raw({"manifests": [{**LAYER, "platform": value}]})).children
    assert found.platform is None and not found.is_attestation


def test_what_is_an_attestation_and_what_is_foreign() -> None:
    unknown = {"os": "unknown", "architecture": "unknown"}
    (found,) = parse_manifest(raw({"manifests": [{**LAYER, "platform": unknown}]})).children
    assert found.is_attestation
    foreign = {
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip": True,
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd": True,
        "application/vnd.oci.image.layer.v1.tar+zstd": False,
        "": False,
    }
    for media_type, expected in foreign.items():
        assert Descriptor(media_type, D, 1).foreign is expected


def test_digests_are_of_the_algorithm_asked_for() -> None:
    assert digest_of(b"").startswith("sha256:e3b0c44298fc1c149afbf4c8996fb924")
    assert digest_of(b"", "sha512").startswith("sha512:cf83e1357eefb8bd")


PLATFORMS = """
linux/amd64      linux/amd64
Linux/AMD64      linux/amd64
linux/x86_64     linux/amd64
linux/x86-64     linux/amd64
linux/amd64/v1   linux/amd64
linux/amd64/v3   linux/amd64/v3
linux/aarch64    linux/arm64
linux/arm64/v8   linux/arm64
linux/arm64/8    linux/arm64
linux/arm64/v9   linux/arm64/v9
linux/arm        linux/arm/v7
linux/arm/7      linux/arm/v7
linux/arm/v6     linux/arm/v6
linux/armhf      linux/arm/v7
linux/armel      linux/arm/v6
linux/armv7l     linux/arm/v7
linux/i386       linux/386
linux/i686       linux/386
linux/s390x      linux/s390x
windows/amd64    windows/amd64
 linux/amd64     linux/amd64
"""


@pytest.mark.parametrize("line", PLATFORMS.strip("\n").splitlines())
def test_a_platform_has_one_spelling(line: str) -> None:
    written, meant = line[:17], line[17:]
    assert str(Platform.parse(written)) == meant
    assert Platform.parse(meant) == Platform.parse(written)


@pytest.mark.parametrize(
    "text", ["", "linux", "linux/", "/amd64", "linux//v7", "linux/arm/v7/x", "all", "/", "//"]
)
def test_what_is_no_platform_is_refused_in_words(text: str) -> None:
    with pytest.raises(UsageError, match="write os/architecture, for example linux/arm64"):
        Platform.parse(text)


@pytest.mark.parametrize(
    ("wanted", "runs"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3 linux/amd64/v2 linux/amd64"),
        ("linux/arm64", "linux/arm64"),
        ("linux/arm", "linux/arm/v7 linux/arm/v6 linux/arm/v5"),
        ("linux/arm/v8", "linux/arm/v8 linux/arm/v7 linux/arm/v6 linux/arm/v5"),
        ("linux/arm/v5", "linux/arm/v5"),
        ("linux/arm/vfp", "linux/arm/vfp"),
        ("linux/arm/v4", "linux/arm/v4"),
        ("linux/ppc64le/power9", "linux/ppc64le/power9"),
    ],
)
def test_a_processor_runs_what_its_elders_ran(wanted: str, runs: str) -> None:
    found = Platform.parse(wanted).satisfied_by()
    assert " ".join(map(str, found)) == runs


@pytest.mark.parametrize(
    ("name", "platform"),
    [
        ("x86_64", "linux/amd64"),
        ("AMD64", "linux/amd64"),
        ("aarch64", "linux/arm64"),
        ("arm64", "linux/arm64"),
        ("armv7l", "linux/arm/v7"),
        ("armv6l", "linux/arm/v6"),
        ("i686", "linux/386"),
        ("riscv64", "linux/riscv64"),
    ],
)
def test_this_machine_is_linux_on_its_architecture(
    name: str, platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "machine", lambda: name)
    assert str(Platform.of_this_machine()) == platform


WORDS = st.text("abcdefgxyz0123456789_-", min_size=1, max_size=8)


@given(WORDS, WORDS, st.one_of(st.just(""), WORDS, st.sampled_from(["v1", "v7", "v8", "8"])))
def test_a_platform_is_normalised_once(os: str, architecture: str, variant: str) -> None:
    once = Platform.normalised(os, architecture, variant)
    assert Platform.normalised(once.os, once.architecture, once.variant) == once
    assert Platform.parse(str(once)) == once
    assert once.satisfied_by()[0] == once


KEYS = ("mediaType", "schemaVersion", "config", "layers", "manifests", "digest", "size", "platform")
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=6,
        ),
    ),
    max_leaves=12,
)


@given(JSON, st.sampled_from(["", OCI_INDEX, OCI_MANIFEST, "text/html"]))
def test_any_json_is_a_manifest_or_a_clear_error(document: object, announced: str) -> None:
    try:
        parse_manifest(raw(document), announced)
    except ContentError as error:
        assert str(error).isprintable()
