"""The programs that are measured or needed: where each is, its version, how to get it."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

_VERSION = {
    "skopeo": ("--version",),
    "crane": ("version",),
    "regctl": ("version", "--format", "{{.VCSTag}}"),
    "docker-registry": ("--version",),
}
_INSTALL = {
    "skopeo": "apt-get install skopeo",
    "crane": "go install github.com/google/go-containerregistry/cmd/crane@latest",
    "regctl": "go install github.com/regclient/regclient/cmd/regctl@latest",
    "docker-registry": "apt-get install docker-registry",
}


class NotInstalledError(Exception):
    """A program that is not there, and how to get it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not installed: {_INSTALL.get(name, 'see its project')}")


def need(name: str) -> str:
    """The path of a program on PATH or in Go's folder; raises NotInstalledError."""
    path = find(name)
    if path is None:
        raise NotInstalledError(name)
    return path


def find(name: str) -> str | None:
    """The path of a program, or None."""
    places = [os.environ.get("PATH", os.defpath), "/usr/sbin", f"{_go_path()}/bin"]
    return shutil.which(name, path=os.pathsep.join(places))


def version(name: str) -> str:
    """What a program says of its version, in a word."""
    done = subprocess.run(
        [need(name), *_VERSION.get(name, ("--version",))],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split("\n")[0].split()[-1].removeprefix("v")


@cache
def _go_path() -> str:
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        return os.environ.get("GOPATH", str(Path.home() / "go"))
    done = subprocess.run([go, "env", "GOPATH"], capture_output=True, text=True, check=True)
    return done.stdout.strip().split(os.pathsep)[0]
