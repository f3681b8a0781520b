"""Clients of fake registries: quick limits, given credentials, and what was said of whom."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from prewarm.demo.images import Contents, Image, Layer, build
from prewarm.reference import Reference
from prewarm.registry.client import Registry
from prewarm.registry.credentials import Credentials, variable_of
from prewarm.registry.endpoint import Endpoint
from prewarm.registry.http import Limits
from tests.fake_registry.server import FakeServer

QUICK = Limits(connect=2, read=0.3, tries=3, first_pause=0.001, longest_pause=0.05)
SECRETS = ("hunter2", "me:", "bWU6", "X-Signature", "token-", "refresh-token")
"""What no message may show: of the password, the tokens, and the signed URLs."""


def contents() -> Contents:
    layers = (Layer("shared", 20_000), Layer("own", 5000))
    return build([Image("a:1", layers), Image("b:1", layers), Image("b:2", (Layer("other", 900),))])


def client(
    *servers: FakeServer,
    login: str = "",
    limits: Limits = QUICK,
    ca_file: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Registry:
    """A client to whom the servers are the endpoints of every host, in order."""
    endpoints = tuple(Endpoint.parse(server.url, ca_file) for server in servers)
    known = {variable_of(server.address): login for server in servers if login}
    return Registry(lambda _: endpoints, Credentials({**known, **(environ or {})}, ()), limits)


def reference(name: str = "a:1") -> Reference:
    return Reference.parse(name)


def asked(server: FakeServer) -> list[str]:
    """What a server was asked and answered, without queries."""
    return [f"{s.method} {s.path.partition('?')[0]} {s.status}" for s in server.requests]


def authorizations(server: FakeServer) -> list[str]:
    """The kind of authorization of each request; a dash for none."""
    return [(s.headers["Authorization"] or "-").partition(" ")[0] for s in server.requests]


def assert_no_secret(text: object) -> None:
    for secret in SECRETS:
        assert secret not in str(text)
