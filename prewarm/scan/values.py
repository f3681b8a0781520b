"""A file's data as values with places, whatever syntax (YAML, JSON) it was written in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from prewarm.scan.finding import Place


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar; `place` is that of its first letter, after quotes and the like.

    `type` is "str", "int", "float", "bool", "null", or whatever else the syntax says. `original`
    is what the file has where something was put into the text while the file was read.
    """

    value: str
    place: Place
    type: str = "str"
    original: str | None = None

    @property
    def written(self) -> str:
        """The text as the file has it."""
        return self.value if self.original is None else self.original

    def at(self, offset: int) -> Place:
        """The place of a letter inside; of a text of several lines, all begin in one column."""
        line = self.value.count("\n", 0, offset)
        column = offset - (self.value.rfind("\n", 0, offset) + 1)
        return Place(self.place.file, self.place.line + line, self.place.column + column)

    def part(self, start: int, end: int | None = None) -> Text:
        """A piece of a text that stands in the file as it is."""
        return replace(self, value=self.value[start:end], place=self.at(start))


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list; `tag` is the one that stands in front of it, if any."""

    items: tuple[Value, ...]
    place: Place
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys in order with their values; `keys` has the keys' own places."""

    entries: dict[str, Value]
    keys: dict[str, Text]
    place: Place


Value: TypeAlias = "Text | Sequence | Mapping"


def get(value: Value | None, *path: str) -> Value | None:
    """The value at a path of keys; None where there is none or it is null."""
    for name in path:
        value = value.entries.get(name) if isinstance(value, Mapping) else None
    return None if isinstance(value, Text) and value.type == "null" else value


def entries(value: Value | None) -> Iterator[tuple[str, Value]]:
    """The pairs of a mapping; nothing for other values."""
    if isinstance(value, Mapping):
        yield from value.entries.items()


def elements(value: Value | None) -> Iterator[Value]:
    """The elements of a list; nothing for other values."""
    if isinstance(value, Sequence):
        yield from value.items


def text(value: Value | None) -> Text | None:
    """The value if it is a string; numbers, booleans and null are none."""
    return value if isinstance(value, Text) and value.type == "str" else None


def scalar(value: Value | None) -> Text | None:
    """The value if it is any scalar but null."""
    return value if isinstance(value, Text) and value.type != "null" else None


def number_text(value: Text) -> str:
    """A scalar's text as most programs print it that read numbers as numbers: 3.10 is 3.1."""
    try:
        return repr(float(value.value)) if value.type == "float" else value.value
    except ValueError:
        return value.value


def merged(under: Value | None, over: Value) -> Value:
    """Mappings merged key by key, deeply; of anything else the upper one."""
    if not isinstance(under, Mapping) or not isinstance(over, Mapping):
        return over
    both = dict(under.entries)
    for name, value in over.entries.items():
        both[name] = merged(both.get(name), value)
    return Mapping(both, {**under.keys, **over.keys}, over.place)
