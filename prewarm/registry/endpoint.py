"""Where an upstream is asked: one endpoint's URL, path prefix and trust."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from prewarm.errors import UsageError
from prewarm.reference import DOCKER_HUB, is_host, is_repository


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One place that answers for an upstream.

    `origin` is scheme, host and port; `prefix` a path that is put before every repository (the
    project of a Harbor proxy cache, the host prefix of a mirror); `ca_file` a PEM bundle that is
    trusted in place of the system's.
    """

    origin: str
    prefix: str = ""
    ca_file: Path | None = None

    @classmethod
    def parse(cls, url: str, ca_file: Path | None = None) -> Endpoint:
        """Read `http[s]://host[:port][/prefix]`; raises UsageError."""
        try:
            parts = urlsplit(url)
            host = parts.netloc
            _ = parts.port
        except ValueError as error:
            raise _unusable(url, str(error)) from error
        prefix = parts.path.strip("/")
        if parts.scheme not in ("http", "https") or not is_host(host):
            raise _unusable(url, "not http[s]://host[:port][/prefix]")
        if parts.query or parts.fragment or (prefix and not _is_prefix(prefix)):
            raise _unusable(url, "only a path prefix may follow the host")
        return cls(f"{parts.scheme}://{host.lower()}", prefix, ca_file)

    @classmethod
    def of_host(cls, host: str, ca_file: Path | None = None, *, plain: bool = False) -> Endpoint:
        """The upstream itself: over https, and over http only on loopback or when told so."""
        address = "registry-1.docker.io" if host == DOCKER_HUB else host
        scheme = "http" if plain or is_loopback(address) else "https"
        return cls(f"{scheme}://{address}", "", ca_file)

    @property
    def secure(self) -> bool:
        return self.origin.startswith("https:")

    def repository(self, repository: str) -> str:
        """What the repository is called at this endpoint."""
        return f"{self.prefix}/{repository}" if self.prefix else repository

    def url(self, repository: str, kind: str, name: str) -> str:
        """The URL of a manifest or a blob."""
        return f"{self.origin}/v2/{self.repository(repository)}/{kind}/{name}"

    def __str__(self) -> str:
        return f"{self.origin}/{self.prefix}" if self.prefix else self.origin


def host_of(url: str) -> str:
    """The host of a URL without port, in lower case; empty when it has none."""
    return (urlsplit(url).hostname or "").lower()


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL: what a credential must not leave."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


def is_loopback(host: str) -> bool:
    """Whether `host[:port]` is this machine by its very name."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_private(host: str) -> bool:
    """Whether a host is a literal address that only means something nearby."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return is_loopback(host)
    return address.is_private or address.is_link_local or address.is_loopback


def _is_prefix(prefix: str) -> bool:
    first, _, rest = prefix.partition("/")
    return is_repository(prefix) or (is_host(first) and (not rest or is_repository(rest)))


def _unusable(url: str, problem: str) -> UsageError:
    return UsageError(repr(url), f"not an endpoint: {problem}", "write https://mirror.example:5000")
