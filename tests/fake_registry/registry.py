"""The fake registry: contents behind authentication, a pull quota, and a CDN for the blobs."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from prewarm.demo.answer import Request, Response, refusal
from prewarm.demo.images import Contents
from prewarm.demo.upstream import Link
from prewarm.reference import DOCKER_HUB
from tests.fake_registry.auth import Auth
from tests.fake_registry.cdn import FakeCdn
from tests.fake_registry.server import FakeServer

_MANIFEST = re.compile(r"/manifests/")
_BLOB = re.compile(r"/blobs/([^/?]+)")


@dataclass(slots=True)
class Quota:
    """Docker Hub's limit on pulls: a GET of a manifest is one, a HEAD is none."""

    remaining: int = 100
    limit: int = 100
    window: int = 21600

    @property
    def headers(self) -> dict[str, str]:
        return {
            "ratelimit-limit": f"{self.limit};w={self.window}",
            "ratelimit-remaining": f"{self.remaining};w={self.window}",
            "docker-ratelimit-source": "127.0.0.1",
        }


class FakeRegistry(FakeServer):
    """A registry of `contents`: anonymous, without quota and CDN unless they are given."""

    def __init__(
        self,
        contents: Contents,
        *,
        auth: Auth | None = None,
        quota: Quota | None = None,
        cdn: FakeCdn | None = None,
        host: str = DOCKER_HUB,
        link: Link | None = None,
        tls: Path | None = None,
    ) -> None:
        super().__init__(contents, host=host, link=link, tls=tls)
        self.auth = auth
        self.quota = quota
        self.cdn = cdn

    def name(self, repository: str) -> str:
        """A reference straight to this registry: `name("library/nginx:1.27")`."""
        return f"{self.address}/{repository}"

    def refuse(self, request: Request) -> Response | None:
        problem = self.auth.problem(request) if self.auth else None
        if self.auth and problem is not None:
            challenge = self.auth.challenge(request, self.url, problem)
            return refusal(401, "UNAUTHORIZED", problem, **{"WWW-Authenticate": challenge})
        if self.quota and is_pull(request) and not self.quota.remaining:
            return refusal(429, "TOOMANYREQUESTS", "You have reached your pull rate limit.")
        return None

    def respond(self, request: Request) -> Response:
        issued = self.auth.issue(request) if self.auth else None
        if issued is not None:
            return issued
        response = super().respond(request)
        blob = _BLOB.search(request.path)
        if self.cdn and blob and request.method == "GET" and response.status in (200, 206):
            return Response(307, {"Location": self.cdn.sign(blob[1])})
        return response

    def finish(self, request: Request, response: Response) -> Response:
        headers = dict(response.headers)
        if response.status == 401 and self.auth and request.path.startswith("/v2/"):
            challenge = self.auth.challenge(request, self.url, "invalid_token")
            headers.setdefault("WWW-Authenticate", challenge)
        if self.quota and _MANIFEST.search(request.path) and response.status != 401:
            with self._lock:
                self.quota.remaining -= is_pull(request) and response.status == 200
            headers |= self.quota.headers
        return replace(response, headers=headers)


def is_pull(request: Request) -> bool:
    return request.method == "GET" and _MANIFEST.search(request.path) is not None
