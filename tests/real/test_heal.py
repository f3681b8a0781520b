"""What the mirror cannot give soundly it does not give at all, and clients go upstream for it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .client import assert_holds
from .command import Prewarm
from .conftest import HEALING_CLIENTS, MakeClient
from .mirror import Mirror
from .samples import Sample, Upstreams

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def fetched(
    upstreams: Upstreams, samples: dict[str, Sample], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A store with two of the samples."""
    folder = tmp_path_factory.mktemp("fetched")
    prewarm = Prewarm(folder, upstreams.settings())
    prewarm.fetch(samples["web"].reference, samples["app"].reference).ok()
    yield prewarm.store
    shutil.rmtree(folder)


@pytest.fixture
def prewarm(fetched: Path, tmp_path: Path) -> Prewarm:
    """A copy of that store, to be damaged."""
    copy = Prewarm(tmp_path)
    shutil.copytree(fetched, copy.store)
    return copy


def _nothing(store: Path, sample: Sample) -> None:
    """The store holds the image."""


def _lose_a_layer(store: Path, sample: Sample) -> None:
    _layer(store, sample).unlink()


def _cut_a_layer(store: Path, sample: Sample) -> None:
    path = _layer(store, sample)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1])


def _lose_the_config(store: Path, sample: Sample) -> None:
    _blob(store, sample.image.config.digest).unlink()


def _change_the_manifest(store: Path, sample: Sample) -> None:
    path = _blob(store, sample.image.manifest.digest)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"linux", b"LINUX").replace(b"sha256", b"sha25x"))


@pytest.mark.parametrize("name", HEALING_CLIENTS)
@pytest.mark.parametrize("key", ["web", "app"])
@pytest.mark.parametrize(
    ("damage", "from_upstream"),
    [
        (_nothing, False),
        (_lose_a_layer, True),
        (_cut_a_layer, True),
        (_lose_the_config, True),
        (_change_the_manifest, True),
    ],
)
def test_a_damaged_image_comes_from_the_upstream(
    name: str,
    key: str,
    damage: Callable[[Path, Sample], None],
    from_upstream: bool,
    prewarm: Prewarm,
    upstreams: Upstreams,
    samples: dict[str, Sample],
    make_client: MakeClient,
) -> None:
    damage(prewarm.store, samples[key])
    mirror = Mirror(prewarm, prewarm.folder / "serve.log")
    try:
        client = make_client(name, mirror.address, upstreams.addresses())
        upstreams.forget()
        assert_holds(client.pull(samples[key].reference), samples[key])
        assert mirror.requests() != []
        assert (upstreams.requests() != []) == from_upstream
    finally:
        mirror.stop()


@pytest.mark.parametrize("name", HEALING_CLIENTS)
def test_an_image_that_was_never_fetched_comes_from_the_upstream(
    name: str,
    prewarm: Prewarm,
    upstreams: Upstreams,
    samples: dict[str, Sample],
    make_client: MakeClient,
) -> None:
    mirror = Mirror(prewarm, prewarm.folder / "serve.log")
    try:
        client = make_client(name, mirror.address, upstreams.addresses())
        assert_holds(client.pull(samples["other"].reference), samples["other"])
        assert {request.status for request in mirror.requests() if request.is_manifest} == {404}
    finally:
        mirror.stop()


def _layer(store: Path, sample: Sample) -> Path:
    return _blob(store, sample.image.layers[-1].blob.digest)


def _blob(store: Path, digest: str) -> Path:
    return store / "blobs/sha256" / digest.removeprefix("sha256:")
