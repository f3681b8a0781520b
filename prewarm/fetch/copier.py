"""Brings single blobs from a source into a sink, in as many stretches as the line is worth."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from prewarm.errors import ContentError, PrewarmError, StoreError
from prewarm.fetch.board import Board, Transfer
from prewarm.fetch.ports import Observer, Sink, Source
from prewarm.oci import Descriptor
from prewarm.receiver import Receiver
from prewarm.reference import Reference


@dataclass(slots=True)
class Copier:
    """What the workers of one run share. Once the store fails, nothing more is begun."""

    source: Source
    sink: Sink
    observer: Observer
    stopped: threading.Event
    board: Board
    broken: StoreError | None = None

    def copy(self, job: tuple[Descriptor, Sequence[Reference]]) -> None:
        """Bring in one blob, whoever helps, and make it visible; raises PrewarmError."""
        blob, references = job
        try:
            if self.broken is not None:
                raise self.broken
            with self.sink.ingest(blob) as ingest:
                if ingest is not None:
                    self._bring_in(Transfer(blob, references, ingest, self.observer))
        except StoreError as error:
            self.broken = error
            raise
        finally:
            self.board.skip()

    def help(self) -> None:
        """Fill stretches of slow blobs; what fails is left to the blob's own worker."""
        for transfer, receiver in self.board.offers():
            try:
                self._pour(transfer, receiver)
            except PrewarmError:
                transfer.divisible = False

    def _bring_in(self, transfer: Transfer) -> None:
        try:
            with self.board.shared(transfer):
                self._pour(transfer, transfer.ingest)
            self._complete(transfer)
        except BaseException:
            transfer.take_back()
            raise

    def _complete(self, transfer: Transfer) -> None:
        """Fill what helpers left, and verify; parts that do not fit are brought in anew, whole."""
        ingest = transfer.ingest
        try:
            for receiver in ingest.unfinished():
                transfer.divided = True
                self._pour(transfer, receiver)
            ingest.commit()
        except ContentError:
            if not transfer.divided:
                raise
            ingest.drop()
            transfer.take_back()
            self._pour(transfer, ingest)
            ingest.commit()

    def _pour(self, transfer: Transfer, receiver: Receiver) -> None:
        """Fill one receiver, from the first of the blob's repositories that has it."""
        failure: PrewarmError | None = None
        watched = _Watched(receiver, transfer, self.stopped)
        for reference in transfer.references:
            try:
                self.source.pour(reference, transfer.blob, watched)
            except StoreError:
                raise
            except PrewarmError as error:
                failure = error
            else:
                return
        if failure is not None:
            raise failure


@dataclass(slots=True)
class _Watched:
    """A receiver that tells its transfer how far it is, and ends when run or blob is given up."""

    receiver: Receiver
    transfer: Transfer
    stopped: threading.Event

    @property
    def offset(self) -> int:
        return self.receiver.offset

    @property
    def stop(self) -> int:
        return self.receiver.stop

    def seek(self, start: int) -> None:
        anew = start != self.receiver.offset
        self.receiver.seek(start)
        if anew:
            self.transfer.take_back()

    def write(self, chunk: bytes) -> bool:
        if self.stopped.is_set() or self.transfer.failed:
            raise StoreError("fetch", "stopped")
        with self._taken_back_if_dropped():
            more = self.receiver.write(chunk)
        self.transfer.moved += len(chunk)
        self.transfer.tell(len(chunk))
        return more

    def verify(self) -> None:
        with self._taken_back_if_dropped():
            self.receiver.verify()

    @contextmanager
    def _taken_back_if_dropped(self) -> Iterator[None]:
        try:
            yield
        except ContentError:
            self.transfer.take_back()
            raise
