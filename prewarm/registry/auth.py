"""Authorization for an endpoint: Basic, or Bearer tokens, each fetched once and kept.

Source: https://distribution.github.io/distribution/spec/auth/token/.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from prewarm.errors import ContentError, TransferError
from prewarm.registry.challenge import Challenge, parse_challenges
from prewarm.registry.credentials import Credential, variable_of
from prewarm.registry.endpoint import Endpoint, host_of, is_loopback, is_private
from prewarm.registry.http import Request, Transport, redact

_MAX_TOKEN_SIZE = 1024 * 1024
_DEFAULT_LIFETIME = 60.0
_LONGEST_LIFETIME = 24 * 3600.0
_MARGIN = 0.9
"""A token is renewed when this share of its life is over."""


@dataclass(slots=True)
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    header: str = field(default="", repr=False)
    expires: float = 0.0


class Authorizer:
    """Keeps one Authorization header per endpoint and repository; many threads ask, one fetches."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._slots: dict[tuple[str, str], _Slot] = {}

    def header(self, endpoint: Endpoint, repository: str) -> str:
        """What is known to work for a repository, or an empty string."""
        slot = self._slot(endpoint, repository)
        return slot.header if time.monotonic() < slot.expires else ""

    def answer(
        self,
        request: Request,
        repository: str,
        www_authenticate: str,
        credential: Credential | None,
    ) -> str:
        """The header that answers a request's 401 with its challenge.

        Raises TransferError (status 401) when there is nothing better to send.
        """
        refused = request.headers.get("Authorization", "")
        slot = self._slot(request.endpoint, repository)
        with slot.lock:
            if slot.header and slot.header != refused and time.monotonic() < slot.expires:
                return slot.header
            for challenge in parse_challenges(www_authenticate):
                held = _held(challenge, credential)
                if held and held != refused:
                    slot.header, slot.expires = held, float("inf")
                    return slot.header
                if challenge.scheme == "bearer" and not held:
                    token, lifetime = self._fetch_token(request, repository, challenge, credential)
                    slot.header = f"Bearer {token}"
                    slot.expires = time.monotonic() + lifetime * _MARGIN
                    return slot.header
        raise denied(request, credential)

    def _slot(self, endpoint: Endpoint, repository: str) -> _Slot:
        key = (str(endpoint), repository)
        with self._lock:
            return self._slots.setdefault(key, _Slot())

    def _fetch_token(
        self,
        request: Request,
        repository: str,
        challenge: Challenge,
        credential: Credential | None,
    ) -> tuple[str, float]:
        realm = challenge.parameters.get("realm", "")
        _check_realm(realm, request)
        query = {
            "service": challenge.parameters.get("service", ""),
            "scope": challenge.parameters.get("scope", "") or _scope(request, repository),
        }
        asking = _ask_for_token(request, realm, query, credential)
        with self._transport.open(asking) as response:
            if response.status in (400, 401, 403, 404):
                raise denied(request, credential)
            if response.status != 200:
                raise TransferError(
                    request.subject,
                    f"the token server {redact(realm)} answered {response.status}",
                    "try again later",
                    status=response.status,
                    retry_after=response.retry_after,
                )
            return _parse_token(response.read(_MAX_TOKEN_SIZE), request.subject, realm)


def _held(challenge: Challenge, credential: Credential | None) -> str:
    """The header that a credential answers a challenge with by itself, or an empty string."""
    if credential is None:
        return ""
    if challenge.scheme == "bearer" and credential.registry_token:
        return f"Bearer {credential.registry_token}"
    return credential.basic if challenge.scheme == "basic" else ""


def _scope(request: Request, repository: str) -> str:
    """The right to pull a repository; none for a registry as such."""
    return f"repository:{request.endpoint.repository(repository)}:pull" if repository else ""


def _ask_for_token(
    request: Request, realm: str, query: Mapping[str, str], credential: Credential | None
) -> Request:
    """GET with Basic, or POST with an identity token (OAuth 2)."""
    query = {key: value for key, value in query.items() if value}
    if credential and credential.identity_token:
        form = {
            **query,
            "grant_type": "refresh_token",
            "client_id": "prewarm",
            "refresh_token": credential.identity_token,
        }
        return Request("POST", realm, request.endpoint, request.subject, form=form)
    headers = {"Authorization": credential.basic} if credential else {}
    url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(query)}"
    return Request("GET", url, request.endpoint, request.subject, headers)


def denied(request: Request, credential: Credential | None, status: int = 401) -> TransferError:
    """The error for a registry that does not let us in."""
    if credential is None:
        problem = "access denied without credentials"
        remedy = f"log in, or set {variable_of(request.endpoint.host)}=user:password"
    else:
        problem = f"access denied with the credential from {credential.source}"
        remedy = "check user and password, and that the repository exists"
    host = host_of(request.url)
    return TransferError(request.subject, f"{host}: {problem}", remedy, status=status)


def _check_realm(realm: str, request: Request) -> None:
    """Refuse a token server that a credential must not be shown to."""
    endpoint, subject = request.endpoint, request.subject
    try:
        parts = urlsplit(realm)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ContentError(subject, "the upstream names no usable token server")
    if endpoint.secure and parts.scheme != "https":
        raise ContentError(
            subject, f"the token server {redact(realm)} is not https as the registry is"
        )
    registry = host_of(endpoint.origin)
    elsewhere = parts.hostname.lower() != registry and not is_loopback(registry)
    if is_private(parts.hostname) and elsewhere:
        raise ContentError(
            subject, f"the token server {redact(realm)} is on a private address, not asked"
        )


def _parse_token(body: bytes, subject: str, realm: str) -> tuple[str, float]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ContentError(
            subject, f"the token server {redact(realm)} did not answer with JSON"
        ) from error
    document = document if isinstance(document, dict) else {}
    token = document.get("token") or document.get("access_token")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise ContentError(subject, f"the token server {redact(realm)} gave no token")
    lifetime = document.get("expires_in")
    if not isinstance(lifetime, (int, float)) or not 0 < lifetime < _LONGEST_LIFETIME:
        lifetime = _DEFAULT_LIFETIME
    return token, float(lifetime)
