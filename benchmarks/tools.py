"""How each tool is told to fetch a work into an OCI layout: prewarm and its peers."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.programs import need, version

PLATFORM = "linux/amd64"


@dataclass(frozen=True, slots=True)
class Task:
    """What to fetch: names at an address, into `output`, with `folder` for scripts and settings.

    `targets` are the paths and sizes of all blobs, for the client that knows them beforehand.
    """

    address: str
    names: tuple[str, ...]
    targets: tuple[tuple[str, int], ...]
    output: Path
    folder: Path

    @property
    def references(self) -> list[str]:
        return [f"{self.address}/{name}:latest" for name in self.names]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool by name: the kind that cases ask for, what it runs, its version, and its command."""

    name: str
    kind: str
    words: str
    version: Callable[[], str]
    command: Callable[[Task], list[str]]


def environment(home: Path) -> dict[str, str]:
    """A clean environment with a home of its own; skopeo keeps its memory of blobs there, too."""
    home.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "REGCTL_CONFIG": str(home / "regctl.json"),
        "_CONTAINERS_ROOTLESS_UID": "1000",
        "LC_ALL": "C.UTF-8",
    }


def prewarm_of(checkout: Path, name: str) -> Tool:
    """The prewarm of a checkout, under a name: two versions can be measured side by side."""

    def command(task: Task) -> list[str]:
        words = ["env", f"PYTHONPATH={checkout}", sys.executable, "-m", "prewarm", "fetch"]
        words += ["--quiet", "--platform", PLATFORM, "--store", str(task.output)]
        return [*words, *task.references]

    return Tool(name, "prewarm", "`prewarm fetch REF…`", lambda: _version_of(checkout), command)


def _skopeo_copy(task: Task) -> list[str]:
    copy = [need("skopeo"), "--insecure-policy", "--override-arch", "amd64", "copy", "--quiet"]
    copy.append("--src-tls-verify=false")
    commands = [
        [*copy, f"docker://{reference}", f"oci:{task.output}:{name.replace('/', '-')}"]
        for name, reference in zip(task.names, task.references, strict=True)
    ]
    return _script(task, commands)


def _skopeo_sync(task: Task) -> list[str]:
    listed = {task.address: {"tls-verify": False, "images": {n: ["latest"] for n in task.names}}}
    file = task.folder / "sync.yaml"
    file.write_text(json.dumps(listed))
    task.output.mkdir(exist_ok=True)
    words = [need("skopeo"), "--insecure-policy", "--override-arch", "amd64", "sync", "--scoped"]
    return [*words, "--src", "yaml", "--dest", "dir", str(file), str(task.output)]


def _crane(task: Task) -> list[str]:
    words = [need("crane"), "pull", "--insecure", "--platform", PLATFORM, "--format", "oci"]
    return [*words, *task.references, str(task.output)]


def _regctl(task: Task) -> list[str]:
    copy = [need("regctl"), "image", "copy", "--platform", PLATFORM]
    copy += ["--host", f"reg={task.address},tls=disabled"]
    commands = [
        [*copy, reference, f"ocidir://{task.output}:{name.replace('/', '-')}"]
        for name, reference in zip(task.names, task.references, strict=True)
    ]
    return _script(task, commands)


def _ideal(task: Task) -> list[str]:
    file = task.folder / "targets.json"
    file.write_text(json.dumps(task.targets))
    program = Path(__file__).with_name("ideal.py")
    return [sys.executable, str(program), task.address, str(file), str(task.output), "16"]


def _version_of(checkout: Path) -> str:
    words = ["-c", "import prewarm; print(prewarm.__version__)"]
    done = subprocess.run(
        [sys.executable, *words], cwd=checkout, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def _script(task: Task, commands: Sequence[Sequence[str]]) -> list[str]:
    """One shell that runs all commands, one after the other."""
    file = task.folder / "commands.sh"
    file.write_text("\n".join(["set -e", *map(shlex.join, commands)]) + "\n")
    return ["sh", str(file)]


PEERS = (
    Tool(
        "skopeo",
        "skopeo",
        "`skopeo copy … oci:`, one a reference",
        lambda: version("skopeo"),
        _skopeo_copy,
    ),
    Tool(
        "skopeo sync",
        "skopeo sync",
        "`skopeo sync --dest dir`, a folder a reference, nothing shared",
        lambda: version("skopeo"),
        _skopeo_sync,
    ),
    Tool("crane", "crane", "`crane pull --format oci REF…`", lambda: version("crane"), _crane),
    Tool(
        "regctl",
        "regctl",
        "`regctl image copy … ocidir:`, one a reference",
        lambda: version("regctl"),
        _regctl,
    ),
    Tool(
        "ideal",
        "ideal",
        "16 connections that get ranges of blobs known beforehand, and check nothing",
        lambda: "",
        _ideal,
    ),
)
