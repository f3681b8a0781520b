"""The stretches of a blob that grow side by side, and the file that remembers them.

A blob that grows in one stretch needs no such file: what is there is its beginning. Once it is
split, `NAME.pieces` beside the partial blob holds for each stretch where it starts, how far it is
and where it stops, so that a later run can go on with all of them. A position is written after
its bytes, so a killed process never leaves one that is ahead of them.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

_RECORD = struct.Struct("<QQQ")
_POSITION = struct.Struct("<Q")
_POSITION_AT = 8
MAX_PIECES = 256


@dataclass(slots=True)
class Piece:
    """One stretch: the bytes from `start` to `position` are there, those up to `stop` to come.

    Somebody is filling it, or did, when it is `taken`.
    """

    start: int
    position: int
    stop: int
    taken: bool = False

    @property
    def missing(self) -> int:
        return self.stop - self.position


class Pieces:
    """All stretches of one blob, in order, without gaps."""

    def __init__(self, path: Path, pieces: list[Piece]) -> None:
        self._path = path
        self._file: int | None = None
        self.all = pieces

    @classmethod
    def take_up(cls, path: Path, held: int, size: int) -> Pieces:
        """What an earlier run left of a blob of `size` bytes, of whose file `held` are there.

        Without a memory they are the beginning of one stretch; with an unsound one, nothing.
        """
        if not path.exists():
            return cls(path, [Piece(0, min(held, size), size)])
        pieces = _read(path, size)
        if not pieces or any(piece.position > max(held, piece.start) for piece in pieces):
            path.unlink()
            return cls(path, [Piece(0, 0, size)])
        remembered = cls(path, pieces)
        remembered._remember_all()
        return remembered

    def split(self, smallest: int) -> Piece | None:
        """A stretch for one more writer: one that an earlier run left, else the second half of the
        largest, if both halves have `smallest` bytes.
        """
        for piece in self.all[1:]:
            if piece.missing and not piece.taken:
                piece.taken = True
                return piece
        largest = max(self.all, key=lambda piece: piece.missing)
        if largest.missing < 2 * smallest or len(self.all) >= MAX_PIECES:
            return None
        middle = largest.position + largest.missing // 2
        piece = Piece(middle, middle, largest.stop, taken=True)
        largest.stop = middle
        self.all.insert(self.all.index(largest) + 1, piece)
        self._remember_all()
        return piece

    def advance(self, piece: Piece, size: int) -> None:
        """Note that so many more bytes of a stretch are written."""
        piece.position += size
        if self._file is not None:
            at = self.all.index(piece) * _RECORD.size + _POSITION_AT
            os.pwrite(self._file, _POSITION.pack(piece.position), at)

    def forget(self, size: int) -> None:
        """Begin anew with one empty stretch of `size` bytes."""
        self.close()
        self._path.unlink(missing_ok=True)
        self.all = [Piece(0, 0, size)]

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _remember_all(self) -> None:
        if self._file is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
            self._file = os.open(self._path, flags, 0o600)
        raw = b"".join(_RECORD.pack(p.start, p.position, p.stop) for p in self.all)
        os.pwrite(self._file, raw, 0)


def _read(path: Path, size: int) -> list[Piece]:
    """The stretches that a file remembers, or none if they do not make up the blob."""
    with path.open("rb") as file:
        raw = file.read(MAX_PIECES * _RECORD.size + 1)
    if not raw or len(raw) % _RECORD.size:
        return []
    pieces = [Piece(*record) for record in _RECORD.iter_unpack(raw)]
    expected = 0
    for piece in pieces:
        if piece.start != expected or not piece.start <= piece.position <= piece.stop:
            return []
        expected = piece.stop
    return pieces if expected == size else []
