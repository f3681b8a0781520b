"""The WSGI application: pulls and tag lists of the distribution spec, over a catalogue.

It has no method that writes, dials nobody, and turns no name into a path: names are looked up.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode

from prewarm.errors import PrewarmError, StoreError
from prewarm.oci import Descriptor
from prewarm.request import (
    METHODS,
    BlobRequest,
    Code,
    ManifestRequest,
    Ping,
    RequestError,
    TagsRequest,
    parse_range,
    parse_request,
)
from prewarm.serve.catalogue import Catalogue

_CHUNK = 1024 * 1024
_STATUS = {
    Code.BLOB_UNKNOWN: "404 Not Found",
    Code.DIGEST_INVALID: "400 Bad Request",
    Code.MANIFEST_UNKNOWN: "404 Not Found",
    Code.NAME_INVALID: "400 Bad Request",
    Code.NAME_UNKNOWN: "404 Not Found",
    Code.PAGINATION_NUMBER_INVALID: "400 Bad Request",
    Code.UNSUPPORTED: "405 Method Not Allowed",
}

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """A response before it is sent: bytes in memory, or a file of `size` bytes."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | BinaryIO
    size: int


@dataclass(frozen=True, slots=True)
class Served:
    """One request and its answer, for whoever keeps a log.

    `path` is decoded, `query` is not; both, and `agent`, hold whatever the client sent.
    """

    client: str
    agent: str
    method: str
    path: str
    query: str
    status: int
    size: int
    seconds: float


class Application:
    """`/v2/` over a catalogue. `log` is told of every request once its answer is decided."""

    def __init__(self, catalogue: Catalogue, log: Callable[[Served], None] | None = None) -> None:
        self._catalogue = catalogue
        self._log = log

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        began = time.monotonic()
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        answer = self._answer(method, path, environ)
        headers = [*answer.headers, ("Content-Length", str(answer.size)), *_ALWAYS]
        start_response(answer.status, headers)
        if self._log is not None:
            self._log(_served(environ, answer, time.monotonic() - began))
        if isinstance(answer.body, bytes):
            return [] if method == "HEAD" else [answer.body]
        if method == "HEAD":
            answer.body.close()
            return []
        if "wsgi.file_wrapper" in environ:
            return environ["wsgi.file_wrapper"](answer.body, _CHUNK)  # type: ignore[no-any-return]
        return _Part(answer.body, answer.size)

    def _answer(self, method: str, path: str, environ: Environ) -> Answer:
        try:
            match parse_request(method, path, environ.get("QUERY_STRING", "")):
                case Ping():
                    return _json("200 OK", {})
                case ManifestRequest() as request:
                    return self._manifest(request)
                case BlobRequest() as request:
                    wanted = environ.get("HTTP_RANGE", "") if method == "GET" else ""
                    return self._blob(request, wanted)
                case TagsRequest() as request:
                    return self._tags(request)
        except RequestError as error:
            return _error(error)
        except (PrewarmError, OSError):
            return _json("503 Service Unavailable", _errors("UNKNOWN", "the store is unreadable"))

    def _manifest(self, request: ManifestRequest) -> Answer:
        found = self._catalogue.manifest(request.repository, request.reference)
        if found is None:
            raise RequestError(Code.MANIFEST_UNKNOWN, "not held, or not whole")
        descriptor, manifest = found
        headers = (("Content-Type", manifest.media_type), *_identity(descriptor))
        return Answer("200 OK", headers, manifest.raw, len(manifest.raw))

    def _blob(self, request: BlobRequest, wanted: str) -> Answer:
        descriptor = self._catalogue.blob(request.repository, request.digest)
        if descriptor is None:
            raise RequestError(Code.BLOB_UNKNOWN, "not held")
        headers = (
            ("Content-Type", "application/octet-stream"),
            ("Accept-Ranges", "bytes"),
            *_identity(descriptor),
        )
        try:
            part = parse_range(wanted, descriptor.size)
        except ValueError:
            nothing = ("Content-Range", f"bytes */{descriptor.size}")
            return Answer("416 Range Not Satisfiable", (*headers, nothing), b"", 0)
        file = self._open(descriptor)
        if part is None:
            return Answer("200 OK", headers, file, descriptor.size)
        file.seek(part.start)
        stated = f"bytes {part.start}-{part.stop - 1}/{descriptor.size}"
        headers = (*headers, ("Content-Range", stated))
        return Answer("206 Partial Content", headers, file, len(part))

    def _open(self, descriptor: Descriptor) -> BinaryIO:
        try:
            return self._catalogue.reader.open_blob(descriptor.digest)
        except StoreError as error:
            raise RequestError(Code.BLOB_UNKNOWN, "not held any more") from error

    def _tags(self, request: TagsRequest) -> Answer:
        tags = self._catalogue.tags(request.repository)
        if tags is None:
            raise RequestError(Code.NAME_UNKNOWN, "no image of this repository is held")
        rest = [tag for tag in tags if tag > request.last]
        page = rest if request.n is None else rest[: request.n]
        answer = _json("200 OK", {"name": request.named, "tags": page})
        if not page or len(page) == len(rest):
            return answer
        query = {"n": str(request.n), "last": page[-1]}
        if request.namespace:
            query["ns"] = request.namespace
        target = f"/v2/{quote(request.named, safe='/:')}/tags/list?{urlencode(query, safe=':')}"
        link = ("Link", f'<{target}>; rel="next"')
        return Answer(answer.status, (*answer.headers, link), answer.body, answer.size)


_ALWAYS = (
    ("Docker-Distribution-API-Version", "registry/2.0"),
    ("X-Content-Type-Options", "nosniff"),
)


def _identity(descriptor: Descriptor) -> tuple[tuple[str, str], ...]:
    return (
        ("Docker-Content-Digest", descriptor.digest),
        ("ETag", f'"{descriptor.digest}"'),
    )


def _json(status: str, document: object) -> Answer:
    body = json.dumps(document).encode()
    return Answer(status, (("Content-Type", "application/json"),), body, len(body))


def _errors(code: str, message: str) -> object:
    return {"errors": [{"code": code, "message": message}]}


def _error(error: RequestError) -> Answer:
    answer = _json(_STATUS[error.code], _errors(error.code.value, error.problem))
    if error.code is not Code.UNSUPPORTED:
        return answer
    allow = ("Allow", ", ".join(METHODS))
    return Answer(answer.status, (*answer.headers, allow), answer.body, answer.size)


def _served(environ: Environ, answer: Answer, seconds: float) -> Served:
    return Served(
        environ.get("REMOTE_ADDR", ""),
        environ.get("HTTP_USER_AGENT", ""),
        environ["REQUEST_METHOD"],
        environ.get("PATH_INFO", ""),
        environ.get("QUERY_STRING", ""),
        int(answer.status[:3]),
        answer.size,
        seconds,
    )


class _Part:
    """The next `size` bytes of a file, which is closed with it, for a server without a wrapper."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self._file.read(min(_CHUNK, self._left)):
            self._left -= len(chunk)
            yield chunk

    def close(self) -> None:
        self._file.close()
