"""The faults a server can be told to commit, each a value with a name."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.message import Message
from email.utils import formatdate
from urllib.parse import parse_qs, urlsplit

from prewarm.demo.answer import Request, Response
from prewarm.oci import digest_of
from tests.fake_registry import sending


def _as_asked(request: Request) -> Request:
    return request


def _as_answered(request: Request, response: Response) -> Response:
    return response


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong: the request as understood, the response as made, or the way it is sent."""

    ask: Callable[[Request], Request] = _as_asked
    change: Callable[[Request, Response], Response] = _as_answered
    send: sending.Send = sending.as_it_is

    # What is answered

    @staticmethod
    def status(status: int, body: bytes = b"", **headers: str) -> Fault:
        """Answer this instead. Underscores in the headers' names stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Fault(change=lambda request, response: Response(status, named, body))

    @staticmethod
    def try_later(status: int = 429, seconds: float | None = None, *, date: bool = False) -> Fault:
        """429 or 503 with a Retry-After: none, in seconds, or as an HTTP date."""

        def change(request: Request, response: Response) -> Response:
            if seconds is None:
                return Response(status)
            later = formatdate(time.time() + seconds, usegmt=True) if date else str(seconds)
            return Response(status, {"Retry-After": later})

        return Fault(change=change)

    @staticmethod
    def document(raw: bytes, media_type: str) -> Fault:
        """Another manifest in the place of the right one, with its own digest."""
        headers = {"Content-Type": media_type, "Docker-Content-Digest": digest_of(raw)}
        return Fault(change=lambda request, response: Response(200, headers, raw))

    @staticmethod
    def flip_bit(at: int = 0) -> Fault:
        """Wrong bytes of the right length: one bit of the body's byte `at` (may be negative)."""

        def change(request: Request, response: Response) -> Response:
            body = bytearray(response.body)
            body[at] ^= 1
            return replace(response, body=bytes(body))

        return Fault(change=change)

    @staticmethod
    def header(name: str, value: str | None) -> Fault:
        """Another value for a header, or no such header."""

        def change(request: Request, response: Response) -> Response:
            headers = {key: kept for key, kept in response.headers.items() if key != name}
            return replace(response, headers=headers if value is None else {**headers, name: value})

        return Fault(change=change)

    @staticmethod
    def digest_header(value: str | None = None) -> Fault:
        """A wrong Docker-Content-Digest, or none."""
        return Fault.header("Docker-Content-Digest", value)

    @staticmethod
    def content_length(length: int) -> Fault:
        """A wrong Content-Length before the whole body."""
        return replace(Fault.header("Content-Length", str(length)), send=sending.as_it_is_once)

    @staticmethod
    def gzip() -> Fault:
        """The body compressed on the way, though nobody asked for that."""

        def change(request: Request, response: Response) -> Response:
            headers = {**response.headers, "Content-Encoding": "gzip"}
            return replace(response, headers=headers, body=gzip.compress(response.body))

        return Fault(change=change)

    @staticmethod
    def content_range(text: str) -> Fault:
        """206 that says these are other bytes than they are."""

        def change(request: Request, response: Response) -> Response:
            return replace(
                response, status=206, headers={**response.headers, "Content-Range": text}
            )

        return Fault(change=change)

    @staticmethod
    def ignore_range() -> Fault:
        """200 and everything, where a part was asked for."""
        return Fault(ask=lambda request: _with_range(request, None))

    @staticmethod
    def other_range(text: str) -> Fault:
        """Other bytes than those asked for, and a Content-Range that owns up to it."""
        return Fault(ask=lambda request: _with_range(request, text))

    # Where it sends the client

    @staticmethod
    def redirect(location: str, status: int = 307) -> Fault:
        """To this URL; one that ends in `/` gets the path that was asked for."""

        def change(request: Request, response: Response) -> Response:
            ending = request.path.lstrip("/") if location.endswith("/") else ""
            return Response(status, {"Location": location + ending})

        return Fault(change=change)

    @staticmethod
    def redirect_loop() -> Fault:
        """To the same path for ever, each time with another query."""

        def change(request: Request, response: Response) -> Response:
            parts = urlsplit(request.path)
            turn = int(parse_qs(parts.query).get("turn", ["0"])[0]) + 1
            return Response(307, {"Location": f"{parts.path}?turn={turn}"})

        return Fault(change=change)

    # How it is sent

    @staticmethod
    def truncate(length: int) -> Fault:
        """The whole Content-Length, so many bytes of the body, and the end."""
        return Fault(send=sending.truncated(length))

    @staticmethod
    def reset(after: int | None = None) -> Fault:
        """A TCP reset after so many bytes of the body, or instead of any answer."""
        return Fault(send=sending.reset(after))

    @staticmethod
    def stall(seconds: float = 3600, after: int | None = None) -> Fault:
        """Silence for so long, before the headers or after so many bytes of the body."""
        return Fault(send=sending.stalled(after, seconds))

    @staticmethod
    def drip(step: int = 1, seconds: float = 0.05) -> Fault:
        """So many bytes at a time, with a pause after each."""
        return Fault(send=sending.dripped(step, seconds))

    @staticmethod
    def chunked() -> Fault:
        """The right body in chunks, without a Content-Length."""
        return Fault(send=sending.chunked)

    @staticmethod
    def no_length() -> Fault:
        """The right body without a length, ended by hanging up."""
        return Fault(send=sending.until_close)

    @staticmethod
    def endless() -> Fault:
        """A body that never ends."""
        return Fault(send=sending.endless)

    @staticmethod
    def raw(answer: bytes) -> Fault:
        """These bytes instead of HTTP."""
        return Fault(send=sending.raw(answer))

    @staticmethod
    def go_down() -> Fault:
        """Every connection ends, and none is accepted until `start`."""
        return Fault(send=sending.and_go_down)


def _with_range(request: Request, text: str | None) -> Request:
    headers = Message()
    for name, value in request.headers.items():
        if name.lower() != "range":
            headers[name] = value
    if text is not None:
        headers["Range"] = text
    return replace(request, headers=headers)
