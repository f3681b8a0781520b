"""One blob on its way in: a partial file, locked, hashed while it grows, published by rename."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from prewarm.errors import ContentError, StoreError
from prewarm.layout.lock import try_lock
from prewarm.layout.pieces import Piece, Pieces
from prewarm.oci import Descriptor
from prewarm.receiver import NoRanges, Receiver

_CHUNK = 1024 * 1024
_PAUSE = 0.05


class Ingest:
    """One blob on its way in: hashed and counted while it is written, visible only at the end.

    `partial` is where it grows, `file` that file, open and locked, `blob` where it will be. It is
    the receiver of the blob's first stretch itself; `split` gives receivers for others, which
    other threads may fill meanwhile.
    """

    def __init__(self, descriptor: Descriptor, partial: Path, file: int, blob: Path) -> None:
        self._descriptor = descriptor
        self._partial = partial
        self._file = file
        self._blob = blob
        self._algorithm = descriptor.digest.partition(":")[0]
        self._lock = threading.RLock()
        self._hash = hashlib.new(self._algorithm)
        self._hashed = 0
        self._divided = False
        self._failure: OSError | None = None
        held = os.fstat(file).st_size
        if held > descriptor.size:
            os.ftruncate(file, 0)
            held = 0
        self._pieces = Pieces.take_up(_memory_of(partial), held, descriptor.size)
        self._hash_up_to(self._first.position)

    @property
    def offset(self) -> int:
        """Bytes that are there from the beginning: where the source should go on."""
        return self._first.position

    @property
    def stop(self) -> int:
        """Where the first stretch ends: at the blob's end, unless it was split."""
        return self._first.stop

    def seek(self, start: int) -> None:
        """Go on at `start`, which is `offset`, or 0 to begin the whole blob anew."""
        if start not in (0, self.offset):
            raise ValueError(f"cannot go on at {start}, only at 0 or {self.offset}")
        if start != self.offset:
            self.drop()

    def write(self, chunk: bytes) -> bool:
        """Append bytes; gives whether more are wanted.

        Raises ContentError beyond the size that was declared.
        """
        size = self._descriptor.size
        if self.stop == size and self.offset + len(chunk) > size:
            self.drop()
            raise ContentError(
                self._descriptor.digest,
                f"longer than the {size} bytes that were declared",
                "the partial file was dropped; the upstream answers wrongly",
            )
        return self._write(self._first, chunk)

    def split(self, smallest: int) -> Stretch | None:
        """A receiver for one more writer, if what is missing is worth it: of `smallest` bytes."""
        with self._lock:
            piece = self._pieces.split(smallest)
            self._divided = self._divided or piece is not None
        return Stretch(self, piece) if piece else None

    def unfinished(self) -> Iterator[Receiver]:
        """A receiver for each stretch that still misses bytes; nobody else may be writing.

        Raises OSError when another thread's writing failed.
        """
        if self._failure is not None:
            raise self._failure
        for piece in list(self._pieces.all):
            if piece.missing:
                yield self if piece is self._first else Stretch(self, piece)

    def verify(self) -> None:
        """Raise ContentError, and drop it, when the blob is not the one that was announced.

        While stretches are missing nothing can be said.
        """
        if len(self._pieces.all) == 1:
            self._verify()

    def commit(self) -> None:
        """Verify the blob and make it visible; raises ContentError as `verify` does."""
        self._verify()
        os.fsync(self._file)
        os.fchmod(self._file, 0o444)
        self._partial.rename(self._blob)
        self._pieces.forget(0)

    def _verify(self) -> None:
        if self._divided:  # several wrote: what counts is what lies there now
            self._hash = hashlib.new(self._algorithm)
            self._hashed = 0
        received = sum(piece.position - piece.start for piece in self._pieces.all)
        self._hash_up_to(received)
        actual = f"{self._algorithm}:{self._hash.hexdigest()}"
        if received != self._descriptor.size or actual != self._descriptor.digest:
            self.drop()
            raise ContentError(
                self._descriptor.digest,
                f"digest mismatch: got {actual} after {received} of {self._descriptor.size} bytes",
                "the partial file was dropped, run fetch again",
            )

    def drop(self) -> None:
        """Forget what was written."""
        with self._lock:
            os.ftruncate(self._file, 0)
            self._pieces.forget(self._descriptor.size)
            self._hash = hashlib.new(self._algorithm)
            self._hashed = 0

    def close(self) -> None:
        """Leave what was written to a later ingest; an empty file goes."""
        try:
            self._pieces.close()
            if self.offset == 0 and len(self._pieces.all) == 1 and is_at(self._file, self._partial):
                self._partial.unlink()
        finally:
            os.close(self._file)

    @property
    def _first(self) -> Piece:
        return self._pieces.all[0]

    def _write(self, piece: Piece, chunk: bytes) -> bool:
        with self._lock:
            if not any(known is piece for known in self._pieces.all):
                raise NoRanges(self._descriptor.digest, "the blob was begun anew")
            wanted = memoryview(chunk)[: piece.missing]
            at = piece.position
        write_all(self._file, wanted, at)
        with self._lock:
            kept = min(len(wanted), piece.missing)
            if piece is self._first and self._hashed == at:
                self._hash.update(wanted[:kept])
                self._hashed += kept
            self._pieces.advance(piece, kept)
            return piece.missing > 0

    def _hash_up_to(self, end: int) -> None:
        while self._hashed < end:
            chunk = os.pread(self._file, min(_CHUNK, end - self._hashed), self._hashed)
            if not chunk:
                break
            self._hash.update(chunk)
            self._hashed += len(chunk)


class Stretch:
    """The receiver of a later stretch of a blob."""

    def __init__(self, ingest: Ingest, piece: Piece) -> None:
        self._ingest = ingest
        self._piece = piece

    @property
    def offset(self) -> int:
        return self._piece.position

    @property
    def stop(self) -> int:
        return self._piece.stop

    def seek(self, start: int) -> None:
        """Only `offset` will do: raises NoRanges for a source that can only begin at 0."""
        if start != self.offset:
            raise NoRanges("the upstream sends no parts of blobs", "it comes in one stretch")

    def verify(self) -> None:
        """A stretch alone says nothing about the blob."""

    def write(self, chunk: bytes) -> bool:
        try:
            return self._ingest._write(self._piece, chunk)
        except OSError as error:
            self._ingest._failure = error
            raise StoreError("store", f"cannot write: {error.strerror or error}") from error


def lock_partial(path: Path, held: Callable[[], bool]) -> int | None:
    """Open a partial blob for us alone, waiting for others; None when the blob is held by then."""
    while True:
        file = _open_partial(path, held)
        if file is not None:
            try:
                if try_lock(file, path) and is_at(file, path):
                    if not held():
                        return file
                    path.unlink()
            except BaseException:
                os.close(file)
                raise
            os.close(file)
        if held():
            return None
        time.sleep(_PAUSE)


def drop_partial(path: Path, older_than: float) -> None:
    """Delete a partial blob that nobody writes and nobody continued for so many seconds."""
    with suppress(OSError):
        if time.time() - path.stat().st_mtime < older_than:
            return
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if try_lock(file, path) and is_at(file, path):
                _memory_of(path).unlink(missing_ok=True)
                path.unlink()
        finally:
            os.close(file)


def write_all(file: int, raw: bytes | memoryview, at: int) -> None:
    """Write all of it at a position, however the kernel cuts it up."""
    view = memoryview(raw)
    while view:
        written = os.pwrite(file, view, at)
        view, at = view[written:], at + written


def is_at(file: int, path: Path) -> bool:
    """Whether an open file still has its name: its last owner may have published it."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _memory_of(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.pieces")


def _open_partial(path: Path, held: Callable[[], bool]) -> int | None:
    """Open a partial blob, new or not; None when that is to be tried again.

    One that is read-only was about to be published: its owner is at it, or was killed just then.
    """
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except PermissionError:
        if not path.exists() and not held():
            raise
    with suppress(FileNotFoundError):
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if try_lock(file, path) and is_at(file, path):
                os.fchmod(file, 0o600)
        finally:
            os.close(file)
    return None
