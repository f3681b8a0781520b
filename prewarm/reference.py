"""The image reference: parsed and normalised once, as Docker does, and printed one way.

Grammar: https://pkg.go.dev/github.com/distribution/reference, with Docker's rules for short names.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace

from prewarm.errors import UsageError

DOCKER_HUB = "docker.io"
_HUB_ALIASES = {"index.docker.io"}
"""What Docker takes for docker.io; the API's own host, registry-1.docker.io, is not among them."""
_MAX_NAME = 255
_MAX_PORT = 65535

_HOST = re.compile(
    r"(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
    r"(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*"
    r"|\[([a-fA-F0-9:]+)\])(?::([0-9]{1,5}))?"
)
_REPOSITORY = re.compile(
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}")


@dataclass(frozen=True, slots=True)
class Reference:
    """Where an image is: `host[:port]/repository[:tag][@digest]`, every part normalised.

    At least one of `tag` and `digest` is there; a reference with neither was given `latest`.
    """

    host: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read a reference as a person writes it; `nginx` is `docker.io/library/nginx:latest`.

        Raises UsageError naming the part that is wrong.
        """
        name, at, digest = text.partition("@")
        if at and not is_digest(digest):
            raise _unreadable(text, f"{_shown(digest)} is not a digest (sha256:… or sha512:…)")
        slash, colon = name.rfind("/"), name.rfind(":")
        tag: str | None = None
        if colon > slash:
            name, tag = name[:colon], name[colon + 1 :]
            if not is_tag(tag):
                raise _unreadable(text, f"{_shown(tag)} is not a tag")
        if _DIGEST.fullmatch(f"sha256:{text}"):
            raise _unreadable(text, "64 hexadecimal digits are an image ID, not a name")
        host, repository = split_host(name)
        if not is_host(host):
            raise _unreadable(text, f"{_shown(host)} is not a host")
        if not is_repository(repository):
            wrong = (
                "repository names are lower case"
                if is_repository(repository.lower())
                else f"{_shown(repository)} is not a repository name"
            )
            raise _unreadable(text, wrong)
        if tag is None and not at:
            tag = "latest"
        return cls(host, repository, tag, digest or None)

    @property
    def name(self) -> str:
        """`host/repository`."""
        return f"{self.host}/{self.repository}"

    @property
    def pinned(self) -> bool:
        """Whether a digest says exactly which bytes are meant."""
        return self.digest is not None

    def with_digest(self, digest: str) -> Reference:
        """The same repository at `digest`, without the tag."""
        return replace(self, tag=None, digest=digest)

    def __lt__(self, other: Reference) -> bool:
        return str(self) < str(other)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag is not None else ""
        digest = f"@{self.digest}" if self.digest is not None else ""
        return f"{self.name}{tag}{digest}"


def split_host(name: str) -> tuple[str, str]:
    """Split a name without tag and digest into host and repository, with Docker's defaults."""
    first, slash, rest = name.partition("/")
    if not slash or not looks_like_host(first):
        host, repository = DOCKER_HUB, name
    else:
        host, repository = first, rest
    host = normalise_host(host)
    if host == DOCKER_HUB and "/" not in repository:
        repository = f"library/{repository}"
    return host, repository


def normalise_host(host: str) -> str:
    """The one spelling of a registry's host: lower case, and Docker Hub by its one name.

    A host that only its capitals tell from a repository keeps them.
    """
    lower = host.lower()
    if not looks_like_host(lower):
        return host
    return DOCKER_HUB if lower in _HUB_ALIASES else lower


def looks_like_host(component: str) -> bool:
    """Whether Docker takes the first component of a name for a registry's host."""
    return (
        "." in component
        or ":" in component
        or component == "localhost"
        or component.lower() != component
    )


def is_repository(text: str) -> bool:
    """Whether `text` is a repository name of the distribution spec, at most 255 characters."""
    return len(text) <= _MAX_NAME and _REPOSITORY.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """Whether `text` is a registry's `host[:port]`."""
    match = _HOST.fullmatch(text) if len(text) <= _MAX_NAME else None
    if match is None or int(match[2] or 0) > _MAX_PORT:
        return False
    return match[1] is None or _is_ipv6(match[1])


def is_tag(text: str) -> bool:
    """Whether `text` is a tag of the distribution spec."""
    return _TAG.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Whether `text` is a sha256 or sha512 digest in its canonical spelling."""
    return _DIGEST.fullmatch(text) is not None


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _unreadable(text: str, problem: str) -> UsageError:
    return UsageError(
        _shown(text), f"not an image reference: {problem}", "write host/repository:tag@digest"
    )


def _shown(text: str) -> str:
    return repr(text if len(text) <= 200 else f"{text[:200]}…")
