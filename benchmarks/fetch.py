"""The suite `fetch`: image sets brought into an empty layout, on loopback and over a slow link."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import results, table
from benchmarks.bench import measure_all
from benchmarks.jobs import Job, jobs, quick_jobs
from benchmarks.programs import NotInstalledError, need
from benchmarks.tools import PEERS, prewarm_of

ROOT = Path(__file__).parent.parent
_SHARED, _ROOM = Path("/dev/shm"), 6 * 2**30
PAGE = ROOT / "docs" / "benchmarks.md"


def main() -> int:
    """Measure, or show what was measured; a SIGTERM ends what was started, too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    given = _parse()
    if given.tables:
        _show(results.read(given.tables), write=given.write)
        return 0
    chosen = [job for job in (quick_jobs() if given.quick else jobs()) if _wanted(job, given.only)]
    if not chosen:
        print(f"no such case: {', '.join(given.only)}", file=sys.stderr)
        return 2
    try:
        need("docker-registry")
    except NotInstalledError as error:
        print(error, file=sys.stderr)
        return 1
    return _measure(given, chosen)


def _measure(given: argparse.Namespace, chosen: list[Job]) -> int:
    patience = 0.0 if given.quick else given.patience
    versions = [prewarm_of(path.resolve(), f"prewarm {path.name}") for path in given.against]
    tools = [prewarm_of(given.prewarm.resolve(), "prewarm"), *versions, *PEERS]
    if given.tool:
        tools = [tool for tool in tools if tool.kind in given.tool]
    with _folder(given.work) as folder, _folder(given.upstream or _memory()) as upstream:
        run = measure_all(
            chosen,
            tools,
            folder,
            upstream,
            seed=given.seed,
            rounds=given.rounds,
            patience=patience,
        )
        for found in run:
            file = results.write(found, given.output)
            print(f"{found.cases[-1].name}: {len(found.samples)} runs in {file}", file=sys.stderr)
    _show(found, write=given.write)
    return 1 if any(sample.cost.status for sample in found.samples) else 0


@contextmanager
def _folder(place: Path | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="prewarm-benchmarks-", dir=place) as folder:
        yield Path(folder)


def _memory() -> Path | None:
    """A file system in memory with room for all images: the registry's disk is not measured."""
    if _SHARED.is_dir() and shutil.disk_usage(_SHARED).free > _ROOM:
        return _SHARED
    return None


def _show(found: results.Results, *, write: bool) -> None:
    text = table.markdown(found)
    print(text, end="")
    if write:
        table.write_between(PAGE, found.suite, text)


def _wanted(job: Job, only: list[str]) -> bool:
    return not only or job.name in only


def _parse() -> argparse.Namespace:
    names = ", ".join(job.name for job in jobs())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks fetch", description=__doc__, epilog=f"Cases: {names}."
    )
    parser.add_argument("--quick", action="store_true", help="everything small, one round")
    parser.add_argument("--only", action="append", default=[], metavar="CASE", help="repeatable")
    parser.add_argument("--tool", action="append", metavar="NAME", help="repeatable [all]")
    parser.add_argument("--rounds", type=int, metavar="N", help="instead of each case's own number")
    parser.add_argument(
        "--prewarm", type=Path, default=ROOT, metavar="DIR", help="the checkout to measure [this]"
    )
    parser.add_argument(
        "--against",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="another checkout of prewarm to measure beside it, repeatable",
    )
    parser.add_argument("--seed", type=int, default=1, help="of the images' bytes [1]")
    parser.add_argument(
        "--patience", type=float, default=60.0, help="seconds to wait for a quiet machine [60]"
    )
    parser.add_argument("--work", type=Path, help="where to put layouts and stores")
    parser.add_argument(
        "--upstream", type=Path, help="where the registry keeps its files [in memory, with room]"
    )
    parser.add_argument("--output", type=Path, help="the file of raw results")
    parser.add_argument("--tables", type=Path, metavar="FILE", help="only show an earlier run's")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name}")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
