"""A program that runs in the background for a while: its log, its start, its end."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


class Daemon:
    """A started process in a group of its own, with everything that it says in one file."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], log: Path, cwd: Path | None = None
    ) -> None:
        self.log_file = log
        self.command = tuple(command)
        with log.open("ab") as sink:
            self._process = subprocess.Popen(
                self.command,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def log(self) -> str:
        return self.log_file.read_text("utf-8", "replace")

    def wait_for(self, ready: Callable[[], bool], seconds: float = 30) -> None:
        """Wait until `ready`; a daemon that ends or takes too long is stopped and shown."""
        deadline = time.monotonic() + seconds
        try:
            while not ready():
                assert self.running, f"{self.command[0]} ended:\n{self.log}"
                assert time.monotonic() < deadline, f"not ready in {seconds} s:\n{self.log}"
                time.sleep(0.05)
        except BaseException:
            self.kill()
            raise

    def stop(self, seconds: float = 15) -> int:
        """SIGTERM, then the exit status; SIGKILL for one that does not end in time."""
        if self.running:
            self._process.terminate()
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """SIGKILL to the process and its group: the end, too, of everything in its sandbox."""
        if self.running:
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
