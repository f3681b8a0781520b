"""What one run of a command costs: wall time, CPU and memory of its whole process tree."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LAUNCH = Path(__file__).with_name("launch.py")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """One run: seconds, bytes (`rss` of the largest process), exit status, last words if it failed.

    `others` are the CPU seconds that neither the command nor `known` processes used meanwhile,
    `upstream` those of the known ones.
    """

    wall: float
    user: float
    system: float
    rss: int
    status: int
    others: float
    upstream: float
    said: str

    @property
    def cpu(self) -> float:
        return self.user + self.system


def measure(
    command: Sequence[str | Path],
    folder: Path,
    env: Mapping[str, str],
    *,
    known: Iterable[int] = (),
    timeout: float = 1800.0,
) -> Cost:
    """Run a command to its end in `folder`, where its figures and what it says are kept.

    Raises subprocess.TimeoutExpired; nothing of the command outlives this.
    """
    pids = tuple(known)
    figures, said = folder / "figures", folder / "said"
    figures.unlink(missing_ok=True)
    before, theirs = busy_seconds(), _seconds_of(pids)
    with said.open("wb") as output:
        _run(_words(figures, command), env, folder, output.fileno(), timeout)
    upstream = _seconds_of(pids) - theirs
    busy = busy_seconds() - before
    wall, user, system, kilobytes, status = figures.read_text().split()
    others = max(0.0, busy - upstream - float(user) - float(system))
    last_words = said.read_bytes()[-2000:].decode("utf-8", "replace").strip()
    return Cost(
        wall=float(wall),
        user=float(user),
        system=float(system),
        rss=int(kilobytes) * 1024,
        status=int(status),
        others=others,
        upstream=upstream,
        said=last_words if int(status) else "",
    )


def busy_seconds() -> float:
    """CPU seconds that this machine has spent on anything since it started."""
    first = Path("/proc/stat").read_text().partition("\n")[0]
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, first.split()[1:9])
    return (user + nice + system + irq + softirq + steal) / _TICKS


def size_of(folder: Path) -> int:
    """Bytes in all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _words(figures: Path, command: Sequence[str | Path]) -> list[str]:
    launcher = [sys.executable, "-I", "-S", str(_LAUNCH), str(figures)]
    return [*launcher, *(str(word) for word in command)]


def _run(
    words: list[str], env: Mapping[str, str], folder: Path, output: int, timeout: float
) -> None:
    with subprocess.Popen(
        words,
        env=dict(env),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    ) as process:
        try:
            process.wait(timeout)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise


def _seconds_of(pids: Iterable[int]) -> float:
    total = 0
    for pid in pids:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(after_name[11]) + int(after_name[12])
    return total / _TICKS
