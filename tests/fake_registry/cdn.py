"""A store of blobs behind signed URLs that expire, as strict as S3."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from prewarm.demo.answer import Request, Response, answer_bytes
from prewarm.demo.images import Contents
from tests.fake_registry.server import FakeServer


class FakeCdn(FakeServer):
    """Serves a blob to whoever has a valid URL and no Authorization header.

    A URL is good for GET alone and for `lifetime` seconds; `expire` makes every URL signed so far
    a dead one.
    """

    def __init__(
        self, contents: Contents, *, lifetime: float = 300, tls: Path | None = None
    ) -> None:
        super().__init__(contents, tls=tls)
        self.lifetime = lifetime
        self._secret = 0

    def sign(self, digest: str) -> str:
        expires = time.time() + self.lifetime
        return f"{self.url}/{digest}?X-Expires={expires}&X-Signature={self._sign(digest, expires)}"

    def expire(self) -> None:
        self._secret += 1

    def _sign(self, digest: str, expires: float) -> str:
        return hashlib.sha256(f"{self._secret} {digest} {expires}".encode()).hexdigest()

    def respond(self, request: Request) -> Response:
        parts = urlsplit(request.path)
        digest, query = parts.path.removeprefix("/"), parse_qs(parts.query)
        if "Authorization" in request.headers:
            return _error(400, "InvalidArgument", "Only one auth mechanism allowed")
        if request.method != "GET":
            return _error(403, "SignatureDoesNotMatch", "The URL was signed for GET")
        expires = float(query.get("X-Expires", ["0"])[0])
        if query.get("X-Signature") != [self._sign(digest, expires)] or expires <= time.time():
            return _error(403, "AccessDenied", "Request has expired")
        if digest not in self.contents.blobs:
            return _error(404, "NoSuchKey", "The specified key does not exist")
        return answer_bytes(self.contents.blobs[digest], request, {})


def _error(status: int, code: str, message: str) -> Response:
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
    return Response(status, {"Content-Type": "application/xml"}, body)
