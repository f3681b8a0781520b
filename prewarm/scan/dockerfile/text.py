"""Texts that know where they stand in the file, and Go's idea of a space."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""Unicode's white space, which is what BuildKit trims; str.isspace has four characters more."""

Position = tuple[int, int]
"""A line and a column, both from 1."""


@dataclass(frozen=True, slots=True)
class Text:
    """A word: what it says after its outer quotes are gone, as it is written, and where."""

    value: str
    written: str
    position: Position


@dataclass(frozen=True, slots=True)
class Line:
    """An instruction's line, the continued ones joined: its text, and where the parts begin."""

    text: str
    parts: tuple[tuple[int, Position], ...]

    @property
    def number(self) -> int:
        """The line of the file on which it begins."""
        return self.parts[0][1][0]

    def position(self, offset: int) -> Position:
        """Where the character at `offset` stands in the file."""
        start, (line, column) = self.parts[bisect_right(self.parts, offset, key=lambda p: p[0]) - 1]
        return line, column + offset - start

    def tail(self, offset: int) -> Line:
        """The line from `offset` on."""
        rest = tuple((start - offset, place) for start, place in self.parts if start > offset)
        return Line(self.text[offset:], ((0, self.position(offset)), *rest))

    def cut(self, text: str) -> Line:
        """The same line with a text that its own begins with."""
        return Line(text, self.parts)
