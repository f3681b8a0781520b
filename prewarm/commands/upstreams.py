"""From settings and environment to the registry client."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from prewarm.config import RegistrySettings, Settings
from prewarm.registry.client import Registry
from prewarm.registry.credentials import Credentials
from prewarm.registry.endpoint import Endpoint
from prewarm.registry.http import Limits


def registry_of(settings: Settings, environ: Mapping[str, str], jobs: int) -> Registry:
    """The client for all upstreams as the settings have them; raises UsageError now, not later."""
    configured = {host: _endpoints(host, s) for host, s in settings.registries.items()}

    @cache
    def endpoints(host: str) -> tuple[Endpoint, ...]:
        return configured.get(host) or _endpoints(host, RegistrySettings())

    return Registry(endpoints, Credentials.of_environment(environ), Limits(), jobs)


def _endpoints(host: str, settings: RegistrySettings) -> tuple[Endpoint, ...]:
    if not settings.endpoints:
        return (Endpoint.of_host(host, settings.ca_file, plain=settings.plain_http),)
    return tuple(Endpoint.parse(url, settings.ca_file) for url in settings.endpoints)
