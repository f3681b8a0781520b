"""Every `/v2/` route as a value: a method and a URL in, what is asked for out; no I/O.

Source: the OCI distribution spec 1.1, "Endpoints" and "Error codes". Of the names: containerd
says the upstream in `?ns=`, containers/image in the path, dockerd not at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from urllib.parse import parse_qs

from prewarm.errors import PrewarmError
from prewarm.reference import is_digest, is_host, is_repository, is_tag, looks_like_host, split_host

MAX_URL = 2048
"""Characters of a path and of a query that are looked at."""

METHODS = ("GET", "HEAD")


class Code(str, Enum):
    """The spec's error codes, and the one that registries use for a bad page size."""

    BLOB_UNKNOWN = "BLOB_UNKNOWN"
    DIGEST_INVALID = "DIGEST_INVALID"
    MANIFEST_UNKNOWN = "MANIFEST_UNKNOWN"
    NAME_INVALID = "NAME_INVALID"
    NAME_UNKNOWN = "NAME_UNKNOWN"
    PAGINATION_NUMBER_INVALID = "PAGINATION_NUMBER_INVALID"
    UNSUPPORTED = "UNSUPPORTED"


class RequestError(PrewarmError):
    """A request that is answered with one of the spec's errors."""

    def __init__(self, code: Code, problem: str) -> None:
        self.code = code
        super().__init__("", problem)


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository of an upstream."""

    host: str
    name: str

    def __str__(self) -> str:
        return f"{self.host}/{self.name}"


@dataclass(frozen=True, slots=True)
class Ping:
    """`/v2/`: is this a registry?"""


@dataclass(frozen=True, slots=True)
class ManifestRequest:
    """A manifest or index, by tag or digest."""

    repository: Repository
    reference: str


@dataclass(frozen=True, slots=True)
class BlobRequest:
    """A configuration or a layer."""

    repository: Repository
    digest: str


@dataclass(frozen=True, slots=True)
class TagsRequest:
    """The tags after `last`, at most `n` of them.

    `named` and `namespace` are the repository and the `ns` as they were asked for.
    """

    repository: Repository
    named: str
    namespace: str | None = None
    n: int | None = None
    last: str = ""


Request = Ping | ManifestRequest | BlobRequest | TagsRequest

_ONE = re.compile(r"/v2/(.+)/(manifests|blobs|referrers)/([^/]+)", re.DOTALL)
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)
_TAGS = re.compile(r"/v2/(.+)/tags/list", re.DOTALL)


def parse_request(method: str, path: str, query: str) -> Request:
    """What a request asks for; `path` is decoded, `query` is not. Raises RequestError."""
    if method not in METHODS:
        raise RequestError(Code.UNSUPPORTED, "this registry is read-only")
    if len(path) > MAX_URL or len(query) > MAX_URL:
        raise RequestError(Code.NAME_INVALID, "the URL is too long")
    if path in ("/v2/", "/v2"):
        return Ping()
    try:
        options = parse_qs(query, keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise RequestError(Code.NAME_INVALID, "the query has too many fields") from error
    namespace = options["ns"][-1] if "ns" in options else None
    if match := _TAGS.fullmatch(path):
        n, last = options.get("n"), options.get("last", [""])[-1]
        size = _page_size(n[-1]) if n else None
        return TagsRequest(_repository(match[1], namespace), match[1], namespace, size, last)
    if match := _ONE.fullmatch(path):
        return _one(_repository(match[1], namespace), match[2], match[3])
    raise RequestError(Code.NAME_UNKNOWN, "no such endpoint")


def parse_range(header: str, size: int) -> range | None:
    """The bytes that a Range header asks for, of `size`; None for all of them.

    Only one range is read (RFC 9110, section 14.2, lets a server answer others whole). Raises
    ValueError when none of the bytes exist: 416.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        start, stop = max(0, size - int(match[2])), size
    else:
        start, stop = int(match[1]), min(size, int(match[2]) + 1) if match[2] else size
        if match[2] and int(match[2]) < start:
            return None
    if start >= stop:
        raise ValueError(header)
    return range(start, stop)


def _one(repository: Repository, kind: str, name: str) -> ManifestRequest | BlobRequest:
    if kind == "referrers":
        # oras asks for the fallback tag after a 404, unless its code is NAME_UNKNOWN.
        raise RequestError(Code.MANIFEST_UNKNOWN, "referrers are not served")
    if is_digest(name):
        return (BlobRequest if kind == "blobs" else ManifestRequest)(repository, name)
    if kind == "blobs" or ":" in name:
        raise RequestError(Code.DIGEST_INVALID, "not a sha256 or sha512 digest")
    if not is_tag(name):
        raise RequestError(Code.MANIFEST_UNKNOWN, "not a tag, so none that is held")
    return ManifestRequest(repository, name)


def _repository(name: str, namespace: str | None) -> Repository:
    """Which repository of which upstream a path and its `ns` name."""
    if namespace:
        if not is_host(namespace) or not looks_like_host(namespace):
            raise RequestError(Code.NAME_INVALID, "ns is not a host")
        first, _, rest = name.partition("/")
        if rest and first.lower() == namespace.lower() and looks_like_host(first):
            name = rest
        name = f"{namespace}/{name}"
    host, repository = split_host(name)
    if not is_host(host) or not is_repository(repository):
        raise RequestError(Code.NAME_INVALID, "not a repository name")
    return Repository(host, repository)


def _page_size(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise RequestError(Code.PAGINATION_NUMBER_INVALID, "n is not a number")
    return int(text)
