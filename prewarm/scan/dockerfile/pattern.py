"""Shell patterns as BuildKit knows them: `*`, `?` and escapes, for `${name#pattern}` and kin."""

from __future__ import annotations

import re
from enum import Enum

from prewarm.scan.dockerfile.refusal import BadWord


class _Wild(Enum):
    ONE = "?"
    ANY = "*"


_MAX_VALUE = 2048
"""Characters. Longer values are no part of an image's name, and matching them could take long."""

_Pattern = list["str | _Wild"]
_GROUP = re.compile(r"\$(?:(\$)|\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))")


def cut_prefix(value: str, pattern: str, longest: bool) -> str:
    """The value without the shortest or longest beginning that the pattern matches."""
    ends = _ends(_parse(pattern), value, 0)
    if not ends:
        return value
    return value[max(ends) if longest else min(ends) :]


def cut_suffix(value: str, pattern: str, longest: bool) -> str:
    """The value without the shortest or longest end that the pattern matches."""
    return cut_prefix(value[::-1], _reverse(pattern), longest)[::-1]


def replace_first(value: str, pattern: str, replacement: str) -> str:
    """The value with the first match replaced."""
    match = _search(_parse(pattern), value, 0)
    if match is None:
        return value
    return value[: match[0]] + replacement + value[match[1] :]


def replace_all(value: str, pattern: str, replacement: str) -> str:
    """The value with every match replaced; `$0` in the replacement is the match, as in Go."""
    wanted = _parse(pattern)
    out: list[str] = []
    copied = at = 0
    while at <= len(value):
        match = _search(wanted, value, at)
        if match is None:
            break
        start, end = match
        out.append(value[copied:start])
        if end > copied or start == 0:
            out.append(_fill(replacement, value[start:end]))
        copied = end
        at = max(end, at + 1)
    return "".join(out) + value[copied:]


def _fill(replacement: str, match: str) -> str:
    def group(found: re.Match[str]) -> str:
        if found[1]:
            return "$"
        return match if (found[2] or found[3]).strip("0") == "" else ""

    return _GROUP.sub(group, replacement)


def _parse(pattern: str) -> _Pattern:
    tokens: _Pattern = []
    at = 0
    while at < len(pattern):
        char, after = pattern[at], pattern[at + 1 : at + 2]
        at += 1
        if char in "*?":
            tokens.append(_Wild(char))
            continue
        if char == "\\":
            if after and after in "}/":
                continue
            if not after or after not in "*?\\":
                raise BadWord(f"\\{after} is no escape in a pattern")
            char = after
            at += 1
        tokens.append(char)
    return tokens


def _reverse(pattern: str) -> str:
    """The pattern backwards, escapes before what they escape."""
    out: list[str] = []
    at = 0
    while at < len(pattern):
        width = 2 if pattern[at] == "\\" and at + 1 < len(pattern) else 1
        out.append(pattern[at : at + width])
        at += width
    return "".join(reversed(out))


def _search(pattern: _Pattern, value: str, start: int) -> tuple[int, int] | None:
    for begin in range(start, len(value) + 1):
        if ends := _ends(pattern, value, begin):
            return begin, max(ends)
    return None


def _ends(pattern: _Pattern, value: str, start: int) -> set[int]:
    """Every place where a match that begins at `start` may end."""
    if len(value) > _MAX_VALUE:
        raise BadWord(f"a value of {len(value)} characters is too long for a pattern")
    places = {start}
    for token in pattern:
        if token is _Wild.ANY:
            first = min(places)
            line_end = value.find("\n", first)
            places = _runs(places, value, len(value) if line_end < 0 else line_end)
        elif token is _Wild.ONE:
            places = {p + 1 for p in places if p < len(value) and value[p] != "\n"}
        else:
            places = {p + 1 for p in places if value[p : p + 1] == token}
        if not places:
            break
    return places


def _runs(places: set[int], value: str, line_end: int) -> set[int]:
    """Where one can be after any number of characters, none of them the end of a line."""
    if line_end == len(value):
        return set(range(min(places), line_end + 1))
    out: set[int] = set()
    for place in places:
        end = value.find("\n", place)
        out.update(range(place, (len(value) if end < 0 else end) + 1))
    return out
