"""Lists that an upstream gives page by page: a repository's tags, and what refers to a digest.

Source: the OCI distribution spec 1.1, "Listing Tags" and "Listing Referrers".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import urljoin

from prewarm.errors import ContentError, TransferError
from prewarm.oci import MAX_MANIFEST_SIZE, OCI_INDEX, Descriptor, Index, parse_manifest
from prewarm.reference import Reference, is_tag
from prewarm.registry.endpoint import Endpoint, origin_of
from prewarm.registry.http import Response, redact

MAX_PAGES = 100
MAX_TAGS = 100_000
MAX_REFERRERS = 1000
MAX_PAGE_SIZE = MAX_MANIFEST_SIZE
"""Bytes of one page, and of one index of referrers."""

_TAGS_A_PAGE = 1000
_NO_REFERRERS_API = (400, 404, 405, 406, 501)
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_NEXT = re.compile(r";\s*rel\s*=\s*(?:\"\s*next\s*\"|next\b)", re.IGNORECASE)

_Item = TypeVar("_Item")
_Parse = Callable[[bytes, Reference], Sequence[_Item]]


@dataclass(slots=True)
class Listing(Generic[_Item]):
    """What one endpoint has told of a list so far; `url` is the next page's, None at the end.

    Asking again goes on with the page that failed.
    """

    subject: Reference
    endpoint: Endpoint
    url: str | None
    what: str
    parse: _Parse[_Item]
    limit: int
    items: dict[_Item, None] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def take(self, response: Response) -> None:
        """Add the page at `url`, answered with status 200; raises PrewarmError."""
        raw = response.read(MAX_PAGE_SIZE)
        if response.length is not None and len(raw) < response.length:
            raise TransferError(self.subject, f"the {self.what} ended after {len(raw)} bytes")
        self.items.update(dict.fromkeys(self.parse(raw, self.subject)))
        if len(self.items) > self.limit:
            raise self._wrong(f"has more than {self.limit} entries")
        self._taken.add(self.url or "")
        self.url = self._next(response)

    def _next(self, response: Response) -> str | None:
        """The page that the Link header names, if it names one that may be asked for."""
        target = parse_next(response.headers.get("Link", ""))
        if target is None:
            return None
        try:
            url = urljoin(response.request.url, target)
            inside = origin_of(url) == origin_of(self.endpoint.origin)
        except ValueError as error:
            raise self._wrong("goes on at something that is no URL") from error
        if not inside:
            raise self._wrong(f"goes on at {redact(url)}, which is not {self.endpoint.origin}")
        if url in self._taken:
            raise self._wrong("leads back to a page that it gave before")
        if len(self._taken) >= MAX_PAGES:
            raise self._wrong(f"has more than {MAX_PAGES} pages")
        return url

    def _wrong(self, problem: str) -> ContentError:
        return ContentError(self.subject, f"the {self.what} {problem}", "name the images wanted")


def tags_of(endpoint: Endpoint, repository: Reference) -> Listing[str]:
    """The list of a repository's tags, nothing of it read yet."""
    url = endpoint.url(repository.repository, "tags", f"list?n={_TAGS_A_PAGE}")
    return Listing(repository, endpoint, url, "list of tags", parse_tags, MAX_TAGS)


def referrers_of(endpoint: Endpoint, reference: Reference, digest: str) -> Listing[Descriptor]:
    """The list of what refers to a digest, nothing of it read yet."""
    url = endpoint.url(reference.repository, "referrers", digest)
    subject = reference.with_digest(digest)
    return Listing(subject, endpoint, url, "list of referrers", parse_referrers, MAX_REFERRERS)


def has_no_referrers_api(response: Response) -> bool:
    """Whether an answer says that there is no such list here, rather than an empty one."""
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return response.status in _NO_REFERRERS_API or (
        response.status == 200 and media_type != OCI_INDEX
    )


def parse_tags(raw: bytes, subject: Reference) -> Sequence[str]:
    """The tags of a page; what no client could ask for is left out. Raises ContentError."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ContentError(subject, "the list of tags is not JSON") from error
    tags = document.get("tags") if isinstance(document, dict) else 0
    if tags is None:
        return []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise ContentError(subject, "the list of tags is none")
    return [tag for tag in tags if is_tag(tag)]


def parse_referrers(raw: bytes, subject: Reference) -> Sequence[Descriptor]:
    """The descriptors of a page; raises ContentError."""
    document = parse_manifest(raw, OCI_INDEX, subject)
    return document.manifests if isinstance(document, Index) else ()


def parse_next(header: str) -> str | None:
    """The target of a Link header with `rel="next"`."""
    return next((m[1] for m in _LINK.finditer(header) if _NEXT.search(m[2])), None)
