"""What docker's config.json and podman's auth.json say: credentials by key, and helper programs.

Source: https://docs.docker.com/reference/cli/docker/login/, containers-auth.json(5).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prewarm.errors import UsageError
from prewarm.reference import DOCKER_HUB

HUB_SERVER = "https://index.docker.io/v1/"
"""What docker calls Docker Hub where it files a credential or asks a helper for it."""
_HUB_KEYS = ("https://index.docker.io/v1", "index.docker.io", "registry-1.docker.io")
_MAX_FILE_SIZE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Credential:
    """A user and a password, or a token in their place; `source` says where it was found.

    An identity token is exchanged for tokens of the registry; a registry token is one already. No
    secret ever shows in a representation.
    """

    user: str
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)
    source: str = field(default="", compare=False)

    @property
    def basic(self) -> str:
        """The value of an Authorization header for HTTP Basic; empty where there is but a token."""
        if self.kind != "password" and not self.password:
            return ""
        raw = f"{self.user}:{self.password}".encode("utf-8", "surrogateescape")
        return "Basic " + base64.b64encode(raw).decode()

    @property
    def kind(self) -> str:
        if self.registry_token:
            return "registry token"
        return "identity token" if self.identity_token else "password"


@dataclass(frozen=True, slots=True)
class AuthFile:
    """One file: its credentials, the helpers of single hosts, and the one for all others."""

    credentials: Mapping[str, Credential] = field(default_factory=dict)
    helpers: Mapping[str, str] = field(default_factory=dict)
    store: str = ""

    def credential(self, host: str, repository: str) -> Credential | None:
        """The entry for a repository of a host, the most specific key first."""
        keys = (*_namespaces(host, repository), *_keys(host))
        return next((self.credentials[key] for key in keys if key in self.credentials), None)

    def helper(self, host: str) -> tuple[str, str]:
        """The helper that is asked for a host, empty where none is, and its name for the host.

        Docker files Docker Hub under its URL, podman under docker.io.
        """
        docker = HUB_SERVER if host == DOCKER_HUB else host
        for key in (docker.rstrip("/"), *_keys(host)):
            if key in self.helpers:
                return self.helpers[key], host if key == host else docker
        return self.store, docker


def read_auth_file(path: Path) -> AuthFile:
    """Read one file, which may be missing; raises UsageError for one that is no JSON."""
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(_MAX_FILE_SIZE))
    except (FileNotFoundError, NotADirectoryError):
        return AuthFile()
    except OSError as error:
        raise UsageError(path, f"cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        problem = f"not JSON ({_where(error)})"
        raise UsageError(path, problem, "log in again to have it written") from None
    document = document if isinstance(document, dict) else {}
    credentials = {
        key.rstrip("/"): credential
        for key, entry in _table(document, "auths").items()
        if (credential := _credential(entry, str(path))) is not None
    }
    helpers = {
        key.rstrip("/"): name
        for key, name in _table(document, "credHelpers").items()
        if isinstance(name, str)
    }
    return AuthFile(credentials, helpers, _text(document, "credsStore"))


def _namespaces(host: str, repository: str) -> list[str]:
    parts = repository.split("/")
    return [f"{host}/{'/'.join(parts[:end])}" for end in range(len(parts), 0, -1)]


def _keys(host: str) -> list[str]:
    hub = _HUB_KEYS if host == DOCKER_HUB else ()
    urls = (f"https://{host}", f"http://{host}", f"https://{host}/v1", f"https://{host}/v2")
    return [host, *hub, *urls]


def _credential(entry: object, source: str) -> Credential | None:
    if not isinstance(entry, dict):
        return None
    user, password = _text(entry, "username"), _text(entry, "password")
    if encoded := _text(entry, "auth"):
        try:
            user, _, password = base64.b64decode(encoded).decode().partition(":")
        except ValueError:
            user = password = ""
    identity, registry = _token(entry, "identitytoken"), _token(entry, "registrytoken")
    if not (identity or registry or (user and password)):
        return None
    return Credential(user, password.rstrip("\0"), identity, registry, source)


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _text(document: Mapping[str, Any], key: str) -> str:
    value = document.get(key)
    return value if isinstance(value, str) else ""


def _token(document: Mapping[str, Any], key: str) -> str:
    """A token, if it is one that a header can carry."""
    value = _text(document, key)
    return value if value.isascii() and value.isprintable() and " " not in value else ""


def _where(error: Exception) -> str:
    """What is wrong with a JSON text, without a word of it."""
    if isinstance(error, json.JSONDecodeError):
        return str(error)
    return "nested too deeply" if isinstance(error, RecursionError) else "not UTF-8"
