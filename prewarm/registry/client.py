"""Pulls from upstreams: resolve a tag, read a manifest, pour a blob; retried, over mirrors in turn.

Source: the OCI distribution spec 1.1, "Pull".
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import TypeVar

from prewarm.errors import ContentError, PrewarmError, TransferError
from prewarm.oci import ACCEPTED_TYPES, MAX_MANIFEST_SIZE, Descriptor, digest_of
from prewarm.receiver import Receiver
from prewarm.reference import DOCKER_HUB, Reference, is_digest
from prewarm.registry.auth import Authorizer, denied
from prewarm.registry.credentials import Credential, Credentials
from prewarm.registry.endpoint import Endpoint
from prewarm.registry.http import Limits, Request, Response, Transport

_T = TypeVar("_T")
_ACCEPT = {"Accept": ", ".join(ACCEPTED_TYPES)}
_NOT_WITH_HEAD = (400, 405, 501)
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class Registry:
    """All upstreams as one source. `endpoints` gives for a host the places to ask, in order."""

    def __init__(
        self,
        endpoints: Callable[[str], tuple[Endpoint, ...]],
        credentials: Credentials,
        limits: Limits,
        connections: int = 16,
    ) -> None:
        self._endpoints = endpoints
        self._credentials = credentials
        self._limits = limits
        self._transport = Transport(limits, connections)
        self._authorizer = Authorizer(self._transport)

    def resolve(self, reference: Reference) -> Descriptor:
        """What a reference points to now, without its body where the upstream allows (HEAD).

        Raises TransferError or ContentError.
        """
        return self._over_endpoints(reference, lambda at: self._resolve_at(at, reference))

    def read_manifest(self, reference: Reference, digest: str) -> tuple[Descriptor, bytes]:
        """The manifest or index with `digest` in the reference's repository, verified."""
        return self._over_endpoints(
            reference, lambda at: self._manifest_at(at, reference, digest, digest)
        )

    def pour(self, reference: Reference, descriptor: Descriptor, receiver: Receiver) -> None:
        """Bring a blob of the reference's repository into `receiver`, going on where it stands."""
        self._over_endpoints(
            reference, lambda at: self._pour_from(at, reference, descriptor, receiver)
        )

    def _over_endpoints(self, reference: Reference, action: Callable[[Endpoint], _T]) -> _T:
        failures: list[PrewarmError] = []
        for endpoint in self._endpoints(reference.host):
            try:
                return self._with_retries(endpoint, action)
            except (TransferError, ContentError) as error:
                failures.append(error)
        raise failures[-1]

    def _with_retries(self, endpoint: Endpoint, action: Callable[[Endpoint], _T]) -> _T:
        pause = self._limits.first_pause
        for attempt in range(1, self._limits.tries + 1):
            try:
                return action(endpoint)
            except TransferError as error:
                wait = error.retry_after or pause * random.uniform(0.5, 1.0)  # noqa: S311
                last = attempt == self._limits.tries or wait > self._limits.longest_pause
                if last or not _may_pass(error.status):
                    raise
            time.sleep(wait)
            pause *= 2
        raise AssertionError("the last attempt returns or raises")

    def _resolve_at(self, endpoint: Endpoint, reference: Reference) -> Descriptor:
        name = reference.digest or reference.tag or ""
        url = endpoint.url(reference.repository, "manifests", name)
        with self._ask("HEAD", url, endpoint, reference, _ACCEPT) as response:
            if response.status not in _NOT_WITH_HEAD:
                _check_status(response, reference, endpoint, "manifest")
                digest = response.headers.get("Docker-Content-Digest", "")
                size = response.headers.get("Content-Length", "")
                if is_digest(digest) and size.isdecimal():
                    if reference.digest and digest != reference.digest:
                        raise _mismatch(reference, reference.digest, digest)
                    return Descriptor(_media_type(response), digest, int(size))
        return self._manifest_at(endpoint, reference, name, reference.digest)[0]

    def _manifest_at(
        self, endpoint: Endpoint, reference: Reference, name: str, digest: str | None
    ) -> tuple[Descriptor, bytes]:
        url = endpoint.url(reference.repository, "manifests", name)
        with self._ask("GET", url, endpoint, reference, _ACCEPT) as response:
            _check_status(response, reference, endpoint, "manifest")
            raw = response.read(MAX_MANIFEST_SIZE)
            expected = response.headers.get("Content-Length", "")
            if expected.isdecimal() and len(raw) < int(expected):
                raise TransferError(reference, f"the manifest ended after {len(raw)} bytes")
            announced = digest or response.headers.get("Docker-Content-Digest", "")
            algorithm = announced.partition(":")[0] if is_digest(announced) else "sha256"
            actual = digest_of(raw, algorithm)
            if is_digest(announced) and actual != announced:
                raise _mismatch(reference, announced, actual)
            return Descriptor(_media_type(response), actual, len(raw)), raw

    def _pour_from(
        self, endpoint: Endpoint, reference: Reference, descriptor: Descriptor, receiver: Receiver
    ) -> None:
        url = endpoint.url(reference.repository, "blobs", descriptor.digest)
        if receiver.offset < descriptor.size or descriptor.size == 0:
            headers = {"Range": f"bytes={receiver.offset}-"} if receiver.offset else {}
            with self._ask("GET", url, endpoint, reference, headers) as response:
                if response.status == 416 and headers:
                    receiver.seek(0)
                    what = f"blob {descriptor.digest} cannot be continued midway"
                    raise TransferError(reference, what, status=416)
                _check_status(response, reference, endpoint, f"blob {descriptor.digest}")
                receiver.seek(_start_of(response, reference, receiver.offset))
                for chunk in response.chunks():
                    receiver.write(chunk)
        if receiver.offset < descriptor.size:
            raise TransferError(
                reference,
                f"blob {descriptor.digest} ended after {receiver.offset} of "
                f"{descriptor.size} bytes",
            )
        receiver.commit()

    @contextmanager
    def _ask(
        self,
        method: str,
        url: str,
        endpoint: Endpoint,
        reference: Reference,
        headers: Mapping[str, str],
    ) -> Iterator[Response]:
        """One request with the authorization it needs; a 401 is answered once."""
        repository = reference.repository
        known = self._authorizer.header(endpoint, repository)
        request = Request(method, url, endpoint, str(reference), _authorized(headers, known))
        with self._transport.open(request) as response:
            if response.status != 401:
                yield response
                return
            challenge = response.headers.get("WWW-Authenticate", "")
        credential = self._credential(endpoint, repository)
        answer = self._authorizer.answer(request, repository, challenge, credential)
        request = replace(request, headers=_authorized(headers, answer))
        with self._transport.open(request) as response:
            if response.status in (401, 403):
                raise denied(request, credential, response.status)
            yield response

    def _credential(self, endpoint: Endpoint, repository: str) -> Credential | None:
        host = endpoint.origin.partition("://")[2]
        if host == "registry-1.docker.io":
            host = DOCKER_HUB
        return self._credentials.lookup(host, endpoint.repository(repository))


def _authorized(headers: Mapping[str, str], authorization: str) -> Mapping[str, str]:
    return {**headers, "Authorization": authorization} if authorization else headers


def _may_pass(status: int | None) -> bool:
    return status is None or status >= 500 or status in (408, 416, 429)


def _check_status(response: Response, reference: Reference, endpoint: Endpoint, what: str) -> None:
    status = response.status
    if status in (200, 206):
        return
    if status == 404:
        raise TransferError(
            reference,
            f"{what} not found at {endpoint}",
            "check the name and the tag, and that you may read it",
            status=status,
        )
    if status == 403:
        raise TransferError(
            reference, f"{endpoint} forbids it", "check your rights on it", status=status
        )
    if status == 429:
        raise TransferError(
            reference,
            f"{endpoint} limits the rate of pulls",
            "wait, or log in for a higher limit",
            status=status,
            retry_after=_retry_after(response),
        )
    raise TransferError(
        reference,
        f"{endpoint} answered {status} for the {what}",
        "try again later" if status >= 500 else "",
        status=status,
        retry_after=_retry_after(response),
    )


def _retry_after(response: Response) -> float | None:
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _start_of(response: Response, reference: Reference, offset: int) -> int:
    """Where the body that comes begins; raises ContentError for a range that was not asked for."""
    if response.status != 206:
        return 0
    stated = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if stated is None or int(stated[1]) != offset:
        raise ContentError(
            reference, f"asked for the bytes from {offset}, the upstream sent another range"
        )
    return offset


def _media_type(response: Response) -> str:
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _mismatch(reference: Reference, expected: str, actual: str) -> ContentError:
    return ContentError(
        reference,
        f"digest mismatch: expected {expected}, got {actual}",
        "the upstream answers wrongly; nothing was kept",
    )
