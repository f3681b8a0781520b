"""How a fetch is watched: a bar on a terminal, sparse lines elsewhere, errors as they come."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from prewarm.fetch import Observer
from prewarm.reference import Reference
from prewarm.report.text import count, format_size

if TYPE_CHECKING:
    from tqdm import tqdm

_LINE_EVERY = 10.0
"""Seconds between lines where no terminal is."""


class Progress(Observer):
    """Writes to stderr; safe from any thread."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bar: tqdm[Any] | None = None
        self._lock = threading.Lock()
        self._size = self._done = 0
        self._said: set[str] = set()
        self._next_line = time.monotonic() + _LINE_EVERY

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def planned(self, size: int, blobs: int) -> None:
        self._size = size
        if self._quiet or not blobs:
            return
        if sys.stderr.isatty():
            from tqdm import tqdm  # noqa: PLC0415

            self._bar = tqdm(
                total=size,
                unit="B",
                unit_scale=True,
                desc=count(blobs, "blob"),
                leave=False,
                dynamic_ncols=True,
            )
        else:
            self._say(f"{count(blobs, 'blob')} to fetch, {format_size(size)}")

    def advanced(self, size: int) -> None:
        with self._lock:
            self._done += size
            if self._bar is not None:
                self._bar.update(size)
            elif not self._quiet and time.monotonic() >= self._next_line:
                self._next_line = time.monotonic() + _LINE_EVERY
                self._say(f"{format_size(self._done)} of {format_size(self._size)}")

    def finished(self, reference: Reference, error: Exception | None) -> None:
        """Say what went wrong, but a thing that strikes many images (a full disk) only once."""
        if error is not None and str(error) not in self._said:
            self._said.add(str(error))
            self._say(str(error))

    def _say(self, line: str) -> None:
        if self._bar is not None:
            self._bar.write(f"prewarm: {line}", file=sys.stderr)
        else:
            print(f"prewarm: {line}", file=sys.stderr)
