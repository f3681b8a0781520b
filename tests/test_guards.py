"""The guards of `conftest.py` hold."""

from __future__ import annotations

import os
import socket
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import LeavesTheMachine


def test_nothing_leaves_the_machine() -> None:
    for address in ("192.0.2.1", "2001:db8::1"):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family) as connection, pytest.raises(LeavesTheMachine):
            connection.connect((address, 80))
        with socket.socket(family) as connection, pytest.raises(LeavesTheMachine):
            connection.connect_ex((address, 80))
    with pytest.raises(OSError, match="not known"):
        urllib.request.urlopen("http://registry.example/")


def test_loopback_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            socket.create_connection((host, port)).close()


def test_nobody_is_at_home() -> None:
    assert not Path.home().exists()
    assert not any(name.startswith("PREWARM_") for name in os.environ)
    assert not Path(os.environ["DOCKER_CONFIG"]).exists()
