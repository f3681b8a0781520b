"""A small read-only registry on loopback, behind a simulated slow link, that counts requests."""

from __future__ import annotations

import math
import re
import socket
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from prewarm.demo.answer import Request, Response, answer
from prewarm.demo.images import Contents
from prewarm.reference import DOCKER_HUB

if TYPE_CHECKING:
    from typing_extensions import Self

_POLL_SECONDS = 0.02
_BURST_SECONDS = 0.05
_PIECE_SECONDS = 0.01
_LARGEST_PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Link:
    """How slow the way to the registry is; 0 and None mean no limit.

    `round_trip` is in seconds and is waited once a request, handshakes not counted; the bandwidths
    are in bytes a second, for each connection and for all of them together.
    """

    round_trip: float = 0.0
    connection_bandwidth: float | None = None
    total_bandwidth: float | None = None


@dataclass(slots=True)
class Seen:
    """One request as it came in, the status answered, and the bytes of body sent so far."""

    method: str
    path: str
    headers: Message
    status: int = 0
    sent: int = 0

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"


class Upstream:
    """A registry that answers while the `with` block runs, and remembers every request.

    `requests` is in the order in which they came in; `contents` may be changed at any time.
    """

    def __init__(
        self, contents: Contents, *, host: str = DOCKER_HUB, link: Link | None = None
    ) -> None:
        self.contents = contents
        self.host = host
        self.link = link or Link()
        self.requests: list[Seen] = []
        self.total_bandwidth = _Bucket(self.link.total_bandwidth)
        self.port = 0

    @property
    def address(self) -> str:
        """`host:port`, as a reference names a registry."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def endpoint(self, host: str) -> str:
        """The endpoint that stands for a host: `registry."quay.io".endpoints` in the settings."""
        return f"{self.url}/{host}"

    def seen(self, method: str = "", path: str = "") -> list[Seen]:
        """The requests with this method (any if empty) and a path in which the pattern is found."""
        return [
            seen
            for seen in list(self.requests)
            if method in ("", seen.method) and re.search(path, seen.path)
        ]

    def count(self, method: str = "", path: str = "") -> int:
        """How many requests `seen` finds."""
        return len(self.seen(method, path))

    def respond(self, request: Request) -> Response:
        return answer(self.contents, request, self.host)

    def handle(self, connection: Connection, request: Request, seen: Seen) -> None:
        """Answer one request on its connection."""
        time.sleep(self.link.round_trip)
        response = self.respond(request)
        seen.status = response.status
        connection.send(response, seen)

    def listen(self) -> Listener:
        return Listener(("127.0.0.1", self.port), self)

    def start(self) -> None:
        """Listen: on a free port at first, and again on the same one after `close`."""
        self._server = self.listen()
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening and cut every open connection."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.cut_connections()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Bucket:
    """A token bucket: bytes a second, shared by the threads that take from it."""

    def __init__(self, rate: float | None) -> None:
        self.rate = rate
        self._lock = threading.Lock()
        self._free_at = time.monotonic()

    def take(self, count: int) -> None:
        """Wait until `count` bytes may go."""
        if not self.rate:
            return
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now - _BURST_SECONDS) + count / self.rate
            wait = self._free_at - now
        if wait > 0:
            time.sleep(wait)


class Listener(ThreadingHTTPServer):
    """The listening socket; it can cut the connections that came from it."""

    request_queue_size = 128

    def __init__(self, address: tuple[str, int], upstream: Upstream) -> None:
        self.upstream = upstream
        self._open: set[Any] = set()
        super().__init__(address, Connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a client may hang up at any time
            super().handle_error(request, client_address)


class Connection(BaseHTTPRequestHandler):
    """One client's connection, kept alive between its requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener

    def setup(self) -> None:
        super().setup()
        self.bandwidth = _Bucket(self.server.upstream.link.connection_bandwidth)

    def do_GET(self) -> None:
        upstream = self.server.upstream
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, self.path, self.headers, body)
        seen = Seen(request.method, request.path, request.headers)
        upstream.requests.append(seen)
        upstream.handle(self, request, seen)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def send(self, response: Response, seen: Seen) -> None:
        headers = {"Content-Length": str(len(response.body)), **response.headers}
        self.send_head(response.status, headers)
        if self.command != "HEAD":
            self.send_body(response.body, seen)

    def send_head(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the status line and exactly these headers."""
        lines = [f"HTTP/1.1 {status} {responses.get(status, '')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        if headers.get("Connection") == "close":
            self.close_connection = True

    def send_body(self, body: bytes, seen: Seen) -> None:
        """Send bytes at the link's pace, counting them in `seen`."""
        total = self.server.upstream.total_bandwidth
        rate = min(total.rate or math.inf, self.bandwidth.rate or math.inf)
        step = int(min(max(rate * _PIECE_SECONDS, 1), _LARGEST_PIECE))
        view = memoryview(body)
        for start in range(0, len(body), step):
            piece = view[start : start + step]
            self.bandwidth.take(len(piece))
            total.take(len(piece))
            seen.sent += len(piece)
            self.wfile.write(piece)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep the terminal quiet: `Upstream.requests` is the log."""
