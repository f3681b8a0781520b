"""Guards for every test: no network but loopback, no home folder, no settings from outside."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

_NAMES = ("localhost", "", None)
_CONNECT, _CONNECT_EX = socket.socket.connect, socket.socket.connect_ex
_RESOLVE = socket.getaddrinfo

_OUTSIDE = ("PREWARM_", "DOCKER_", "REGISTRY_AUTH_FILE", "XDG_", "NO_COLOR", "FORCE_COLOR")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(scope="session", autouse=True)
def only_loopback() -> Iterator[None]:
    """Refuse every connection of this process that leaves the machine, and resolve no name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _connect)
        patch.setattr(socket.socket, "connect_ex", _connect_ex)
        patch.setattr(socket, "getaddrinfo", _resolve)
        yield


@pytest.fixture(autouse=True)
def nobody_at_home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """A home folder that is not there, and an environment without settings, proxies, credentials.

    Tests with real programs bring an environment of their own.
    """
    if request.node.get_closest_marker("real") is not None:
        yield
        return
    home = tmp_path_factory.getbasetemp() / "nobody"
    with pytest.MonkeyPatch.context() as patch:
        for name in [*os.environ]:
            if name.startswith(_OUTSIDE) or name.lower() in _PROXIES or name in _BUNDLES:
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        for name in ("CONFIG_HOME", "CACHE_HOME", "DATA_HOME", "RUNTIME_DIR"):
            patch.setenv(f"XDG_{name}", str(home / name.lower()))
        patch.setenv("DOCKER_CONFIG", str(home / "docker"))
        yield


class LeavesTheMachine(Exception):
    """A test tried to reach something that is not this machine."""


def is_here(address: Any) -> bool:
    """Whether a socket address is loopback, or none of the internet's at all."""
    if not isinstance(address, tuple):
        return True
    try:
        return ipaddress.ip_address(address[0]).is_loopback
    except ValueError:
        return address[0] in _NAMES


def _connect(self: socket.socket, address: Any) -> None:
    if not is_here(address):
        raise LeavesTheMachine(address)
    _CONNECT(self, address)


def _connect_ex(self: socket.socket, address: Any) -> int:
    if not is_here(address):
        raise LeavesTheMachine(address)
    return _CONNECT_EX(self, address)


def _resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
    try:
        known = host in _NAMES or bool(ipaddress.ip_address(host))
    except ValueError:
        known = False
    if not known:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return _RESOLVE(host, *args, **kwargs)
