"""From settings and environment to the registry client, made when the first request is due."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from prewarm.config import RegistrySettings, Settings
from prewarm.errors import UsageError
from prewarm.oci import Descriptor
from prewarm.receiver import Receiver
from prewarm.reference import Reference
from prewarm.registry.endpoint import Endpoint

if TYPE_CHECKING:
    from prewarm.registry.client import Registry


def upstreams(settings: Settings, environ: Mapping[str, str], jobs: int) -> Upstreams:
    """All upstreams as the settings have them; raises UsageError now for what is unusable."""
    configured = {}
    for host, registry in settings.registries.items():
        try:
            configured[host] = _endpoints(host, registry)
        except UsageError as error:
            problem = f'registry."{host}": {error.subject} is {error.problem}'
            raise UsageError(settings.file or "settings", problem, error.remedy) from error
    return Upstreams(configured, environ, jobs)


class Upstreams:
    """A source that loads its client only when something has to be asked for."""

    def __init__(
        self, configured: Mapping[str, tuple[Endpoint, ...]], environ: Mapping[str, str], jobs: int
    ) -> None:
        self._configured = configured
        self._environ = environ
        self._jobs = jobs
        self._lock = threading.Lock()
        self._made: Registry | None = None

    def resolve(self, reference: Reference) -> Descriptor:
        return self._registry.resolve(reference)

    def read_manifest(self, reference: Reference, digest: str) -> tuple[Descriptor, bytes]:
        return self._registry.read_manifest(reference, digest)

    def pour(self, reference: Reference, descriptor: Descriptor, receiver: Receiver) -> None:
        self._registry.pour(reference, descriptor, receiver)

    @property
    def _registry(self) -> Registry:
        with self._lock:
            self._made = self._made or self._make()
            return self._made

    def _make(self) -> Registry:
        from prewarm.registry.client import Registry  # noqa: PLC0415
        from prewarm.registry.credentials import Credentials  # noqa: PLC0415
        from prewarm.registry.http import Limits  # noqa: PLC0415

        @cache
        def endpoints(host: str) -> tuple[Endpoint, ...]:
            return self._configured.get(host) or _endpoints(host, RegistrySettings())

        credentials = Credentials.of_environment(self._environ)
        return Registry(endpoints, credentials, Limits(), self._jobs)


def _endpoints(host: str, settings: RegistrySettings) -> tuple[Endpoint, ...]:
    if settings.ca_file and not settings.ca_file.is_file():
        raise UsageError(settings.ca_file, "not a file", "name a PEM file as ca-file")
    if not settings.endpoints:
        return (Endpoint.of_host(host, settings.ca_file, plain=settings.plain_http),)
    return tuple(Endpoint.parse(url, settings.ca_file) for url in settings.endpoints)
