"""A small honest token server: Bearer tokens, signed for a real registry, and who asked."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .programs import need, run

ISSUER = "tests/real"
SERVICE = "a registry for tests"
LIFETIME = 300
"""Seconds."""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """One request for a token: who asked (None is nobody in particular), for what, the answer."""

    user: str | None
    scopes: tuple[str, ...]
    status: int


class TokenServer:
    """Signs tokens for its users; anybody may pull from the repositories under `public/`."""

    def __init__(self, folder: Path, users: dict[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.requests: list[TokenRequest] = []
        self._users = users
        self._openssl = need("openssl")
        self._key, self._certificate = folder / "key.pem", folder / "certificate.pem"
        self._make_key()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def realm(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/token"

    def auth(self) -> dict[str, Any]:
        """The settings of a registry that takes this server's tokens."""
        return {
            "token": {
                "realm": self.realm,
                "service": SERVICE,
                "issuer": ISSUER,
                "rootcertbundle": str(self._certificate),
            }
        }

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, query: dict[str, list[str]], authorization: str | None) -> tuple[int, bytes]:
        """The status and the body for one request, which is recorded."""
        user, known = self._identify(authorization)
        scopes = tuple(scope for text in query.get("scope", []) for scope in text.split())
        status = 200 if known and query.get("service") == [SERVICE] else 401
        self.requests.append(TokenRequest(user, scopes, status))
        if status != 200:
            return status, b'{"details": "incorrect username or password"}'
        token = self._sign([_granted(scope, user) for scope in scopes])
        return 200, json.dumps({"token": token, "expires_in": LIFETIME}).encode()

    def _identify(self, authorization: str | None) -> tuple[str | None, bool]:
        if authorization is None:
            return None, True
        kind, _, value = authorization.partition(" ")
        if kind.lower() != "basic":
            return None, False
        user, _, password = base64.b64decode(value).decode().partition(":")
        return user, self._users.get(user) == password

    def _make_key(self) -> None:
        run(
            [
                *(self._openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-subj", "/CN=tests", "-keyout", self._key, "-out", self._certificate),
            ]
        ).ok()

    def _sign(self, access: list[dict[str, Any]]) -> str:
        certificate = "".join(self._certificate.read_text().splitlines()[1:-1])
        now = int(time.time())
        header = {"typ": "JWT", "alg": "RS256", "x5c": [certificate]}
        claims = {
            "iss": ISSUER,
            "sub": "",
            "aud": SERVICE,
            "exp": now + LIFETIME,
            "nbf": now - 10,
            "iat": now,
            "jti": uuid.uuid4().hex,
            "access": access,
        }
        payload = (
            f"{_base64url(json.dumps(header).encode())}.{_base64url(json.dumps(claims).encode())}"
        )
        signature = subprocess.run(
            [self._openssl, "dgst", "-sha256", "-sign", str(self._key)],
            input=payload.encode(),
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        return f"{payload}.{_base64url(signature)}"


def _granted(scope: str, user: str | None) -> dict[str, Any]:
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    asked = actions.split(",")
    if user is None:
        asked = ["pull"] if "pull" in asked and name.startswith("public/") else []
    return {"type": kind, "name": name, "actions": asked}


def _handler_of(server: TokenServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            status, body = server.answer(query, self.headers.get("Authorization"))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing: the requests are recorded."""

    return Handler


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
