"""The clients that know no mirrors and name one by its address and path: crane, regctl and oras."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from .client import Pulled
from .images import THIS_ARCHITECTURE
from .programs import environment, need, run
from .soundness import problems_of

_PLATFORM = f"linux/{THIS_ARCHITECTURE}"

Command = Callable[[str, str, Path], list[str]]
"""The words of a pull of this machine's platform, from the mirror, of a reference, to a layout."""


class PathClient:
    """Copies this machine's image into an OCI layout, which is then checked byte by byte."""

    def __init__(self, name: str, command: Command, folder: Path, mirror: str) -> None:
        self.name = name
        self._program, self._command = need(name), command
        self._folder, self._mirror = folder, mirror
        self._env = environment(folder / "home", REGCTL_CONFIG=str(folder / "regctl.json"))
        self._pulls = 0

    def pull(self, reference: str) -> Pulled:
        self._pulls += 1
        layout = self._folder / f"pull-{self._pulls}"
        words = self._command(self._mirror, reference, layout)
        outcome = run([self._program, *words], env=self._env).ok()
        assert problems_of(layout) == []
        config = _only_config(layout)
        document = json.loads(_blob(layout, config))
        diff_ids = tuple(document["rootfs"]["diff_ids"])
        return Pulled(self.name, reference, config, diff_ids, str(outcome))


def crane(folder: Path, mirror: str) -> PathClient:
    return PathClient("crane", _crane, folder, mirror)


def regctl(folder: Path, mirror: str) -> PathClient:
    return PathClient("regctl", _regctl, folder, mirror)


def oras(folder: Path, mirror: str) -> PathClient:
    return PathClient("oras", _oras, folder, mirror)


def _crane(mirror: str, reference: str, layout: Path) -> list[str]:
    source = f"{mirror}/{reference}"
    return ["pull", "--insecure", "--platform", _PLATFORM, "--format", "oci", source, str(layout)]


def _regctl(mirror: str, reference: str, layout: Path) -> list[str]:
    host = f"reg={mirror},tls=disabled"
    target = f"ocidir://{layout}:it"
    return [
        "image",
        "copy",
        "--host",
        host,
        "--platform",
        _PLATFORM,
        f"{mirror}/{reference}",
        target,
    ]


def _oras(mirror: str, reference: str, layout: Path) -> list[str]:
    source, target = f"{mirror}/{reference}", f"{layout}:it"
    flags = ["--from-plain-http", "--platform", _PLATFORM, "--no-tty"]
    return ["copy", *flags, "--to-oci-layout", source, target]


def _only_config(layout: Path) -> str:
    entry = json.loads((layout / "index.json").read_text())["manifests"][0]
    return str(json.loads(_blob(layout, entry["digest"]))["config"]["digest"])


def _blob(layout: Path, digest: str) -> bytes:
    return (layout / "blobs/sha256" / digest.removeprefix("sha256:")).read_bytes()
