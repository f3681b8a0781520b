"""Texts with `$NAME` and `${NAME}` in them: what they come to, or which names have no value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import translate


@dataclass(frozen=True, slots=True)
class Expanded:
    """What a text comes to; where `missing` names something, `text` is not to be used."""

    text: str = ""
    missing: tuple[str, ...] = ()

    def then(self, other: Expanded) -> Expanded:
        return Expanded(
            self.text + other.text, tuple(dict.fromkeys((*self.missing, *other.missing)))
        )


Lookup = Callable[[str], "Expanded | None"]
"""The value of a name; None where it has none."""


@dataclass(frozen=True, slots=True)
class Syntax:
    """Which of a shell's forms a format knows. `${NAME}` every one does."""

    bare: bool = True
    """`$NAME`"""
    operators: bool = False
    """`${NAME:-default}` and the rest"""
    doubled: bool = True
    """`$$` stands for one dollar"""


_DOLLAR = re.compile(r"\$(?:(?P<bare>[A-Za-z_]\w*)|(?P<brace>\{)|(?P<dollar>\$))")
_NAME = re.compile(r"[A-Za-z_][\w.]*")
_OPERATOR = re.compile(r":?[-=+?]|##?|%%?|//?|\^\^?|,,?|:(?=\s*-?\d)")
_MAX_DEPTH = 20


def expand(text: str, lookup: Lookup, syntax: Syntax = Syntax()) -> Expanded:
    """Put the values of variables into a text."""
    result, at = Expanded(), 0
    while match := _DOLLAR.search(text, at):
        result = result.then(Expanded(text[at : match.start()]))
        at = match.end()
        if match["brace"]:
            end = _closing(text, at)
            if end < 0:
                return result.then(Expanded("", (text[at:],)))
            result = result.then(_braced(text[at:end], lookup, syntax))
            at = end + 1
        elif match["bare"] and syntax.bare:
            result = result.then(lookup(match["bare"]) or Expanded("", (match["bare"],)))
        elif match["dollar"] and syntax.doubled:
            result = result.then(Expanded("$"))
        else:
            result = result.then(Expanded("$"))
            at = match.start() + 1
    return result.then(Expanded(text[at:]))


def flat(values: Mapping[str, str]) -> Lookup:
    """A lookup in values that are used as they are."""
    return lambda name: Expanded(values[name]) if name in values else None


def nested(values: Mapping[str, str], syntax: Syntax = Syntax()) -> Lookup:
    """A lookup in values that themselves may name others; one that leads to itself is missing."""

    def lookup(name: str, active: tuple[str, ...] = ()) -> Expanded | None:
        if name not in values or name in active or len(active) > _MAX_DEPTH:
            return None
        inner = (*active, name)
        return expand(values[name], lambda other: lookup(other, inner), syntax)

    return lookup


def _closing(text: str, start: int) -> int:
    depth = 1
    for match in re.compile(r"\$\{|\}").finditer(text, start):
        depth += 1 if match[0] == "${" else -1
        if depth == 0:
            return match.start()
    return -1


def _braced(inner: str, lookup: Lookup, syntax: Syntax) -> Expanded:
    name = _NAME.match(inner)
    rest = inner[name.end() :] if name else ""
    operator = _OPERATOR.match(rest) if syntax.operators else None
    if name is None or (rest and operator is None):
        return Expanded("", (inner,))
    value = lookup(name[0])
    if operator is None:
        return value or Expanded("", (name[0],))
    word = rest[operator.end() :]
    if operator[0].strip(":") in ("-", "=", "+", "?"):
        return _default(name[0], value, operator[0], expand(word, lookup, syntax))
    if value is None or value.missing:
        return value or Expanded("", (name[0],))
    return _edited(value.text, operator[0], expand(word, lookup, syntax))


def _default(name: str, value: Expanded | None, operator: str, word: Expanded) -> Expanded:
    given = value is not None and (not operator.startswith(":") or value != Expanded(""))
    if operator.endswith("+"):
        return word if given else Expanded("")
    if given and value is not None:
        return value
    return Expanded("", (name,)) if operator.endswith("?") else word


def _edited(value: str, operator: str, word: Expanded) -> Expanded:
    if word.missing:
        return word
    if operator[0] == "^":
        return Expanded(value.upper() if operator == "^^" else value[:1].upper() + value[1:])
    if operator[0] == ",":
        return Expanded(value.lower() if operator == ",," else value[:1].lower() + value[1:])
    if operator == ":":
        return Expanded(_slice(value, word.text))
    if operator[0] == "/":
        old, _, new = word.text.partition("/")
        pattern = _pattern(old)
        return Expanded(pattern.sub(lambda _: new, value, count=0 if operator == "//" else 1))
    return Expanded(_trimmed(value, operator, word.text))


def _slice(value: str, bounds: str) -> str:
    first, _, length = bounds.partition(":")
    try:
        start = int(first)
        start = max(len(value) + start, 0) if start < 0 else start
        return value[start:] if not length else value[start:][: int(length)]
    except ValueError:
        return value


def _trimmed(value: str, operator: str, pattern: str) -> str:
    matcher = _pattern(pattern)
    ends = range(len(value) + 1)
    lengths = reversed(ends) if len(operator) == 2 else ends
    for length in lengths:
        if operator[0] == "#" and matcher.fullmatch(value[:length]):
            return value[length:]
        if operator[0] == "%" and matcher.fullmatch(value[len(value) - length :]):
            return value[: len(value) - length]
    return value


def _pattern(shell: str) -> re.Pattern[str]:
    inner = re.sub(r"^\(\?s:(.*)\)\\[Zz]$", r"\1", translate(shell), flags=re.DOTALL)
    return re.compile(f"(?s:{inner})")
