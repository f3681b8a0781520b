"""Tags as versions: order and ranges, after semantic versioning and npm's range syntax.

Tags are looser than versions: `v1.27`, `3.20`, `1.27.3-alpine3.20` all count. What follows the
first `-` or `+` is a variant, not a pre-release: `-alpine` is no earlier than none. Only `-rc`,
`-beta`, `-alpha`, `-pre`, `-dev` and `-snapshot` mark pre-releases, and ranges leave those out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from prewarm.errors import UsageError

_TAG = re.compile(r"v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:[-+](.+))?")
_PRE = re.compile(r"(?:^|[.-])(?:alpha|beta|rc|pre|dev|snapshot|nightly)", re.IGNORECASE)
_PART = re.compile(
    r"(\^|~|>=|<=|>|<|=)?\s*v?(\d{1,9}|[xX*])(?:\.(\d{1,9}|[xX*]))?(?:\.(\d{1,9}|[xX*]))?"
)

Numbers = tuple[int, int, int]


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A tag's numbers; `precision` is how many of them the tag has, `variant` what follows."""

    numbers: Numbers
    released: bool
    variant: str
    precision: int

    @classmethod
    def parse(cls, tag: str) -> Version | None:
        """The version that a tag says, or None."""
        match = _TAG.fullmatch(tag)
        if match is None:
            return None
        parts = [part for part in match.groups()[:3] if part is not None]
        numbers = [int(part) for part in parts] + [0] * (3 - len(parts))
        variant = match[4] or ""
        released = _PRE.search(variant) is None
        return cls((numbers[0], numbers[1], numbers[2]), released, variant, len(parts))


@dataclass(frozen=True, slots=True)
class Range:
    """Which versions count: alternatives of bounds, each from (inclusive) up to (exclusive)."""

    alternatives: tuple[tuple[Numbers, Numbers], ...]

    @classmethod
    def parse(cls, text: str) -> Range:
        """Read `>=3.18 <4`, `^1.27`, `~1.27.1`, `1.x`, alternatives apart by `||`."""
        return cls(tuple(_bounds(part, text) for part in text.split("||")))

    def __contains__(self, version: Version) -> bool:
        return version.released and any(
            low <= version.numbers < high for low, high in self.alternatives
        )


_LOWEST: Numbers = (0, 0, 0)
_HIGHEST: Numbers = (10**9, 0, 0)


def _bounds(part: str, text: str) -> tuple[Numbers, Numbers]:
    low, high = _LOWEST, _HIGHEST
    rest = part.strip()
    while rest:
        match = _PART.match(rest)
        if match is None:
            raise UsageError(repr(text), "not a range of versions", "write >=3.18 <4, ^1.27 or 1.x")
        one_low, one_high = _interval(match[1] or "=", match.groups()[1:])
        low, high = max(low, one_low), min(high, one_high)
        rest = rest[match.end() :].lstrip(" ,")
    return low, high


def _interval(operator: str, parts: tuple[str | None, ...]) -> tuple[Numbers, Numbers]:
    given: list[int] = []
    for part in parts:
        if part is None or part in "xX*":
            break
        given.append(int(part))
    if not given:
        return _LOWEST, _HIGHEST
    start = _padded(given)
    after = _bumped(given, len(given) - 1)
    match operator:
        case "^":
            leading = next((i for i, number in enumerate(given) if number), len(given) - 1)
            return start, _bumped(given, leading)
        case "~":
            return start, _bumped(given, min(1, len(given) - 1))
        case ">=":
            return start, _HIGHEST
        case ">":
            return after, _HIGHEST
        case "<":
            return _LOWEST, start
        case "<=":
            return _LOWEST, after
        case _:
            return start, after


def _padded(numbers: list[int]) -> Numbers:
    first, second, third = [*numbers, 0, 0][:3]
    return first, second, third


def _bumped(numbers: list[int], at: int) -> Numbers:
    return _padded([*numbers[:at], numbers[at] + 1])
