"""The functions and operators of bake files that a scan can compute."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

_VERB = re.compile(r"%(?:%|[sdvq]|0?\d*d)")


def _format(template: str, *args: Any) -> str:
    rest = iter(args)

    def put(match: re.Match[str]) -> str:
        verb = match[0]
        if verb == "%%":
            return "%"
        value = next(rest)
        if verb in ("%s", "%v"):
            return str(value).lower() if isinstance(value, bool) else str(value)
        return f'"{value}"' if verb == "%q" else verb % int(value)

    return _VERB.sub(put, template)


def _coalesce(*args: Any) -> Any:
    return next(arg for arg in args if arg is not None)


def _substr(text: str, offset: int, length: int) -> str:
    start = offset if offset >= 0 else len(text) + offset
    return text[start:] if length < 0 else text[start : start + length]


def _flatten(values: list[Any]) -> list[Any]:
    return [
        inner
        for value in values
        for inner in (_flatten(value) if isinstance(value, list) else [value])
    ]


def _regex_replace(text: str, pattern: str, replacement: str) -> str:
    return re.sub(pattern, re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", replacement), text)


def _merge(*tables: dict[str, Any] | None) -> dict[str, Any]:
    return {key: value for table in tables for key, value in (table or {}).items()}


def _divide(left: float, right: float) -> float:
    return left / right


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "%": operator.mod,
    "&&": lambda left, right: left and right,
    "||": lambda left, right: left or right,
    "add": operator.add,
    "and": lambda left, right: left and right,
    "coalesce": _coalesce,
    "compact": lambda values: [value for value in values if value],
    "concat": lambda *lists: [value for values in lists for value in values],
    "contains": lambda values, value: value in values,
    "distinct": lambda values: list(dict.fromkeys(values)),
    "element": lambda values, index: values[index % len(values)],
    "equal": operator.eq,
    "flatten": _flatten,
    "format": _format,
    "join": lambda separator, *lists: separator.join(v for values in lists for v in values),
    "keys": sorted,
    "length": len,
    "lookup": lambda table, key, default: table.get(key, default),
    "lower": str.lower,
    "merge": _merge,
    "not": operator.not_,
    "notequal": operator.ne,
    "or": lambda left, right: left or right,
    "regex_replace": _regex_replace,
    "replace": str.replace,
    "reverse": lambda text: text[::-1],
    "sanitize": lambda text: re.sub(r"[^a-zA-Z0-9_-]", "_", text),
    "slice": lambda values, start, end: values[start:end],
    "sort": sorted,
    "split": lambda separator, text: text.split(separator),
    "strlen": len,
    "substr": _substr,
    "subtract": operator.sub,
    "title": str.title,
    "trim": str.strip,
    "trimprefix": str.removeprefix,
    "trimspace": str.strip,
    "trimsuffix": str.removesuffix,
    "upper": str.upper,
    "values": lambda table: [table[key] for key in sorted(table)],
}
