"""Each client really asks the mirror that it is told to use: shown with a registry as the mirror.

Nothing of prewarm takes part. A failure here is one of the harness, or of the client.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .client import assert_holds
from .conftest import CLIENTS, HEALING_CLIENTS, MakeClient
from .dockerd import Dockerd
from .publish import publish
from .registry import Registry
from .samples import Sample

pytestmark = pytest.mark.real

BY_NAMESPACE = "containerd"
"""The client that tells the mirror which host it means by `?ns=`; the others do by the path."""


@pytest.fixture(scope="module")
def mirror(
    samples: dict[str, Sample], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Registry]:
    """A registry that holds each sample by its own path and below its host's name."""
    folder: Path = tmp_path_factory.mktemp("mirror")
    registry = Registry(folder).start()
    for key, sample in samples.items():
        paths = [f"{sample.host}/{sample.repository}"]
        if key != "other":  # its path is also that of `app`, on another host
            paths.append(sample.repository)
        for path in paths:
            publish(registry, path, sample.tag, sample.content, folder, docker=sample.docker)
    yield registry
    registry.stop()
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_pulls_everything_from_the_mirror(
    name: str, mirror: Registry, samples: dict[str, Sample], make_client: MakeClient
) -> None:
    client = make_client(name, mirror.address)
    for key, sample in samples.items():
        if name == BY_NAMESPACE and key == "other":
            continue  # a registry does not look at ns and would give out `app`
        if key == "zstd" and isinstance(client, Dockerd) and not client.unpacks_zstd:
            continue
        mirror.forget()
        assert_holds(client.pull(sample.reference), sample)
        asked = {request.path for request in mirror.requests() if request.is_manifest}
        assert f"/v2/{_path(name, sample)}/manifests/{sample.tag}{_query(name, sample)}" in asked


@pytest.mark.parametrize("name", CLIENTS)
def test_what_the_mirror_does_not_hold_cannot_be_pulled(
    name: str, mirror: Registry, make_client: MakeClient
) -> None:
    with pytest.raises(AssertionError, match="ended with"):
        make_client(name, mirror.address).pull("quay.io/prewarm-test/nothing:1")


def _path(client: str, sample: Sample) -> str:
    bare = client == BY_NAMESPACE or (client == "dockerd" and sample.host == "docker.io")
    return sample.repository if bare else f"{sample.host}/{sample.repository}"


def _query(client: str, sample: Sample) -> str:
    return f"?ns={sample.host}" if client == BY_NAMESPACE else ""


@pytest.mark.parametrize("name", HEALING_CLIENTS)
def test_what_the_mirror_does_not_hold_comes_from_the_upstream(
    name: str,
    mirror: Registry,
    samples: dict[str, Sample],
    tmp_path: Path,
    make_client: MakeClient,
) -> None:
    """With a stand-in for the upstream a client that misses at the mirror finds its way there."""
    empty = Registry(tmp_path / "empty").start()
    try:
        client = make_client(name, empty.address, {"docker.io": mirror.address})
        mirror.forget()
        assert_holds(client.pull(samples["web"].reference), samples["web"])
        assert [r.status for r in empty.requests() if r.is_manifest][:1] == [404]
        assert any(request.is_blob for request in mirror.requests())
    finally:
        empty.stop()
