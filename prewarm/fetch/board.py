"""Which blobs are on their way, and which of them an idle worker should help with.

A blob begins in one stretch. When nothing is left to begin, an idle worker takes over the second
half of the one that would take longest; on a quick line that is never worth a request.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from prewarm.fetch.ports import Ingest, Observer
from prewarm.oci import Descriptor
from prewarm.receiver import Receiver
from prewarm.reference import Reference

SMALLEST = 2 * 1024 * 1024
"""Bytes of the smallest stretch that is worth a request of its own."""
SOONEST = 0.3
"""Seconds that a blob is watched before its pace is known."""
WORTH = 0.6
"""Seconds that a blob must still need for help to pay."""
_PAUSE = 0.1


class Transfer:
    """One blob on its way, from any of its repositories; `failed` tells its helpers to stop."""

    def __init__(
        self,
        blob: Descriptor,
        references: Sequence[Reference],
        ingest: Ingest,
        observer: Observer,
    ) -> None:
        self.blob = blob
        self.references = references
        self.ingest = ingest
        self.moved = 0
        self.streams = 1
        self.divided = self.failed = False
        self.divisible = True
        self._missing = sum(r.stop - r.offset for r in ingest.unfinished())
        self.began = time.monotonic()
        self._observer = observer
        self._told = 0
        self.tell(blob.size - self._missing)

    def tell(self, size: int) -> None:
        """Pass on that bytes are there, or have to come again."""
        self._told += size
        self._observer.advanced(size)

    def take_back(self) -> None:
        """Pass on that all of it has to come again."""
        self.tell(-self._told)

    def seconds_left(self) -> float:
        """How long it will take at its pace so far; 0 while that is not known."""
        elapsed = time.monotonic() - self.began
        if elapsed < SOONEST or not self.moved:
            return 0.0
        return (self._missing - self.moved) * elapsed / self.moved


class Board:
    """Shared by all workers of a run; `waiting` blobs have not ended yet."""

    def __init__(self, waiting: int) -> None:
        self._waiting = waiting
        self._active: list[Transfer] = []
        self._changed = threading.Condition()

    def skip(self) -> None:
        """One blob that was waited for has ended."""
        with self._changed:
            self._waiting -= 1
            self._changed.notify_all()

    @contextmanager
    def shared(self, transfer: Transfer) -> Iterator[None]:
        """Let others help with a transfer for a while; at the end all of them are gone."""
        with self._changed:
            self._active.append(transfer)
        try:
            yield
        except BaseException:
            transfer.failed = True
            raise
        finally:
            with self._changed:
                self._active.remove(transfer)
                transfer.streams -= 1
                while transfer.streams:
                    self._changed.wait(_PAUSE)

    def offers(self) -> Iterator[tuple[Transfer, Receiver]]:
        """Stretches to fill, each when it is worth it, until every blob has ended."""
        while (offer := self._next()) is not None:
            try:
                yield offer
            finally:
                with self._changed:
                    offer[0].streams -= 1
                    self._changed.notify_all()

    def _next(self) -> tuple[Transfer, Receiver] | None:
        with self._changed:
            while self._waiting:
                offer = self._divide()
                if offer is not None:
                    return offer
                self._changed.wait(_PAUSE)
        return None

    def _divide(self) -> tuple[Transfer, Receiver] | None:
        candidates = [(t.seconds_left(), t) for t in self._active if t.divisible]
        seconds, slowest = max(candidates, key=lambda c: c[0], default=(0.0, None))
        if slowest is None or seconds < WORTH:
            return None
        receiver = slowest.ingest.split(SMALLEST)
        if receiver is None:
            return None
        slowest.streams += 1
        slowest.divided = True
        return slowest, receiver
