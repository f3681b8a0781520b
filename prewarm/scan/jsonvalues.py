"""JSON as values, with the comments and trailing commas that people's settings files have."""

from __future__ import annotations

import json
import re

from prewarm.scan.finding import Place, Skipped
from prewarm.scan.reader import Document
from prewarm.scan.values import Mapping, Sequence, Text, Value

_MAX_DEPTH = 200
_SPACE = re.compile(r"(?:[\s\ufeff]+|//[^\n]*|/\*(?s:.*?)\*/)*")
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_WORDS = {"true": "bool", "false": "bool", "null": "null"}
_WORD = re.compile("|".join(_WORDS))


def load(document: Document) -> Value | Skipped:
    """The one value that a file holds, or why it is skipped."""
    return parse(document.text, Place(document.path, 1, 1))


def parse(text: str, start: Place) -> Value | Skipped:
    """A text that begins at `start`."""
    reader = _Reader(text, start)
    try:
        value = reader.value(0)
        reader.skip()
        if reader.at < len(text):
            raise _Broken("there is more after the end")
    except _Broken as broken:
        return Skipped(start.file, f"line {reader.place().line}: {broken}")
    return value


class _Broken(Exception):
    """The text is no JSON from here on."""


class _Reader:
    """One text; `at` is the offset of what comes next."""

    def __init__(self, text: str, start: Place) -> None:
        self.text = text
        self.at = 0
        self._start = start
        self._counted = 0
        self._line = start.line
        self._line_start = 1 - start.column

    def place(self, shift: int = 0) -> Place:
        for match in re.compile("\n").finditer(self.text, self._counted, self.at):
            self._line += 1
            self._line_start = match.end()
        self._counted = self.at
        return Place(self._start.file, self._line, self.at + shift - self._line_start + 1)

    def skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def take(self, token: str) -> bool:
        self.skip()
        if self.text.startswith(token, self.at):
            self.at += 1
            return True
        return False

    def value(self, depth: int) -> Value:
        self.skip()
        place = self.place()
        if depth > _MAX_DEPTH:
            raise _Broken(f"nested more than {_MAX_DEPTH} deep")
        if self.take("{"):
            return self.mapping(place, depth)
        if self.take("["):
            return self.sequence(place, depth)
        if string := self.string():
            return string
        if word := _WORD.match(self.text, self.at):
            self.at = word.end()
            return Text(word[0], place, _WORDS[word[0]])
        if number := _NUMBER.match(self.text, self.at):
            self.at = number.end()
            return Text(number[0], place, "float" if number[1] or number[2] else "int")
        raise _Broken("a value is missing")

    def string(self) -> Text | None:
        self.skip()
        place = self.place(shift=1)
        match = _STRING.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        try:
            return Text(json.loads(match[0], strict=False), place)
        except ValueError:
            return Text(match[1], place)

    def mapping(self, place: Place, depth: int) -> Mapping:
        entries: dict[str, Value] = {}
        keys: dict[str, Text] = {}
        while not self.take("}"):
            key = self.string()
            if key is None or not self.take(":"):
                raise _Broken("a key is missing" if key is None else "':' is missing")
            entries[key.value] = self.value(depth + 1)
            keys[key.value] = key
            if not self.take(",") and not self.text.startswith("}", self.at):
                raise _Broken("',' or '}' is missing")
        return Mapping(entries, keys, place)

    def sequence(self, place: Place, depth: int) -> Sequence:
        items: list[Value] = []
        while not self.take("]"):
            items.append(self.value(depth + 1))
            if not self.take(",") and not self.text.startswith("]", self.at):
                raise _Broken("',' or ']' is missing")
        return Sequence(tuple(items), place)
