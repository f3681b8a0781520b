"""The functions of Helm's templates that image names are put together with."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from prewarm.scan.helm.language import Unknown
from prewarm.scan.imageparts import as_used
from prewarm.scan.values import Mapping as Map
from prewarm.scan.values import Sequence as Seq
from prewarm.scan.values import Text

ToText = Callable[[Any], str]
"""How a value becomes a text; that it was used is noted there."""


def is_true(value: object) -> bool:
    """Go's truth: empty things are false, and so is zero."""
    if isinstance(value, Text):
        if value.type in ("int", "float"):
            return as_used(value) not in ("0", "")
        return as_used(value) not in ("", "false") if value.type == "bool" else bool(value.value)
    if isinstance(value, Map):
        return bool(value.entries)
    if isinstance(value, Seq):
        return bool(value.items)
    return bool(value)


def _plain(value: object) -> object:
    if isinstance(value, Text):
        return as_used(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _default(text: ToText, arguments: Sequence[Any]) -> Any:
    _count(arguments, 2)
    return arguments[1] if is_true(arguments[1]) else arguments[0]


def _coalesce(text: ToText, arguments: Sequence[Any]) -> Any:
    return next((each for each in arguments if is_true(each)), None)


def _printf(text: ToText, arguments: Sequence[Any]) -> Any:
    values = iter(arguments[1:])

    def put(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        value = next(values, None)
        if value is None:
            raise Unknown("printf of nothing")
        return f'"{text(value)}"' if match[0] == "%q" else text(value)

    return re.sub(r"%[%svdq]", put, text(arguments[0]))


def _required(text: ToText, arguments: Sequence[Any]) -> Any:
    _count(arguments, 2)
    if arguments[1] is None or not is_true(arguments[1]):
        raise Unknown("a value is required")
    return arguments[1]


def _ternary(text: ToText, arguments: Sequence[Any]) -> Any:
    _count(arguments, 3)
    return arguments[0] if is_true(arguments[2]) else arguments[1]


def _and(text: ToText, arguments: Sequence[Any]) -> Any:
    return next((each for each in arguments if not is_true(each)), arguments[-1])


def _or(text: ToText, arguments: Sequence[Any]) -> Any:
    return next((each for each in arguments if is_true(each)), arguments[-1])


def _eq(text: ToText, arguments: Sequence[Any]) -> Any:
    first = _plain(arguments[0])
    return any(first == _plain(each) for each in arguments[1:])


def _dict(text: ToText, arguments: Sequence[Any]) -> Any:
    if len(arguments) % 2:
        raise Unknown("dict of odd length")
    keys = [text(key) for key in arguments[::2]]
    return dict(zip(keys, arguments[1::2], strict=True))


def _get(text: ToText, arguments: Sequence[Any]) -> Any:
    value = arguments[0]
    for key in arguments[1:]:
        name = text(key)
        if isinstance(value, Map):
            value = value.entries.get(name)
        elif isinstance(value, Mapping):
            value = value.get(name)
        else:
            raise Unknown("index of no map")
    return value


def _has_key(text: ToText, arguments: Sequence[Any]) -> Any:
    held = arguments[0].entries if isinstance(arguments[0], Map) else arguments[0]
    return isinstance(held, Mapping) and text(arguments[1]) in held


def _kind_is(text: ToText, arguments: Sequence[Any]) -> Any:
    value = arguments[1]
    kinds = {"map": (Map, dict), "string": str, "slice": Seq}
    if isinstance(value, Text):
        return text(arguments[0]) == {"str": "string", "bool": "bool"}.get(value.type, "float64")
    wanted = kinds.get(text(arguments[0]))
    return wanted is not None and isinstance(value, wanted)  # type: ignore[arg-type]


def _texts(count: int, make: Callable[..., Any]) -> Callable[[ToText, Sequence[Any]], Any]:
    def call(text: ToText, arguments: Sequence[Any]) -> Any:
        _count(arguments, count)
        return make(*(text(each) if each is not None else "" for each in arguments))

    return call


def _count(arguments: Sequence[Any], count: int) -> None:
    if len(arguments) != count:
        raise Unknown("another number of arguments")


FUNCTIONS: dict[str, Callable[[ToText, Sequence[Any]], Any]] = {
    "default": _default,
    "coalesce": _coalesce,
    "printf": _printf,
    "required": _required,
    "ternary": _ternary,
    "and": _and,
    "or": _or,
    "eq": _eq,
    "dict": _dict,
    "get": _get,
    "index": _get,
    "hasKey": _has_key,
    "kindIs": _kind_is,
    "not": lambda text, arguments: not is_true(arguments[0]),
    "empty": lambda text, arguments: not is_true(arguments[0]),
    "ne": lambda text, arguments: not _eq(text, arguments),
    "print": lambda text, arguments: "".join(text(each) for each in arguments),
    "quote": _texts(1, lambda a: f'"{a}"'),
    "squote": _texts(1, lambda a: f"'{a}'"),
    "toString": _texts(1, str),
    "trim": _texts(1, str.strip),
    "nospace": _texts(1, lambda a: re.sub(r"\s", "", a)),
    "lower": _texts(1, str.lower),
    "upper": _texts(1, str.upper),
    "trimPrefix": _texts(2, lambda a, b: b.removeprefix(a)),
    "trimSuffix": _texts(2, lambda a, b: b.removesuffix(a)),
    "trimAll": _texts(2, lambda a, b: b.strip(a)),
    "replace": _texts(3, lambda a, b, c: c.replace(a, b)),
    "contains": _texts(2, lambda a, b: a in b),
    "hasPrefix": _texts(2, lambda a, b: b.startswith(a)),
    "hasSuffix": _texts(2, lambda a, b: b.endswith(a)),
    "trunc": _texts(2, lambda a, b: b[: int(a)] if int(a) >= 0 else b[int(a) :]),
}
