"""Who we are to a host: from the environment, docker's config.json or podman's auth.json."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from prewarm.errors import UsageError
from prewarm.reference import DOCKER_HUB

ENVIRONMENT_PREFIX = "PREWARM_AUTH_"
_HUB_KEYS = ("https://index.docker.io/v1", "index.docker.io", "registry-1.docker.io")
_MAX_FILE_SIZE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Credential:
    """A user and a password, or an identity token; `source` says where it was found.

    Neither secret ever shows in a representation.
    """

    user: str
    password: str = field(repr=False)
    identity_token: str = field(default="", repr=False)
    source: str = field(default="", compare=False)

    @property
    def basic(self) -> str:
        """The value of an Authorization header for HTTP Basic."""
        raw = f"{self.user}:{self.password}".encode("utf-8", "surrogateescape")
        return "Basic " + base64.b64encode(raw).decode()


@dataclass(frozen=True, slots=True)
class Credentials:
    """Looks a host's credential up; reads the files once, at the first question."""

    environ: Mapping[str, str] = field(repr=False)
    files: tuple[Path, ...]
    _read: dict[Path, Mapping[str, Credential]] = field(default_factory=dict, repr=False)

    @classmethod
    def of_environment(cls, environ: Mapping[str, str]) -> Credentials:
        """Where docker and podman would look, docker first."""
        home = Path(environ.get("HOME") or "/")
        docker = Path(environ.get("DOCKER_CONFIG") or home / ".docker") / "config.json"
        named = environ.get("REGISTRY_AUTH_FILE")
        runtime = environ.get("XDG_RUNTIME_DIR")
        podman = [Path(named)] if named else []
        if runtime and not named:
            podman.append(Path(runtime) / "containers" / "auth.json")
        if not named:
            podman.append(home / ".config" / "containers" / "auth.json")
        return cls(environ, (docker, *podman))

    def lookup(self, host: str, repository: str) -> Credential | None:
        """The credential for a repository of a host, the most specific key first, or None.

        Raises UsageError for a file that cannot be understood.
        """
        variable = variable_of(host)
        if value := self.environ.get(variable):
            user, colon, password = value.partition(":")
            if not colon:
                raise UsageError(variable, "holds no colon", "set it to user:password")
            return Credential(user, password, source=variable)
        for path in self.files:
            known = self._load(path)
            for key in _keys(host, repository):
                if key in known:
                    return known[key]
        return None

    def _load(self, path: Path) -> Mapping[str, Credential]:
        if path not in self._read:
            self._read[path] = _read_file(path)
        return self._read[path]


def variable_of(host: str) -> str:
    """The environment variable with a host's credential.

    A dash is two underscores: a host with dots must not be asked for by one with dashes.
    """
    doubled = host.upper().replace("-", "__")
    return ENVIRONMENT_PREFIX + re.sub(r"[^A-Z0-9_]", "_", doubled)


def _keys(host: str, repository: str) -> list[str]:
    parts = [host, *repository.split("/")]
    keys = ["/".join(parts[:end]) for end in range(len(parts), 0, -1)]
    if host == DOCKER_HUB:
        keys += _HUB_KEYS
    return [
        *keys,
        f"https://{host}",
        f"http://{host}",
        f"https://{host}/v1",
        f"https://{host}/v2",
    ]


def _read_file(path: Path) -> Mapping[str, Credential]:
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(_MAX_FILE_SIZE))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise UsageError(path, f"cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(path, f"not JSON ({error})", "log in again to have it written") from error
    auths = document.get("auths") if isinstance(document, dict) else None
    found = {}
    for key, value in auths.items() if isinstance(auths, dict) else ():
        credential = _credential(value, str(path))
        if credential is not None:
            found[key.rstrip("/")] = credential
    return found


def _credential(value: object, source: str) -> Credential | None:
    if not isinstance(value, dict):
        return None
    user, password = str(value.get("username") or ""), str(value.get("password") or "")
    encoded = value.get("auth")
    if isinstance(encoded, str) and encoded:
        try:
            user, _, password = base64.b64decode(encoded).decode().partition(":")
        except ValueError:
            return None
    token = value.get("identitytoken")
    identity = token if isinstance(token, str) else ""
    if not identity and not (user and password):
        return None
    return Credential(user, password.rstrip("\0"), identity, source)
