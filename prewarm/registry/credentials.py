"""Who we are to a host: from the environment, docker's and podman's files, and helper programs."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from prewarm.errors import UsageError
from prewarm.reference import DOCKER_HUB
from prewarm.registry.authfile import HUB_SERVER, AuthFile, Credential, read_auth_file
from prewarm.registry.helpers import PREFIX, Answer, Helpers, is_helper

__all__ = ["Credential", "Credentials", "variable_of"]

ENVIRONMENT_PREFIX = "PREWARM_AUTH_"
GITHUB_HOST = "ghcr.io"
GITHUB_SWITCH = "PREWARM_GITHUB_TOKEN"
_IDENTITY_USER = "<token>"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Looks a host's credential up; reads files and runs helpers once, when first needed."""

    environ: Mapping[str, str] = field(repr=False)
    files: tuple[Path, ...]
    helpers: Helpers = field(default_factory=Helpers, repr=False)
    _read: dict[Path, AuthFile] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

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
        """The credential for a repository of a host, or None: the first place that has one.

        In a file, a registry token comes first, then the helper that it names for the host; where
        it names one, its other entries for the host count for nothing, as with docker. Raises
        UsageError for what cannot be understood, TransferError for a helper that fails.
        """
        given = self._of_variable(host) or self._of_github(host)
        if given is not None:
            return given
        for path in self.files:
            file = self._load(path)
            credential, (helper, server) = file.credential(host, repository), file.helper(host)
            if helper and not (credential and credential.registry_token):
                credential = self._of_helper(helper, server, path)
            if credential is not None:
                return credential
        return None

    def told(self, host: str) -> Mapping[str, Answer]:
        """What every helper program said that was asked about a host."""
        names = (host, HUB_SERVER) if host == DOCKER_HUB else (host,)
        return {p: answer for name in names for p, answer in self.helpers.told(name).items()}

    def _of_variable(self, host: str) -> Credential | None:
        variable = variable_of(host)
        value = self.environ.get(variable)
        if not value:
            return None
        user, colon, password = value.partition(":")
        if not colon:
            raise UsageError(variable, "holds no colon", "set it to user:password")
        return Credential(user, password, source=variable)

    def _of_github(self, host: str) -> Credential | None:
        """The token that GitHub gives a job, for its own registry and only when asked for."""
        switch = self.environ.get(GITHUB_SWITCH) if host == GITHUB_HOST else None
        if not switch or switch == "0":
            return None
        if switch != "1":
            raise UsageError(GITHUB_SWITCH, "neither 0 nor 1", "the token is for GITHUB_TOKEN")
        token = self.environ.get("GITHUB_TOKEN")
        if not token:
            problem = "there is no GITHUB_TOKEN"
            raise UsageError(GITHUB_SWITCH, problem, "set it in the step's env")
        user = self.environ.get("GITHUB_ACTOR") or "github"
        return Credential(user, token, source="GITHUB_TOKEN")

    def _of_helper(self, name: str, server: str, path: Path) -> Credential | None:
        if not is_helper(name):
            problem = f"{name!r} cannot be the name of a credential helper"
            raise UsageError(path, problem, f"write what follows {PREFIX} in the program's name")
        answer = self.helpers.get(name, server, self.environ)
        if not answer.secret:
            return None
        source = PREFIX + name
        if answer.user == _IDENTITY_USER:
            return Credential("", identity_token=answer.secret, source=source)
        return Credential(answer.user, answer.secret, source=source)

    def _load(self, path: Path) -> AuthFile:
        with self._lock:
            if path not in self._read:
                self._read[path] = read_auth_file(path)
            return self._read[path]


def variable_of(host: str) -> str:
    """The environment variable with a host's credential.

    A dash is two underscores: a host with dots must not be asked for by one with dashes.
    """
    doubled = host.upper().replace("-", "__")
    return ENVIRONMENT_PREFIX + re.sub(r"[^A-Z0-9_]", "_", doubled)
