"""What a compose file holds, as values: scalars that know where they stand, mappings and lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from prewarm.scan.compose.scalars import Scalar, text_of
from prewarm.scan.finding import Place

Plain: TypeAlias = "Scalar | dict[str, Plain] | list[Plain]"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar after interpolation.

    `written` is its text in the file and `place` where that begins; `folder` is what a relative
    path in it is relative to. `marked`, `empty` and `fault` are those of its Expansion.
    """

    value: Scalar
    place: Place
    written: str = ""
    folder: str = ""
    marked: str = ""
    empty: tuple[str, ...] = ()
    fault: str = ""

    @property
    def text(self) -> str:
        """The value as text; null is empty."""
        return text_of(self.value)

    def with_value(self, value: Scalar) -> Leaf:
        """The same place with another value."""
        return replace(self, value=value, marked=text_of(value))


Value: TypeAlias = "Leaf | Mapping[str, Value] | Sequence[Value]"
"""Never changed once made: the same one may stand at several places of a model."""

Table: TypeAlias = Mapping[str, Value]

KeyPath: TypeAlias = tuple[str, ...]
"""Keys from the root of a file to a value."""


class Refused(Exception):
    """A part of a file that compose does not accept."""


def plain(value: Value) -> Plain:
    """The value without its places, for comparison."""
    if isinstance(value, Leaf):
        return value.value
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value]


def is_null(value: Value | None) -> bool:
    """Whether there is nothing, or null."""
    return value is None or (isinstance(value, Leaf) and value.value is None and not value.fault)


def table(value: Value | None) -> Table:
    """A mapping as it is, anything else as an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Value | None) -> Sequence[Value]:
    """A list's elements; a single value as a list of one; nothing for null and for mappings."""
    if isinstance(value, Leaf):
        return () if is_null(value) else (value,)
    return () if value is None or isinstance(value, Mapping) else value


def leaf(value: Value | None) -> Leaf | None:
    """A scalar that is not null, or None."""
    return value if isinstance(value, Leaf) and not is_null(value) else None
