"""The plainest client there is, to look at a fake registry's answers as they come."""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass

from tests.fake_registry.server import FakeServer


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def ask(
    server: FakeServer,
    path: str,
    method: str = "GET",
    *,
    body: str | None = None,
    timeout: float = 10,
    **headers: str,
) -> Answer:
    """One request on a connection of its own; `timeout` is in seconds of silence."""
    if server.tls:
        trusting = ssl.create_default_context(cafile=str(server.tls))
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            server.address, timeout=timeout, context=trusting
        )
    else:
        connection = http.client.HTTPConnection(server.address, timeout=timeout)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()
