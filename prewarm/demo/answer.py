"""What a read-only registry answers: a request over contents in memory gives a response; no I/O.

The path may begin with a host, as mirrors are asked: `/v2/quay.io/org/app/…` is `quay.io/org/app`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import parse_qs, unquote, urlsplit

from prewarm.demo.images import Contents, Repository
from prewarm.oci import OCI_INDEX, Descriptor
from prewarm.reference import DOCKER_HUB, is_digest, looks_like_host

_ROUTE = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs|tags|referrers)/(?P<item>[^/]+)")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked; `path` has the query."""

    method: str
    path: str
    headers: Message = field(default_factory=Message)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """What is answered. Content-Length is the body's unless `headers` say otherwise."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def answer(contents: Contents, request: Request, host: str = DOCKER_HUB) -> Response:
    """The response to any request under `/v2/`; `host` is meant where the path names none."""
    if request.method not in ("GET", "HEAD"):
        return refusal(405, "UNSUPPORTED", "this registry is read-only", Allow="GET, HEAD")
    parts = urlsplit(request.path)
    path = unquote(parts.path)
    if path in ("/v2", "/v2/"):
        return _to_json({})
    route = _ROUTE.fullmatch(path)
    if route is None:
        return refusal(404, "NOT_FOUND", f"no such route: {path}")
    name, kind, item = route["name"], route["kind"], route["item"]
    first = name.partition("/")[0]
    repository = contents.repositories.get(name if looks_like_host(first) else f"{host}/{name}")
    if repository is None:
        return refusal(404, "NAME_UNKNOWN", f"no such repository: {name}")
    if kind == "manifests":
        return _answer_manifest(contents, repository, item)
    if kind == "blobs":
        return _answer_blob(contents, repository, item, request)
    if kind == "referrers":
        return _answer_referrers(contents, repository, item)
    return _answer_tags(repository, name, parse_qs(parts.query))


def refusal(status: int, code: str, message: str, **headers: str) -> Response:
    """An error in the distribution spec's form."""
    return _to_json({"errors": [{"code": code, "message": message}]}, status, headers)


def _to_json(
    document: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(
        status,
        {"Content-Type": "application/json", **_VERSION, **(headers or {})},
        json.dumps(document).encode(),
    )


def _answer_manifest(contents: Contents, repository: Repository, item: str) -> Response:
    among = repository.manifests if is_digest(item) else repository.tags
    descriptor: Descriptor | None = among.get(item)
    if descriptor is None:
        return refusal(404, "MANIFEST_UNKNOWN", f"no such manifest: {item}")
    headers = {
        "Content-Type": descriptor.media_type,
        "Docker-Content-Digest": descriptor.digest,
        **_VERSION,
    }
    return Response(200, headers, contents.blobs[descriptor.digest])


def _answer_blob(
    contents: Contents, repository: Repository, digest: str, request: Request
) -> Response:
    if digest not in repository.blobs:
        return refusal(404, "BLOB_UNKNOWN", f"no such blob: {digest}")
    return answer_bytes(
        contents.blobs[digest], request, {"Docker-Content-Digest": digest, **_VERSION}
    )


def answer_bytes(raw: bytes, request: Request, headers: Mapping[str, str]) -> Response:
    """Some bytes, or the one range of them that the request asks for."""
    headers = {"Content-Type": "application/octet-stream", **headers, "Accept-Ranges": "bytes"}
    asked = parse_range(request.headers.get("Range") or "", len(raw))
    if asked is None or request.method == "HEAD":
        return Response(200, headers, raw)
    if not asked:
        return Response(416, {"Content-Range": f"bytes */{len(raw)}"})
    headers["Content-Range"] = f"bytes {asked.start}-{asked.stop - 1}/{len(raw)}"
    return Response(206, headers, raw[asked.start : asked.stop])


def parse_range(text: str, size: int) -> range | None:
    """The bytes that a Range header asks for: None if all of them, empty if none can be had."""
    match = _RANGE.fullmatch(text.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return range(max(0, size - int(last)), size)
    return range(int(first), min(int(last) + 1, size) if last else size)


def _answer_referrers(contents: Contents, repository: Repository, digest: str) -> Response:
    """An index of the repository's manifests that name the digest as their subject."""
    entries = [
        {"mediaType": d.media_type, "digest": d.digest, "size": d.size}
        for d in repository.manifests.values()
        if _subject_of(contents.blobs[d.digest]) == digest
    ]
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    return _to_json(index, headers={"Content-Type": OCI_INDEX})


def _subject_of(raw: bytes) -> str | None:
    try:
        subject = json.loads(raw).get("subject")
    except (ValueError, AttributeError):
        return None
    return subject.get("digest") if isinstance(subject, dict) else None


def _answer_tags(repository: Repository, name: str, query: dict[str, list[str]]) -> Response:
    after, limit = query.get("last", [""])[0], query.get("n", [""])[0]
    tags = sorted(tag for tag in repository.tags if tag > after)
    headers = {}
    if limit.isdigit() and len(tags) > int(limit):
        tags = tags[: int(limit)]
        if tags:
            headers["Link"] = f'</v2/{name}/tags/list?n={limit}&last={tags[-1]}>; rel="next"'
    return _to_json({"name": name, "tags": tags}, headers=headers)
