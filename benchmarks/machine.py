"""The machine that figures come from: what to print beside them, and how busy it is."""

from __future__ import annotations

import os
import platform
import re
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import busy_seconds

_QUIET = 0.1
"""Share of all cores that others may use while the machine counts as quiet."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a reader needs to judge the figures by."""

    cores: int
    processor: str
    kernel: str
    python: str
    memory: int

    @classmethod
    def read(cls) -> Machine:
        return cls(
            cores=len(os.sched_getaffinity(0)),
            processor=_field("/proc/cpuinfo", "model name") or platform.machine(),
            kernel=f"{platform.system()} {platform.release()}",
            python=platform.python_version(),
            memory=int(_field("/proc/meminfo", "MemTotal").split()[0] or 0) * 1024,
        )

    def __str__(self) -> str:
        memory = f"{self.memory / 2**30:.0f} GiB"
        return (
            f"{self.cores} cores ({self.processor}), {memory}, {self.kernel}, Python {self.python}"
        )


def busy_share(seconds: float = 0.5) -> float:
    """The share of all cores that is in use now, looked at for so many seconds."""
    before = busy_seconds()
    time.sleep(seconds)
    return (busy_seconds() - before) / seconds / (os.cpu_count() or 1)


def wait_until_quiet(patience: float) -> float:
    """Wait for others to become quiet, no longer than `patience` seconds; gives their share."""
    deadline = time.monotonic() + patience
    while (share := busy_share()) > _QUIET and time.monotonic() < deadline:
        time.sleep(0.5)
    return share


def _field(file: str, name: str) -> str:
    found = re.search(rf"^{name}\s*:\s*(.*)$", Path(file).read_text(), re.MULTILINE)
    return found[1] if found else ""
