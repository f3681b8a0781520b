"""Where an upstream is asked: one endpoint's URL, path prefix and trust."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from prewarm.errors import UsageError
from prewarm.reference import DOCKER_HUB, is_host, is_repository

_HUB_ADDRESS = "registry-1.docker.io"
_PORTS = {"http": 80, "https": 443}


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
        address = _HUB_ADDRESS if host == DOCKER_HUB else host
        scheme = "http" if plain or is_loopback(address) else "https"
        return cls(f"{scheme}://{address}", "", ca_file)

    @property
    def host(self) -> str:
        """The upstream's `host[:port]` as credentials are filed under it."""
        address = self.origin.partition("://")[2]
        return DOCKER_HUB if address == _HUB_ADDRESS else address

    @property
    def secure(self) -> bool:
        return self.origin.startswith("https:")

    def repository(self, repository: str) -> str:
        """What the repository is called at this endpoint."""
        return f"{self.prefix}/{repository}" if self.prefix else repository

    def url(self, repository: str, kind: str, name: str) -> str:
        """The URL of a manifest or a blob."""
        return f"{self.origin}/v2/{self.repository(repository)}/{kind}/{name}"

    def moved_to(self, url: str) -> Endpoint:
        """Where a redirect leads, with the same trust; it is this endpoint within its origin."""
        origin = origin_of(url)
        return self if origin == origin_of(self.origin) else replace(self, origin=origin, prefix="")

    def __str__(self) -> str:
        return f"{self.origin}/{self.prefix}" if self.prefix else self.origin


def host_of(url: str) -> str:
    """The host of a URL without port, in lower case; empty when it has none."""
    return (urlsplit(url).hostname or "").lower()


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL: what a credential must not leave."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def is_loopback(host: str) -> bool:
    """Whether `host[:port]`, or an IPv6 address alone, is this machine by its very name."""
    bare = host.count(":") > 1 and "[" not in host
    name = host if bare else (urlsplit(f"//{host}").hostname or "").rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_private(host: str) -> bool:
    """Whether a host is a literal address that only means something nearby, however written."""
    host = host.strip("[]").rstrip(".")
    try:
        address = ipaddress.ip_address(_dotted(host))
    except ValueError:
        return is_loopback(host)
    return not address.is_global


def _dotted(host: str) -> str:
    """An IPv4 address in its usual form; resolvers read 2130706433 and 0x7f.1 as one, too."""
    if re.fullmatch(r"[0-9a-fx.]+", host):
        try:
            return socket.inet_ntoa(socket.inet_aton(host))
        except OSError:
            return host
    return host


def _is_prefix(prefix: str) -> bool:
    first, _, rest = prefix.partition("/")
    return is_repository(prefix) or (is_host(first) and (not rest or is_repository(rest)))


def _unusable(url: str, problem: str) -> UsageError:
    shown = re.sub(r"[?#].*", "…", re.sub(r"//.*@", "//…@", url))
    return UsageError(
        repr(shown), f"not an endpoint: {problem}", "write https://mirror.example:5000"
    )
