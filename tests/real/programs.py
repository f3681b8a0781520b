"""The programs that the tests run: where each is, or a skip that names it, and how to run one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

_GO_MODULES = {
    "crane": "github.com/google/go-containerregistry/cmd/crane",
    "regctl": "github.com/regclient/regclient/cmd/regctl",
    "oras": "oras.land/oras/cmd/oras",
}
_PACKAGES = {"ctr": "containerd", "docker": "docker.io", "dockerd": "docker.io"}

CLOSED_PROXY = "http://127.0.0.1:9"
"""Nothing listens there: whatever would leave this machine fails at once."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a program that ran to its end left: its exit status and its words."""

    command: tuple[str, ...]
    status: int
    out: str
    err: str

    def ok(self) -> Outcome:
        """Itself, or an AssertionError that shows everything the program said."""
        assert self.status == 0, f"{self}"
        return self

    def __str__(self) -> str:
        said = f"{self.out}{self.err}".strip()
        return f"{' '.join(self.command)}\nended with {self.status} and said:\n{said}"


def find(name: str) -> str | None:
    """The path of a program on PATH, in the administrator's folders or in Go's."""
    go_path = os.environ.get("GOPATH", "").split(os.pathsep)[0] or str(Path.home() / "go")
    places = [os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin", f"{go_path}/bin"]
    return shutil.which(name, path=os.pathsep.join(places))


def need(name: str) -> str:
    """The path of a program; without it the test is skipped and says what to install."""
    path = find(name)
    if path is None:
        module = _GO_MODULES.get(name)
        install = f"go install {module}@latest" if module else f"apt-get install {package_of(name)}"
        pytest.skip(f"{name} is not installed: {install}")
    return path


def need_root(what: str) -> None:
    """Skip unless this is root, naming what needs it."""
    if os.geteuid() != 0:
        pytest.skip(f"{what} needs root here: run the tests as root, on a machine meant for it")


def package_of(name: str) -> str:
    """The Debian package that brings a program."""
    return _PACKAGES.get(name, name)


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 60,
) -> Outcome:
    """Run a program to its end, in a group of its own that does not outlive the time limit."""
    words = tuple(str(word) for word in command)
    with subprocess.Popen(
        words,
        env=None if env is None else dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return Outcome(words, process.returncode, out, err)


def environment(home: Path, **more: str) -> dict[str, str]:
    """A clean environment whose home, caches and temporary files lie in `home`.

    Everything but loopback goes to a proxy that is not there.
    """
    for name in ("tmp", "run"):
        (home / name).mkdir(parents=True, exist_ok=True)
    return {
        "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin",
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "LC_ALL": "C.UTF-8",
        "HTTP_PROXY": CLOSED_PROXY,
        "HTTPS_PROXY": CLOSED_PROXY,
        "NO_PROXY": "127.0.0.1,localhost",
        **more,
    }


_SANDBOX = """
for folder in /run /var/lib /dev/shm; do mount -n -t tmpfs tmpfs $folder; done
mkdir /run/upper /run/work
mount -n -t overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work overlay /etc
exec "$@"
"""


def sandboxed(command: Sequence[str | Path]) -> tuple[str, ...]:
    """The command in mount and process namespaces of its own: it leaves no file in the machine's
    state and settings, no mount and no child process behind, even when it is killed. Needs root.
    """
    return (
        need("unshare"),
        *("--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"),
        *("sh", "-ec", _SANDBOX, "sh"),
        *(str(word) for word in command),
    )
