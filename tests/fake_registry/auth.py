"""Who may read the fake registry: nobody is asked, Basic, or Bearer with its own token endpoint."""

from __future__ import annotations

import base64
import itertools
import json
import re
import threading
import time
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from prewarm.demo.answer import Request, Response, refusal

TOKEN_PATH = "/token"
_REPOSITORY = re.compile(r"/v2/(.+)/(?:manifests|blobs|tags|referrers)/[^/]+")


class Auth(Protocol):
    """A way to ask who somebody is; `url` is the registry's own."""

    def problem(self, request: Request) -> str | None:
        """Why the request may not come in; an empty text if it brought nothing at all."""

    def challenge(self, request: Request, url: str, problem: str = "") -> str:
        """What WWW-Authenticate asks for."""

    def issue(self, request: Request) -> Response | None:
        """The token endpoint's answer, if the request is for that."""


@dataclass(frozen=True, slots=True)
class Basic:
    """User and password with every request."""

    user: str
    password: str

    def problem(self, request: Request) -> str | None:
        return None if has_credentials(request, self.user, self.password) else ""

    def challenge(self, request: Request, url: str, problem: str = "") -> str:
        return 'Basic realm="fake"'

    def issue(self, request: Request) -> Response | None:
        return None


@dataclass(slots=True)
class _Token:
    scopes: frozenset[str]
    expires: float
    uses: float


@dataclass(slots=True)
class Bearer:
    """Tokens for one scope each, issued at the registry's `/token` or wherever `realm` says.

    `answer_key` is `token` or `access_token`; a token dies after `lifetime` seconds and after
    `uses` requests. With a user, a token needs user and password (`identity` is the refresh token
    that does as well, by POST with service and client); without, anybody gets one. `stated` is the
    `expires_in` told: the lifetime unless given, and nothing at all if 0. `standing` is a token
    that was given out elsewhere and opens everything.
    """

    user: str = ""
    password: str = ""
    identity: str = ""
    answer_key: str = "token"
    lifetime: float = 300
    stated: int | None = None
    uses: float = float("inf")
    realm: str = ""
    service: str = "fake"
    standing: str = ""
    _issued: dict[str, _Token] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def problem(self, request: Request) -> str | None:
        if urlsplit(request.path).path == TOKEN_PATH:
            return None
        kind, _, value = (request.headers.get("Authorization") or "").partition(" ")
        if kind != "Bearer":
            return ""
        if self.standing and value == self.standing:
            return None
        scope = _scope_of(request)
        with self._lock:
            token = self._issued.get(value)
            if token is None or token.expires <= time.monotonic() or token.uses < 1:
                return "invalid_token"
            if scope and scope not in token.scopes:
                return "insufficient_scope"
            token.uses -= 1
        return None

    def challenge(self, request: Request, url: str, problem: str = "") -> str:
        scope = _scope_of(request)
        parts = {"realm": self.realm or url + TOKEN_PATH, "service": self.service}
        parts |= {"scope": scope} if scope else {}
        parts |= {"error": problem} if problem else {}
        return "Bearer " + ",".join(f'{key}="{value}"' for key, value in parts.items())

    def issue(self, request: Request) -> Response | None:
        """A token for `GET /token` or `POST /token`; None for other requests."""
        parts = urlsplit(request.path)
        if parts.path != TOKEN_PATH:
            return None
        posted = request.method == "POST"
        asked = parse_qsl(request.body.decode() if posted else parts.query)
        if not self._knows(request, dict(asked) if posted else {}):
            return refusal(401, "UNAUTHORIZED", "incorrect username or password")
        scopes = frozenset(
            scope for key, value in asked if key == "scope" for scope in value.split()
        )
        with self._lock:
            value = f"token-{next(self._numbers)}"
            self._issued[value] = _Token(scopes, time.monotonic() + self.lifetime, self.uses)
        stated = int(self.lifetime) if self.stated is None else self.stated
        expiry = {"expires_in": stated} if stated else {}
        body = json.dumps({self.answer_key: value, **expiry}).encode()
        return Response(200, {"Content-Type": "application/json"}, body)

    def _knows(self, request: Request, form: dict[str, str]) -> bool:
        if form.get("grant_type") == "refresh_token":
            named = form.get("service") == self.service and bool(form.get("client_id"))
            return named and bool(self.identity) and form.get("refresh_token") == self.identity
        if form.get("grant_type") == "password":
            return (form.get("username"), form.get("password")) == (self.user, self.password)
        if self.user or request.headers.get("Authorization"):
            return has_credentials(request, self.user, self.password)
        return not form


def has_credentials(request: Request, user: str, password: str) -> bool:
    expected = base64.b64encode(f"{user}:{password}".encode()).decode()
    return request.headers.get("Authorization") == f"Basic {expected}"


def _scope_of(request: Request) -> str:
    match = _REPOSITORY.fullmatch(urlsplit(request.path).path)
    return f"repository:{match[1]}:pull" if match else ""
