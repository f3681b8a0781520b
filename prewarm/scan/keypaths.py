"""Paths of keys through nested values: `spec.*.image`, `**.runtime`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

_T = TypeVar("_T")


def at(
    value: _T, path: tuple[str, ...], children: Callable[[_T], Iterator[tuple[str, _T]]]
) -> Iterator[_T]:
    """The values at a path below a value; `*` is any key or element, `**` any number of them."""
    if not path:
        yield value
        return
    key, rest = path[0], path[1:]
    if key == "**":
        yield from at(value, rest, children)
    for name, child in children(value):
        if key == "**":
            yield from at(child, path, children)
        elif key in ("*", name):
            yield from at(child, rest, children)
