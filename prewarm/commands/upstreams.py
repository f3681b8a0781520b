"""From settings and environment to the registry client, made when the first request is due."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from prewarm.config import FetchSettings, RegistrySettings, Settings
from prewarm.errors import UsageError
from prewarm.oci import Descriptor
from prewarm.receiver import Receiver
from prewarm.reference import Reference
from prewarm.registry.endpoint import Endpoint

if TYPE_CHECKING:
    from prewarm.registry.client import Registry
    from prewarm.registry.http import Limits
    from prewarm.registry.quota import Quota


def upstreams(
    settings: Settings, environ: Mapping[str, str], jobs: int, max_pulls: int | None = None
) -> Upstreams:
    """All upstreams as the settings have them; raises UsageError now for what is unusable.

    `max_pulls` takes the place of the settings' number.
    """
    configured = {}
    for host, registry in settings.registries.items():
        try:
            configured[host] = _endpoints(host, registry)
        except UsageError as error:
            problem = f'registry."{host}": {error.subject} is {error.problem}'
            raise UsageError(settings.file or "settings", problem, error.remedy) from error
    chosen = settings.fetch if max_pulls is None else replace(settings.fetch, max_pulls=max_pulls)
    return Upstreams(configured, environ, jobs, chosen)


class Upstreams:
    """A source that loads its client only when something has to be asked for."""

    def __init__(
        self,
        configured: Mapping[str, tuple[Endpoint, ...]],
        environ: Mapping[str, str],
        jobs: int,
        settings: FetchSettings,
    ) -> None:
        self._configured = configured
        self._environ = environ
        self._jobs = jobs
        self._settings = settings
        self._lock = threading.Lock()
        self._made: Registry | None = None

    def resolve(self, reference: Reference) -> Descriptor:
        return self._registry.resolve(reference)

    def read_manifest(self, reference: Reference, digest: str) -> tuple[Descriptor, bytes]:
        return self._registry.read_manifest(reference, digest)

    def pour(self, reference: Reference, descriptor: Descriptor, receiver: Receiver) -> None:
        self._registry.pour(reference, descriptor, receiver)

    def list_tags(self, repository: Reference) -> tuple[str, ...]:
        return self._registry.list_tags(repository)

    def list_referrers(self, reference: Reference, digest: str) -> tuple[Descriptor, ...] | None:
        return self._registry.list_referrers(reference, digest)

    @property
    def _registry(self) -> Registry:
        with self._lock:
            self._made = self._made or self._make()
            return self._made

    def quota(self, host: str) -> Quota | None:
        """What an upstream said last of its quota."""
        return self._registry.budget.quota(host)

    def endpoints(self, host: str) -> tuple[Endpoint, ...]:
        """The places to ask for a host, in order."""
        return self._configured.get(host) or _endpoints(host, RegistrySettings())

    def _make(self) -> Registry:
        from prewarm.registry.client import Registry  # noqa: PLC0415
        from prewarm.registry.credentials import Credentials  # noqa: PLC0415
        from prewarm.registry.quota import Budget  # noqa: PLC0415

        credentials = Credentials.of_environment(self._environ)
        budget = Budget(self._settings.max_pulls, self._settings.quota_floor or 0)
        limits = _limits(self._settings)
        return Registry(cache(self.endpoints), credentials, limits, self._jobs, budget)


def _limits(settings: FetchSettings) -> Limits:
    from prewarm.registry.http import Limits  # noqa: PLC0415

    usual = Limits()
    return replace(
        usual,
        connect=settings.connect_timeout or usual.connect,
        read=settings.timeout or usual.read,
        slowest=usual.slowest if settings.min_speed is None else settings.min_speed,
        tries=settings.tries or usual.tries,
        longest_pause=usual.longest_pause if settings.max_wait is None else settings.max_wait,
    )


def _endpoints(host: str, settings: RegistrySettings) -> tuple[Endpoint, ...]:
    if settings.ca_file and not settings.ca_file.is_file():
        raise UsageError(settings.ca_file, "not a file", "name a PEM file as ca-file")
    if not settings.endpoints:
        return (Endpoint.of_host(host, settings.ca_file, plain=settings.plain_http),)
    return tuple(Endpoint.parse(url, settings.ca_file) for url in settings.endpoints)
