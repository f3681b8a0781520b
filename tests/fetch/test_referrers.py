"""Signatures, SBOMs and attestations: found by API or tag, brought in, served, never believed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from prewarm.demo.images import Image, Layer, build
from prewarm.fetch.referrers import tag_of
from prewarm.layout import LayoutReader
from prewarm.oci import Descriptor
from prewarm.request import Repository
from prewarm.serve.catalogue import Catalogue
from tests.fake_registry import FakeRegistry, Fault
from tests.fetch.artifacts import (
    SBOM,
    SIGNATURE,
    attach,
    by_digest,
    list_under_tag,
    platforms_of,
    tag_for,
)
from tests.fetch.running import named, run, settings

APP = "docker.io/library/app"


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    image = Image(f"{APP}:1", (Layer("base", 5000),), ("linux/amd64", "linux/arm64"), attested=True)
    with FakeRegistry(build([image]), host="docker.io") as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "prewarm.toml").write_text(settings(registry.url))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def root(registry: FakeRegistry) -> Descriptor:
    return registry.contents.names[f"{APP}:1"]


@pytest.fixture
def amd64(registry: FakeRegistry, root: Descriptor) -> Descriptor:
    return platforms_of(registry.contents, root)[0]


def without_api(registry: FakeRegistry) -> None:
    registry.fault("GET", "/referrers/", Fault.status(404))


def test_without_the_option_nobody_is_asked_for_referrers(
    folder: Path, registry: FakeRegistry, root: Descriptor
) -> None:
    attach(registry.contents, APP, SBOM, root)
    run("fetch", "app:1")
    assert set(named(folder)) == {f"{APP}:1"}
    assert registry.count(path="referrers|sha256-") == 0


def test_referrers_of_root_and_platform_come_with_the_image(
    folder: Path, registry: FakeRegistry, root: Descriptor, amd64: Descriptor
) -> None:
    sbom = attach(registry.contents, APP, SBOM, root)
    empty = attach(registry.contents, APP, "empty", amd64)
    arm64 = attach(registry.contents, APP, SBOM, platforms_of(registry.contents, root)[1])
    done = run("fetch", "app:1", "--referrers")
    assert done.exit_code == 0, done.output
    names = named(folder)
    assert set(names) == {f"{APP}:1", by_digest(APP, sbom), by_digest(APP, empty)}
    assert by_digest(APP, arm64) not in names
    store = LayoutReader(folder / "store")
    for descriptor in (sbom, empty):
        assert store.read_blob(descriptor) == registry.contents.blobs[descriptor.digest]


@pytest.mark.parametrize("suffix", [".sig", ".att", ".sbom"])
def test_cosigns_tags_are_kept_as_tags_and_by_digest(
    folder: Path, registry: FakeRegistry, amd64: Descriptor, suffix: str
) -> None:
    tag = tag_for(amd64, suffix)
    signature = attach(registry.contents, APP, SIGNATURE, None, tag)
    assert run("fetch", "app:1", "--referrers").exit_code == 0
    names = named(folder)
    assert names[f"{APP}:{tag}"] == names[by_digest(APP, signature)] == signature.digest


def test_a_registry_without_the_api_lists_them_under_a_tag(
    folder: Path, registry: FakeRegistry, root: Descriptor
) -> None:
    without_api(registry)
    sbom = attach(registry.contents, APP, SBOM, root)
    listed = list_under_tag(registry.contents, APP, root, [sbom])
    assert run("fetch", "app:1", "--referrers").exit_code == 0
    names = named(folder)
    assert names[f"{APP}:{tag_for(root)}"] == listed.digest
    assert by_digest(APP, sbom) in names


def test_with_the_api_the_tag_in_its_place_is_not_asked_for(
    folder: Path, registry: FakeRegistry, root: Descriptor
) -> None:
    run("fetch", "app:1", "--referrers")
    assert registry.count(path=f"manifests/{tag_for(root)}$") == 0
    assert registry.count(path="/referrers/") == 2


def test_an_index_that_lists_nothing_is_nothing(
    folder: Path, registry: FakeRegistry, root: Descriptor
) -> None:
    without_api(registry)
    list_under_tag(registry.contents, APP, root, [])
    done = run("fetch", "app:1", "--referrers")
    assert done.exit_code == 0, done.output
    assert set(named(folder)) == {f"{APP}:1"}


def test_referrers_of_referrers_come_to_the_third_level(
    folder: Path, registry: FakeRegistry, root: Descriptor
) -> None:
    chain = [root]
    for kind in ("first", "second", "third", "fourth"):
        chain.append(attach(registry.contents, APP, kind, chain[-1]))
    run("fetch", "app:1", "--referrers")
    assert set(named(folder)) == {f"{APP}:1", *(by_digest(APP, d) for d in chain[1:4])}


def test_a_second_time_costs_no_manifest_and_no_blob(
    folder: Path, registry: FakeRegistry, root: Descriptor
) -> None:
    without_api(registry)
    sbom = attach(registry.contents, APP, SBOM, root)
    list_under_tag(registry.contents, APP, root, [sbom])
    attach(registry.contents, APP, SIGNATURE, None, tag_for(root, ".sig"))
    run("fetch", "app:1", "--referrers")
    registry.requests.clear()
    assert run("fetch", "app:1", "--referrers").exit_code == 0
    assert registry.requests
    assert registry.count("GET", "manifests|blobs") == 0


def test_an_error_spoils_the_referrers_and_not_the_image(
    folder: Path, registry: FakeRegistry, root: Descriptor
) -> None:
    sbom = attach(registry.contents, APP, SBOM, root)
    registry.fault("GET", f"/referrers/{root.digest}", Fault.status(403))
    done = run("fetch", "app:1", "--referrers", "--format", "json")
    assert done.exit_code == 3
    assert "forbids it" in done.stderr
    states = {i["reference"]: i["phase"] for i in json.loads(done.stdout)["images"]}
    assert states == {f"{APP}:1": None, f"{APP}@{root.digest}": "referrers"}
    assert by_digest(APP, sbom) not in named(folder)


def test_an_artifact_that_lies_is_not_kept(
    folder: Path, registry: FakeRegistry, root: Descriptor
) -> None:
    sbom = attach(registry.contents, APP, SBOM, root)
    registry.contents.blobs[sbom.digest] += b" "
    assert run("fetch", "app:1", "--referrers").exit_code == 3
    assert set(named(folder)) == {f"{APP}:1"}


def test_what_was_fetched_is_served_by_digest_and_by_tag(
    folder: Path, registry: FakeRegistry, root: Descriptor
) -> None:
    without_api(registry)
    empty = attach(registry.contents, APP, "empty", root)
    index = list_under_tag(registry.contents, APP, root, [empty])
    signature = attach(registry.contents, APP, SIGNATURE, None, tag_for(root, ".sig"))
    run("fetch", "app:1", "--referrers")
    catalogue = Catalogue(LayoutReader(folder / "store"))
    repository = Repository("docker.io", "library/app")
    for asked, expected in (
        (empty.digest, empty),
        (tag_for(root), index),
        (tag_for(root, ".sig"), signature),
        (signature.digest, signature),
    ):
        found = catalogue.manifest(repository, asked)
        assert found is not None, asked
        assert found[0].digest == expected.digest
        assert found[1].raw == registry.contents.blobs[expected.digest]
        assert all(
            child.digest == empty.digest or catalogue.blob(repository, child.digest)
            for child in found[1].children
        )


@pytest.mark.parametrize(
    ("digest", "tag"),
    [
        ("sha256:" + "ab" * 32, "sha256-" + "ab" * 32),
        ("sha512:" + "ab" * 64, "sha512-" + "ab" * 32),
    ],
)
def test_the_tag_of_a_digest_is_short_enough(digest: str, tag: str) -> None:
    assert tag_of(digest) == tag
