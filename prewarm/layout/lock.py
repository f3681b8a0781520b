"""Locks between processes: flock(2), which the kernel frees when their owner dies."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prewarm.errors import StoreError

_PAUSE = 0.02
_UNSUPPORTED = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL)


@contextmanager
def exclusive(path: Path, patience: float) -> Iterator[None]:
    """Hold a lock file; raises StoreError after `patience` seconds, naming the holder."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        deadline = time.monotonic() + patience
        while not try_lock(file, path):
            if time.monotonic() > deadline:
                holder = os.pread(file, 32, 0).decode("ascii", "replace").strip() or "unknown"
                raise StoreError(
                    path,
                    f"process {holder} has held this lock for more than {patience:.0f} seconds",
                    "wait for it to end, or end it",
                )
            time.sleep(_PAUSE)
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(file)


def try_lock(file: int, path: Path) -> bool:
    """Lock an open file if nobody else holds it; it is freed when the file is closed."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        raise StoreError(
            path, "this file system cannot lock files", "keep the store on a local file system"
        ) from error
    return True
