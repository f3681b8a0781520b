"""A server whose responses go wrong where a rule says so; what is right is the subclass's."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prewarm.demo.answer import Request, Response
from prewarm.demo.images import Contents
from prewarm.demo.upstream import Connection, Link, Listener, Seen, Upstream
from prewarm.reference import DOCKER_HUB
from tests.fake_registry.faults import Fault


@dataclass(slots=True)
class _Rule:
    """Where a fault strikes: the matching requests from number `first` up to `last`."""

    method: str
    path: re.Pattern[str]
    fault: Fault
    first: int
    last: float
    matched: int = 0

    def strikes(self, request: Request) -> bool:
        if self.method not in ("", request.method) or not self.path.search(request.path):
            return False
        self.matched += 1
        return self.first <= self.matched <= self.last


class FakeServer(Upstream):
    """`Upstream` with faults. `tls` is a PEM file with a certificate and its key."""

    def __init__(
        self,
        contents: Contents,
        *,
        host: str = DOCKER_HUB,
        link: Link | None = None,
        tls: Path | None = None,
    ) -> None:
        super().__init__(contents, host=host, link=link)
        self.tls = tls
        self.closing = threading.Event()
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.address}"

    def fault(
        self,
        method: str,
        path: str,
        fault: Fault,
        *,
        times: float = float("inf"),
        after: int = 0,
    ) -> None:
        """Let requests of this method (any if empty) whose path has the pattern go wrong.

        The first `after` matching ones go well, the next `times` go wrong. Rules are asked in the
        order in which they were made and the first that strikes ends the search, so rules for the
        same requests take turns.
        """
        rule = _Rule(method, re.compile(path), fault, after + 1, after + times)
        with self._lock:
            self._rules.append(rule)

    def heal(self) -> None:
        """Forget every rule."""
        with self._lock:
            self._rules.clear()

    def refuse(self, request: Request) -> Response | None:
        """The refusal of a request that may not come in; those meet no fault."""
        return None

    def finish(self, request: Request, response: Response) -> Response:
        """The last word on a response, faulty or not."""
        return response

    def handle(self, connection: Connection, request: Request, seen: Seen) -> None:
        time.sleep(self.link.round_trip)
        refused = self.refuse(request)
        fault = Fault() if refused else self._fault_for(request)
        response = refused or fault.change(request, self.respond(fault.ask(request)))
        response = self.finish(request, response)
        seen.status = response.status
        fault.send(connection, response, seen)

    def _fault_for(self, request: Request) -> Fault:
        with self._lock:
            for rule in self._rules:
                if rule.strikes(request):
                    return rule.fault
        return Fault()

    def listen(self) -> Listener:
        listener = super().listen()
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.tls)
            listener.socket = context.wrap_socket(
                listener.socket, server_side=True, do_handshake_on_connect=False
            )
        return listener

    def start(self) -> None:
        self.closing.clear()
        super().start()

    def close(self) -> None:
        self.closing.set()
        super().close()

    @contextmanager
    def down(self) -> Iterator[None]:
        """Refuse every connection for a while; the port stays the same."""
        self.close()
        try:
            yield
        finally:
            self.start()


def closed_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
