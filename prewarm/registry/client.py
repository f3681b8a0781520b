"""Pulls from upstreams: resolve a tag, read a manifest, pour a blob; retried, over mirrors in turn.

Source: the OCI distribution spec 1.1, "Pull".
"""

from __future__ import annotations

import math
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from prewarm.errors import ContentError, PrewarmError, TransferError
from prewarm.oci import ACCEPTED_TYPES, MAX_MANIFEST_SIZE, OCI_INDEX, Descriptor, digest_of
from prewarm.receiver import Receiver
from prewarm.reference import Reference, is_digest
from prewarm.registry.auth import Authorizer, denied
from prewarm.registry.credentials import Credential, Credentials
from prewarm.registry.discovery import Listing, has_no_referrers_api, referrers_of, tags_of
from prewarm.registry.endpoint import Endpoint, host_of
from prewarm.registry.http import Limits, Request, Response, Transport
from prewarm.registry.quota import Budget

_T = TypeVar("_T")
_ACCEPT = {"Accept": ", ".join(ACCEPTED_TYPES)}
_NOT_WITH_HEAD = (400, 405, 501)
_BAD_LINK = (400, 401, 403)
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/(?:[0-9]{1,18}|\*)")


class Registry:
    """All upstreams as one source. `endpoints` gives for a host the places to ask, in order."""

    def __init__(
        self,
        endpoints: Callable[[str], tuple[Endpoint, ...]],
        credentials: Credentials,
        limits: Limits,
        connections: int = 16,
        budget: Budget | None = None,
    ) -> None:
        self.budget = budget or Budget()
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
        """The manifest or index with `digest` in the reference's repository, verified.

        Raises QuotaError when that would cost more of a quota than may be spent.
        """
        self.budget.spend(reference)
        return self._over_endpoints(
            reference, lambda at: self._manifest_at(at, reference, digest, digest)
        )

    def pour(self, reference: Reference, descriptor: Descriptor, receiver: Receiver) -> None:
        """Bring a blob of the reference's repository into `receiver`, going on where it stands."""
        self._over_endpoints(
            reference, lambda at: self._pour_from(at, reference, descriptor, receiver)
        )

    def list_tags(self, repository: Reference) -> tuple[str, ...]:
        """All tags of a repository, in the upstream's order; raises PrewarmError."""
        listings: dict[Endpoint, Listing[str]] = {}

        def tags_at(endpoint: Endpoint) -> tuple[str, ...]:
            listing = listings.setdefault(endpoint, tags_of(endpoint, repository))
            while listing.url is not None:
                with self._ask("GET", listing.url, endpoint, repository, {}) as response:
                    _check_status(response, repository, endpoint, listing.what)
                    listing.take(response)
            return tuple(listing.items)

        return self._over_endpoints(repository, tags_at)

    def list_referrers(self, reference: Reference, digest: str) -> tuple[Descriptor, ...] | None:
        """What refers to a digest of the reference's repository; None where no upstream can say.

        Raises PrewarmError.
        """
        listings: dict[Endpoint, Listing[Descriptor]] = {}

        def referrers_at(endpoint: Endpoint) -> tuple[Descriptor, ...]:
            listing = listings.setdefault(endpoint, referrers_of(endpoint, reference, digest))
            headers = {"Accept": OCI_INDEX}
            while listing.url is not None:
                with self._ask("GET", listing.url, endpoint, reference, headers) as response:
                    if has_no_referrers_api(response):
                        raise TransferError(reference, "no list of referrers", status=404)
                    _check_status(response, reference, endpoint, listing.what)
                    listing.take(response)
            return tuple(listing.items)

        try:
            return self._over_endpoints(reference, referrers_at)
        except TransferError as error:
            if error.status == 404:
                return None
            raise

    def _over_endpoints(self, reference: Reference, action: Callable[[Endpoint], _T]) -> _T:
        """The first answer: the endpoints are asked in order, and once more where it may pass."""
        endpoints = tuple(dict.fromkeys(self._endpoints(reference.host)))
        failures: dict[Endpoint, PrewarmError] = {}
        left, pause = endpoints, self._limits.first_pause
        for attempt in range(1, self._limits.tries + 1):
            waits: dict[Endpoint, float] = {}
            for endpoint in left:
                try:
                    return action(endpoint)
                except (TransferError, ContentError) as error:
                    failures[endpoint] = error
                    wait = _wait_after(error, pause)
                    if wait <= self._limits.longest_pause:
                        waits[endpoint] = wait
            if not waits or attempt == self._limits.tries:
                break
            left = tuple(waits)
            time.sleep(max(waits.values()))
            pause *= 2
        raise failures[endpoints[-1]]

    def _resolve_at(self, endpoint: Endpoint, reference: Reference) -> Descriptor:
        name = reference.digest or reference.tag or ""
        url = endpoint.url(reference.repository, "manifests", name)
        with self._ask("HEAD", url, endpoint, reference, _ACCEPT) as response:
            if response.status not in _NOT_WITH_HEAD:
                _check_status(response, reference, endpoint, "manifest")
                digest = response.headers.get("Docker-Content-Digest", "")
                if is_digest(digest) and response.length is not None:
                    if reference.digest and digest != reference.digest:
                        raise _mismatch(reference, reference.digest, digest)
                    return Descriptor(_media_type(response), digest, response.length)
        return self._manifest_at(endpoint, reference, name, reference.digest)[0]

    def _manifest_at(
        self, endpoint: Endpoint, reference: Reference, name: str, digest: str | None
    ) -> tuple[Descriptor, bytes]:
        url = endpoint.url(reference.repository, "manifests", name)
        with self._ask("GET", url, endpoint, reference, _ACCEPT) as response:
            _check_status(response, reference, endpoint, "manifest")
            raw = response.read(MAX_MANIFEST_SIZE)
            if response.length is not None and len(raw) < response.length:
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
        start = receiver.offset
        try:
            if start < receiver.stop or descriptor.size == 0:
                self._pour_rest(endpoint, reference, descriptor, receiver)
            receiver.verify()
        except ContentError as error:
            if error.subject != descriptor.digest:
                raise
            problem = f"blob {error.subject}: {error.problem}"
            if start:  # what was there may be as wrong as what came
                raise TransferError(reference, problem, error.remedy) from error
            raise ContentError(reference, problem, error.remedy) from error

    def _pour_rest(
        self, endpoint: Endpoint, reference: Reference, descriptor: Descriptor, receiver: Receiver
    ) -> None:
        blob = f"blob {descriptor.digest}"
        url = endpoint.url(reference.repository, "blobs", descriptor.digest)
        headers = _range_of(receiver, descriptor)
        with self._ask("GET", url, endpoint, reference, headers) as response:
            if response.status == 416 and headers:
                receiver.seek(0)
                raise TransferError(reference, f"{blob} cannot be continued midway", status=416)
            if response.status != 206:
                _check_status(response, reference, endpoint, blob)
                receiver.seek(0)
            elif _start_of(response) != receiver.offset:
                wrong = f"asked for the bytes from {receiver.offset}, the upstream sent others"
                receiver.seek(0)
                raise TransferError(reference, f"{blob}: {wrong}", "run fetch again to begin anew")
            for chunk in response.chunks():
                if not receiver.write(chunk) and receiver.stop < descriptor.size:
                    break  # the rest is another receiver's
        if receiver.offset < receiver.stop:
            broken = f"{blob} ended after {receiver.offset} of {descriptor.size} bytes"
            raise TransferError(reference, broken, "run fetch again to go on from there")

    @contextmanager
    def _ask(
        self,
        method: str,
        url: str,
        endpoint: Endpoint,
        reference: Reference,
        headers: Mapping[str, str],
    ) -> Iterator[Response]:
        """One request with the authorization it needs; each host's 401 is answered once.

        A host that a redirect led to may have a challenge of its own. It gets no credential.
        """
        repository = reference.repository
        known = self._authorizer.header(endpoint, repository)
        request = Request(method, url, endpoint, str(reference), _authorized(headers, known))
        answered: dict[Endpoint, Credential | None] = {}
        while True:
            with self._transport.open(request) as response:
                self.budget.note(reference.host, response.headers)
                request, at = response.request, response.request.endpoint
                if response.status in (401, 403) and (at in answered or len(answered) > 1):
                    raise denied(request, answered.get(at), response.status)
                challenge = response.headers.get("WWW-Authenticate", "")
                if response.status != 401 or (at != endpoint and not challenge):
                    yield response
                    return
            host, name = at.host, at.repository(repository)
            answered[at] = self._credentials.lookup(host, name) if at == endpoint else None
            answer = self._authorizer.answer(request, repository, challenge, answered[at])
            request = replace(request, headers=_authorized(request.headers, answer))


def _range_of(receiver: Receiver, descriptor: Descriptor) -> Mapping[str, str]:
    if receiver.stop < descriptor.size:
        return {"Range": f"bytes={receiver.offset}-{receiver.stop - 1}"}
    return {"Range": f"bytes={receiver.offset}-"} if receiver.offset else {}


def _authorized(headers: Mapping[str, str], authorization: str) -> Mapping[str, str]:
    return {**headers, "Authorization": authorization} if authorization else headers


def _wait_after(error: PrewarmError, pause: float) -> float:
    """Seconds after which asking again may help; infinite where it cannot."""
    if not isinstance(error, TransferError):
        return math.inf
    status = error.status
    if status is not None and status < 500 and status not in (408, 416, 429):
        return math.inf
    return error.retry_after or pause * random.uniform(0.5, 1.0)  # noqa: S311


def _check_status(response: Response, reference: Reference, endpoint: Endpoint, what: str) -> None:
    status = response.status
    if status == 200:
        return
    if status in _BAD_LINK and response.request.endpoint != endpoint:
        host = host_of(response.request.url)
        raise TransferError(
            reference, f"{host} answered {status} to the link that {endpoint} gave", _LATER
        )
    problem, remedy = _WORDS.get(status, (f"{{at}} answered {status} for the {{what}}", ""))
    wait = response.retry_after
    if wait and status != 404:
        problem += f" and asks to wait {wait:.0f} seconds"
    raise TransferError(
        reference,
        problem.format(what=what, at=endpoint),
        remedy or (_LATER if status >= 500 else ""),
        status=status,
        retry_after=wait,
    )


_LATER = "try again later"
_WORDS = {
    403: ("{at} forbids it", "check your rights on it"),
    404: ("{what} not found at {at}", "check the name and the tag, and that you may read it"),
    429: ("{at} limits the rate of pulls", "try again later, or log in for a higher limit"),
}
"""Problem and remedy for the statuses that say something of their own."""


def _start_of(response: Response) -> int | None:
    """Where the body of a 206 begins, as far as it says so."""
    stated = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return int(stated[1]) if stated else None


def _media_type(response: Response) -> str:
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _mismatch(reference: Reference, expected: str, actual: str) -> ContentError:
    return ContentError(
        reference,
        f"digest mismatch: expected {expected}, got {actual}",
        "the upstream answers wrongly; nothing was kept",
    )
