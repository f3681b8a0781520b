"""The `prewarm` command as a process: in a folder of its own, with an environment of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from .programs import Outcome, environment, run


class Prewarm:
    """A work folder with its prewarm.toml, and a home folder that is not the person's."""

    def __init__(self, folder: Path, settings: str = "", **more: str) -> None:
        self.folder = folder / "repository"
        self.store = folder / "store"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.env: Mapping[str, str] = environment(folder / "home", **more)
        (self.folder / "prewarm.toml").write_text(settings)

    def run(self, *arguments: str, timeout: float = 120) -> Outcome:
        """Run to the end, in the work folder."""
        return run(self.words(*arguments), env=self.env, cwd=self.folder, timeout=timeout)

    def fetch(self, *references: str) -> Outcome:
        """`fetch` into the store of this object."""
        return self.run("fetch", "--store", str(self.store), *references)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a process and leave it to the caller, who ends it."""
        return subprocess.Popen(
            self.words(*arguments),
            env=dict(self.env),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def words(self, *arguments: str) -> tuple[str, ...]:
        return (sys.executable, "-m", "prewarm", *arguments)
