"""What the tests against real registries and real clients share; daemons start once a session."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from .client import Client
from .containerd import Containerd, ContainerdDaemon
from .containers_tools import Buildah, Podman, Skopeo
from .dockerd import Dockerd
from .path_clients import crane, oras, regctl
from .samples import Sample, Upstreams, all_samples

CLIENTS = ("skopeo", "podman", "buildah", "containerd", "dockerd", "crane", "regctl", "oras")
HEALING_CLIENTS = ("skopeo", "podman", "buildah", "containerd")
"""Those that can be told where else to look for a host's images."""


class MakeClient(Protocol):
    """What the fixture `make_client` gives."""

    def __call__(
        self, name: str, mirror: str, upstreams: Mapping[str, str] | None = None
    ) -> Client:
        """The client `name` with a mirror, and with stand-ins for the hosts beyond it."""


@pytest.fixture(autouse=True)
def leave_nothing(tmp_path: Path) -> Iterator[None]:
    """The stores and storages of a test go with it."""
    yield
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture(scope="session")
def samples() -> dict[str, Sample]:
    return all_samples()


@pytest.fixture(scope="session")
def upstreams(
    samples: dict[str, Sample], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upstreams]:
    """The registries that stand in for the upstreams, filled once."""
    folder = tmp_path_factory.mktemp("upstreams")
    running = Upstreams(folder, samples).start()
    yield running
    running.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def containerd_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerdDaemon]:
    daemon = ContainerdDaemon(tmp_path_factory.mktemp("containerd") / "daemon")
    yield daemon
    daemon.stop()


@pytest.fixture
def make_client(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakeClient]:
    """Makes the client of a name, which uses the mirror at an address; its state goes afterwards.

    Where the client is not installed, the test is skipped and says so.
    """
    folder = tmp_path_factory.mktemp("client")
    daemons: list[Dockerd] = []

    def make(name: str, mirror: str, upstreams: Mapping[str, str] | None = None) -> Client:
        if name == "containerd":
            daemon: ContainerdDaemon = request.getfixturevalue("containerd_daemon")
            return Containerd(daemon, folder, mirror, upstreams)
        if name in _WITH_UPSTREAMS:
            return _WITH_UPSTREAMS[name](folder, mirror, upstreams)
        assert upstreams is None, f"{name} cannot be told where its upstreams are"
        if name in _PATH_CLIENTS:
            return _PATH_CLIENTS[name](folder, mirror)
        daemons.append(Dockerd(folder / "daemon", mirror))
        return daemons[-1]

    yield make
    for daemon in daemons:
        daemon.stop()
    shutil.rmtree(folder, ignore_errors=True)


_WITH_UPSTREAMS: dict[str, Callable[[Path, str, Mapping[str, str] | None], Client]] = {
    "skopeo": Skopeo,
    "podman": Podman,
    "buildah": Buildah,
}
_PATH_CLIENTS: dict[str, Callable[[Path, str], Client]] = {
    "crane": crane,
    "regctl": regctl,
    "oras": oras,
}
