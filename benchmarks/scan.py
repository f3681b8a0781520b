"""How long `prewarm scan` takes on trees of growing size, beside `grep`, and how much memory.

`python -m benchmarks.scan` makes the trees in a temporary folder from a seed, reads each one once
to warm the disk's cache, then measures in pairs and prints every figure. Nothing is left behind.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scantree import make_tree


def main() -> None:
    """Make the trees, measure, print."""
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="prewarm-scan-"))
    try:
        rows = []
        for scale in options.scales:
            tree = folder / f"{scale:g}x"
            size = make_tree(tree, scale, options.seed)
            rows.append(measure(tree, scale, size, options.repeat))
            shutil.rmtree(tree)
            print(rows[-1], flush=True)
        print(f"growth: time ~ size^{exponent(rows):.2f}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scales", type=float, nargs="+", default=[1, 2, 4])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--seed", type=int, default=20_240_229)
    return parser.parse_args()


@dataclass(frozen=True, slots=True)
class Row:
    """One tree's figures: seconds, and the highest memory of the largest process in MB."""

    scale: float
    files: int
    megabytes: float
    scan: tuple[float, ...]
    grep: tuple[float, ...]
    memory: float

    def __str__(self) -> str:
        scan, grep = statistics.median(self.scan), statistics.median(self.grep)
        raw = " ".join(f"{seconds:.2f}" for seconds in self.scan)
        return (
            f"{self.scale:>4g}x {self.files:>7} files {self.megabytes:>6.1f} MB of YAML  "
            f"scan {scan:6.2f} s ({raw})  grep {grep:6.2f} s  "
            f"ratio {scan / grep:5.1f}  {self.memory:6.1f} MB"
        )


def measure(tree: Path, scale: float, size: tuple[int, int], repeat: int) -> Row:
    """Time both programs in turn, so that both meet the same machine."""
    scan = [sys.executable, "-m", "prewarm", "scan", "--format", "json", str(tree)]
    grep = ["grep", "-rl", "image", str(tree)]
    _run(grep)
    pairs = [(_run(scan), _run(grep)) for _ in range(repeat)]
    return Row(
        scale,
        size[0],
        size[1] / 1e6,
        tuple(pair[0][0] for pair in pairs),
        tuple(pair[1][0] for pair in pairs),
        max(pair[0][1] for pair in pairs),
    )


def _run(command: Sequence[str]) -> tuple[float, float]:
    """Seconds, and the peak memory in MB of the process or its largest child."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):
        raise SystemExit(f"{command[0]}: exit code {process.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def exponent(rows: Sequence[Row]) -> float:
    """The slope of time over size, both logarithmic: 1 is linear."""
    if len(rows) < 2:
        return math.nan
    points = [(math.log(row.files), math.log(statistics.median(row.scan))) for row in rows]
    x, y = (statistics.fmean(each) for each in zip(*points, strict=True))
    across = sum((a - x) ** 2 for a, _ in points)
    return sum((a - x) * (b - y) for a, b in points) / across


if __name__ == "__main__":
    main()
