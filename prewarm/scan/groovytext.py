"""Groovy as tokens with places: names, strings with their parts, punctuation; no comments."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from prewarm.scan.finding import Place

_BLANK = re.compile(r"(?:\s+|//[^\n]*|/\*(?s:.*?)(?:\*/|\Z)|\A#![^\n]*)+")
_NAME = re.compile(r"[^\W\d]\w*")
_NUMBER = re.compile(r"\d[\w.]*")
_SLASHY = re.compile(r"/(?:[^/\\\n]|\\.)+/")
_BEFORE_SLASHY = set("(,=~:[!&|?{};") | {"return", "in"}
_QUOTES = ("'''", '"""', "'", '"', "$/")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\n": ""}


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is "name", "number", "string", or "mark" (one character of punctuation).

    Of a string, `text` is what stands between its quotes, as written, and `start` is where that
    begins; `is_template` tells that `$` in it is put in.
    """

    kind: str
    text: str
    start: int
    is_template: bool = False

    @property
    def value(self) -> str:
        """A string's value: escapes undone, `${…}` left."""
        return re.sub(r"\\(.|\n)", lambda m: _ESCAPES.get(m[1], m[1]), self.text)


class Places:
    """From offsets in a text to places in a file."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def of(self, offset: int) -> Place:
        row = bisect_right(self._starts, offset) - 1
        return Place(self._path, row + 1, offset - self._starts[row] + 1)


def tokens(text: str) -> list[Token]:
    """All tokens of a text; a string without an end reaches to the end."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        if blank := _BLANK.match(text, at):
            at = blank.end()
            continue
        token, at = _string(text, at, found) or _plain(text, at)
        found.append(token)
    return found


def _plain(text: str, at: int) -> tuple[Token, int]:
    for kind, pattern in (("name", _NAME), ("number", _NUMBER)):
        if match := pattern.match(text, at):
            return Token(kind, match[0], at), match.end()
    return Token("mark", text[at], at), at + 1


def _string(text: str, at: int, before: list[Token]) -> tuple[Token, int] | None:
    quote = next((quote for quote in _QUOTES if text.startswith(quote, at)), None)
    if quote is None:
        slashy = _SLASHY.match(text, at)
        if slashy is None or (before and before[-1].text not in _BEFORE_SLASHY):
            return None
        return Token("string", slashy[0][1:-1], at + 1, is_template=True), slashy.end()
    start = at + len(quote)
    is_template = quote in ('"""', '"', "$/")
    end = _end(text, start, "/$" if quote == "$/" else quote, is_template)
    return Token("string", text[start:end], start, is_template), end + len(quote)


def _end(text: str, at: int, quote: str, is_template: bool) -> int:
    while at < len(text):
        if text.startswith(quote, at):
            return at
        if text[at] == "\n" and len(quote) == 1:
            return at
        if text[at] == "\\" and quote != "/$":
            at += 2
        elif is_template and text.startswith("${", at):
            at = _after_braces(text, at + 2)
        else:
            at += 1
    return len(text)


def _after_braces(text: str, at: int) -> int:
    depth = 1
    for match in re.compile(r"[{}]|'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"").finditer(text, at):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    return len(text)
