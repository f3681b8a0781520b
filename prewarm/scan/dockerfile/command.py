"""One instruction's line taken apart: its name, its flags, the rest."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property

from prewarm.scan.dockerfile.refusal import Refused
from prewarm.scan.dockerfile.text import SPACES, Line, Text

BLANKS = re.compile(r"[\t\v\f\r ]+")


@dataclass(frozen=True, slots=True)
class Flag:
    """One `--name=value`, its quotes and escapes gone; `origins` are its characters' offsets."""

    text: str
    origins: tuple[int, ...]

    @property
    def name(self) -> str:
        return self.text.partition("=")[0]

    @property
    def value(self) -> str | None:
        """What follows the equals sign; None where there is none."""
        _, equals, value = self.text.partition("=")
        return value if equals else None

    def part(self, line: Line, start: int, end: int) -> Text:
        """A stretch of the flag's text as it stands in the file."""
        origins = self.origins[start:end]
        if not origins:
            return Text("", "", line.position(self.origins[-1]))
        written = line.text[origins[0] : origins[-1] + 1]
        return Text(self.text[start:end], written, line.position(origins[0]))


@dataclass(frozen=True)
class Command:
    """An instruction: its name in lower case, its flags, and the rest, which begins at `offset`."""

    line: Line
    name: str
    flags: tuple[Flag, ...]
    rest: str
    offset: int

    @cached_property
    def strings(self) -> list[str] | None:
        """The elements, where the rest is a JSON array of strings."""
        return self.parse_array(self.rest)

    def parse_array(self, text: str) -> list[str] | None:
        """The elements of a JSON array of strings; Refused for other arrays, None for no array."""
        if not text.startswith("["):
            return None
        try:
            values = json.loads(text, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            return None
        if all(isinstance(value, str) for value in values):
            return list(values)
        raise self.refused("wants nothing but strings in its array")

    @cached_property
    def words(self) -> list[str]:
        """The rest, parted at its blanks."""
        return BLANKS.split(self.rest) if self.rest else []

    @property
    def arguments(self) -> list[str]:
        """The elements of the array that the rest is, else its words."""
        return self.words if self.strings is None else self.strings

    def refused(self, problem: str, name: Text | None = None) -> Refused:
        return Refused(self.line.number, f"{self.name.upper()} {problem}", name)


def _no_constant(name: str) -> float:
    raise ValueError(name)


def split(line: Line, escape: str, start: int = 0) -> Command:
    """Take the instruction apart that begins at `start` of a line."""
    begin = start + len(line.text[start:]) - len(line.text[start:].lstrip(SPACES))
    name, *rest = BLANKS.split(line.text[begin:].rstrip(SPACES), 1)
    if not rest:
        return Command(line, name.lower(), (), "", len(line.text))
    offset = len(line.text.rstrip(SPACES)) - len(rest[0])
    flags: tuple[Flag, ...] = ()
    if rest[0].lstrip(SPACES).startswith("--"):
        flags, offset = _split_flags(line.text, offset, escape)
    text = line.text[offset:].strip(SPACES)
    offset += len(line.text[offset:]) - len(line.text[offset:].lstrip(SPACES))
    return Command(line, name.lower(), flags, text, offset)


def _split_flags(text: str, start: int, escape: str) -> tuple[tuple[Flag, ...], int]:
    """The flags from `start` on, and where what follows them begins."""
    units = _bytes_of(text, start)
    flags: list[Flag] = []
    at = 0
    while at < len(units):
        if units[at][0] in SPACES:
            at += 1
            continue
        if units[at][0] != "-" or at + 1 == len(units) or units[at + 1][0] != "-":
            return tuple(flags), units[at][1]
        flag, at = _read_flag(units, at, escape)
        if flag.text == "--":
            return tuple(flags), units[at][1] if at < len(units) else len(text)
        flags.append(flag)
    return tuple(flags), len(text)


def _bytes_of(text: str, start: int) -> list[tuple[str, int]]:
    """Each byte of a text, as the character of that number, with the offset it stems from."""
    if text.isascii():
        return list(zip(text[start:], range(start, len(text)), strict=True))
    return [(chr(byte), at) for at in range(start, len(text)) for byte in text[at].encode()]


def _read_flag(units: list[tuple[str, int]], at: int, escape: str) -> tuple[Flag, int]:
    """One word, unquoted. It is read by bytes, for that is what BuildKit does with flags."""
    kept: list[tuple[str, int]] = []
    quote = ""
    while at < len(units):
        char = units[at][0]
        if not quote and char in SPACES:
            break
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        elif char != escape:
            kept.append(units[at])
        elif at + 1 < len(units):
            at += 1
            kept.append(units[at])
        at += 1
    return Flag("".join(char for char, _ in kept), tuple(origin for _, origin in kept)), at
