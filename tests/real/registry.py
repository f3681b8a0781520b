"""A real registry (Distribution) on a loopback port, with its access log read back as requests."""

from __future__ import annotations

import http.client
import json
import random
import re
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .programs import need

_LOG_LINE = re.compile(r'"(?P<method>[A-Z]+) (?P<path>\S+) HTTP/[0-9.]+" (?P<status>\d{3}) ')
_SETTLED = "/v2/?settled="
_PORTS = range(20_000, 32_000)

USER, PASSWORD = "reader", "open:sesame"
"""Whom a registry with Basic authentication lets in; the password holds a colon on purpose."""

_HTPASSWD = "reader:$2b$05$uBmcfovqELIvEOPh8fDm4.2u0Nt.Fm0m5eB54f/HzYzuLGUe8Sb8C\n"


@dataclass(frozen=True, slots=True)
class Request:
    """One answered request, as the registry logged it; the path includes the query."""

    method: str
    path: str
    status: int

    @property
    def is_manifest(self) -> bool:
        return "/manifests/" in self.path

    @property
    def is_blob(self) -> bool:
        return "/blobs/" in self.path

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"


class Registry:
    """A docker-registry process that can be stopped and started again on the same port."""

    def __init__(self, folder: Path, auth: dict[str, Any] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self._program = need("docker-registry")
        self._process: subprocess.Popen[bytes] | None = None
        self._read_from = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "access.log"
        self._config = folder / "config.yml"
        self._config.write_text(json.dumps(self._settings(auth)))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self) -> Registry:
        assert not self.running
        with self._log.open("ab") as log, (self.folder / "errors.log").open("ab") as errors:
            self._process = subprocess.Popen(
                [self._program, "serve", str(self._config)], stdout=log, stderr=errors
            )
        try:
            self._wait_until_up()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the process; afterwards nothing listens on the port. Twice does no harm."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def forget(self) -> None:
        """Let the next `requests` begin here."""
        self._settle()
        self._read_from = self._log.stat().st_size

    def requests(self) -> list[Request]:
        """Every request answered since the last `forget`, in the order of their answers."""
        self._settle()
        return self.log()

    def log(self) -> list[Request]:
        """The same without waiting for answers under way: for a registry that is stopped."""
        with self._log.open("rb") as log:
            log.seek(self._read_from)
            text = log.read().decode("utf-8", "replace")
        found = (
            Request(match["method"], match["path"], int(match["status"]))
            for match in _LOG_LINE.finditer(text)
        )
        return [request for request in found if not request.path.startswith(_SETTLED)]

    def blob_file(self, digest: str) -> Path:
        """Where the registry keeps a blob on disk."""
        name = digest.removeprefix("sha256:")
        return self.folder / "data/docker/registry/v2/blobs/sha256" / name[:2] / name / "data"

    def head(self, repository: str, tag: str, credentials: str | None = None) -> str:
        """The digest behind a tag, as the registry says it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {"Accept": ", ".join(_MANIFEST_TYPES)}
        if credentials is not None:
            headers["Authorization"] = credentials
        connection.request("HEAD", f"/v2/{repository}/manifests/{tag}", headers=headers)
        response = connection.getresponse()
        connection.close()
        assert response.status == 200, f"{repository}:{tag}: {response.status}"
        return response.headers["Docker-Content-Digest"]

    def _settings(self, auth: dict[str, Any] | None) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "version": "0.1",
            "log": {"level": "error", "accesslog": {"disabled": False}},
            "storage": {"filesystem": {"rootdirectory": str(self.folder / "data")}},
            "http": {"addr": self.address, "secret": "not secret"},
        }
        if auth is not None:
            settings["auth"] = auth
        return settings

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + 20
        while not self._answers():
            assert self._process is not None
            assert self._process.poll() is None, (self.folder / "errors.log").read_text()
            assert time.monotonic() < deadline, f"{self.url} did not come up"
            time.sleep(0.02)

    def _answers(self, path: str = "/v2/") -> bool:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", path)
            connection.getresponse().read()
            connection.close()
        except OSError:
            return False
        return True

    def _settle(self) -> None:
        """Ask for something and wait for its line: what was answered before is logged by then."""
        marker = f"{_SETTLED}{time.monotonic_ns()}"
        time.sleep(0.02)
        assert self._answers(marker)
        deadline = time.monotonic() + 5
        while marker not in self._log.read_text("utf-8", "replace"):
            assert time.monotonic() < deadline, "the access log does not come"
            time.sleep(0.01)


_MANIFEST_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


def basic_auth(folder: Path) -> dict[str, Any]:
    """The settings of a registry that lets in USER with PASSWORD and nobody else."""
    folder.mkdir(parents=True, exist_ok=True)
    users = folder / "htpasswd"
    users.write_text(_HTPASSWD)
    return {"htpasswd": {"realm": "private", "path": str(users)}}


def free_port() -> int:
    """A loopback port that nothing listens on, and that the system gives to no outgoing call."""
    for port in random.sample(_PORTS, 200):
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port
    raise AssertionError(f"no free port among {_PORTS}")
