"""Ways to send a response wrongly: cut, reset, held back, without a length, or without an end."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable
from typing import Any

from prewarm.demo.answer import Response
from prewarm.demo.upstream import Connection, Seen

Send = Callable[[Connection, Response, Seen], None]


def as_it_is(connection: Connection, response: Response, seen: Seen) -> None:
    connection.send(response, seen)


def as_it_is_once(connection: Connection, response: Response, seen: Seen) -> None:
    """Send, and use the connection no more, since its framing is off."""
    connection.send(response, seen)
    connection.close_connection = True


def truncated(length: int) -> Send:
    """Announce the whole body, send its beginning, hang up."""

    def send(connection: Connection, response: Response, seen: Seen) -> None:
        _send_head_with_length(connection, response)
        connection.send_body(_body(connection, response)[:length], seen)
        connection.close_connection = True

    return send


def reset(after: int | None) -> Send:
    """Abort the connection after so many bytes of the body, or before the headers if None."""

    def send(connection: Connection, response: Response, seen: Seen) -> None:
        if after is not None:
            _send_head_with_length(connection, response)
            connection.send_body(_body(connection, response)[:after], seen)
        abort(connection)

    return send


def stalled(after: int | None, seconds: float) -> Send:
    """Wait before the headers (None) or after so many bytes of the body, then go on."""

    def send(connection: Connection, response: Response, seen: Seen) -> None:
        body = _body(connection, response)
        if after is None:
            _wait(connection, seconds)
        _send_head_with_length(connection, response)
        if after is not None:
            connection.send_body(body[:after], seen)
            _wait(connection, seconds)
        connection.send_body(body[after or 0 :], seen)

    return send


def dripped(step: int, seconds: float) -> Send:
    """Send `step` bytes, wait, and so on: never idle for long, and never done."""

    def send(connection: Connection, response: Response, seen: Seen) -> None:
        body = _body(connection, response)
        _send_head_with_length(connection, response)
        for start in range(0, len(body), step):
            connection.send_body(body[start : start + step], seen)
            if _wait(connection, seconds):
                return

    return send


def chunked(connection: Connection, response: Response, seen: Seen) -> None:
    """The body in chunks, its length unknown to the client."""
    connection.send_head(response.status, {**response.headers, "Transfer-Encoding": "chunked"})
    if connection.command == "HEAD":
        return
    for start in range(0, len(response.body), 4096):
        piece = response.body[start : start + 4096]
        connection.wfile.write(b"%x\r\n" % len(piece))
        connection.send_body(piece, seen)
        connection.wfile.write(b"\r\n")
    connection.wfile.write(b"0\r\n\r\n")


def until_close(connection: Connection, response: Response, seen: Seen) -> None:
    """The body without a length, ended by hanging up."""
    connection.send_head(response.status, {**response.headers, "Connection": "close"})
    connection.send_body(_body(connection, response), seen)


def endless(connection: Connection, response: Response, seen: Seen) -> None:
    """The body, and then zeros for as long as the client reads."""
    until_close(connection, response, seen)
    while connection.command != "HEAD" and not _closing(connection).is_set():
        connection.send_body(bytes(64 * 1024), seen)


def raw(answer: bytes) -> Send:
    """These bytes instead of HTTP."""

    def send(connection: Connection, response: Response, seen: Seen) -> None:
        connection.wfile.write(answer)
        connection.close_connection = True

    return send


def and_go_down(connection: Connection, response: Response, seen: Seen) -> None:
    """Hang up on everybody, and refuse every connection from now on."""
    connection.server.upstream.close()
    connection.close_connection = True


def abort(connection: Connection) -> None:
    """Close with a TCP reset. Detaching comes first: else the handler says goodbye with a FIN."""
    linger_on_for_no_seconds = struct.pack("ii", 1, 0)
    connection.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_on_for_no_seconds)
    os.close(connection.connection.detach())
    connection.close_connection = True


def _send_head_with_length(connection: Connection, response: Response) -> None:
    headers = {"Content-Length": str(len(response.body)), **response.headers}
    connection.send_head(response.status, headers)


def _body(connection: Connection, response: Response) -> bytes:
    return b"" if connection.command == "HEAD" else response.body


def _closing(connection: Connection) -> Any:
    return connection.server.upstream.closing  # type: ignore[attr-defined]


def _wait(connection: Connection, seconds: float) -> bool:
    """Whether the server is closed before the time is up."""
    closed: bool = _closing(connection).wait(seconds)
    return closed
