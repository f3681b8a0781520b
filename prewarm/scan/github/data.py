"""GitHub's data: what its YAML scalars mean, and how its expressions turn them into text."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TypeAlias

from prewarm.scan.values import Mapping, Sequence, Text, Value


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that only a run knows; `falsy` where a condition has let no other through."""

    names: tuple[str, ...]
    falsy: bool = False


Data: TypeAlias = "str | float | bool | list[Data] | dict[str, Data] | Unknown | None"

_INTEGER = re.compile(r"[-+]?\d+")
_FLOAT = re.compile(r"[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?")
_PREFIXED = re.compile(r"0(?:x[0-9a-fA-F]+|o[0-7]+)")
_BOOLEANS = {"true": True, "false": False}


def data_of(value: Value | None) -> Data:
    """A YAML value as GitHub reads it (YAML 1.2: `on` is a string, `3.10` is 3.1)."""
    if isinstance(value, Mapping):
        return {name: data_of(inner) for name, inner in value.entries.items()}
    if isinstance(value, Sequence):
        return [data_of(inner) for inner in value.items]
    return _scalar(value) if value is not None else None


def _scalar(text: Text) -> Data:
    written = text.value
    if text.type == "null":
        return None
    if text.type == "str":
        return written
    if written.lower() in _BOOLEANS:
        return _BOOLEANS[written.lower()]
    if _PREFIXED.fullmatch(written):
        return float(int(written, 0))
    if _INTEGER.fullmatch(written) or _FLOAT.fullmatch(written):
        return float(written)
    return written


def is_truthy(data: Data) -> bool:
    """What an expression takes for true; not for Unknown."""
    return data not in (None, "", 0.0, False)


def text_of(data: Data) -> str | None:
    """The text that stands for a value inside of a string; None for lists and objects."""
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, float):
        return format(data, ".15g") if math.isfinite(data) else str(data)
    if data is None:
        return ""
    return data if isinstance(data, str) else None


def is_equal(left: Data, right: Data) -> bool:
    """GitHub's loose `==`: strings ignore case, other unlike types are compared as numbers."""
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    if isinstance(left, (list, dict)) or isinstance(right, (list, dict)):
        return left is right
    return number_of(left) == number_of(right)


def number_of(data: Data) -> float:
    """The number that a value is compared as; not a number for what has none."""
    if isinstance(data, str):
        try:
            return float(data.strip() or 0)
        except ValueError:
            return math.nan
    if data is None:
        return 0.0
    return float(data) if isinstance(data, (bool, float)) else math.nan
