"""Functions run in child processes, started together, killed at will."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager


def start(work: Callable[[], object]) -> int:
    """Run a function in a child process; it ends with 0, or with 1 and a traceback."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        work()
        status = 0
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def run_all(works: Sequence[Callable[[], object]]) -> None:
    """Run functions in processes of their own, all at once, and wait: none may fail."""
    ready, go = os.pipe()

    def held_back(work: Callable[[], object]) -> Callable[[], object]:
        def begin() -> None:
            os.close(go)
            os.read(ready, 1)
            work()

        return begin

    pids = [start(held_back(work)) for work in works]
    os.close(ready)
    os.close(go)
    assert [status_of(pid) for pid in pids] == [0] * len(pids)


def status_of(pid: int) -> int:
    """Wait for a child: its exit status, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@contextmanager
def running(work: Callable[[], object]) -> Iterator[int]:
    """A child process that does not outlive the block."""
    pid = start(work)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
