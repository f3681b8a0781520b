"""TOML's strings with their places, as far as a rule needs them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from prewarm.scan.keypaths import at

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def strings_at(text: str, path: tuple[str, ...]) -> Iterator[tuple[str, int, int]]:
    """Every string at a path of keys, with the line and column where its text stands.

    A text that stands in several places is found in their order. Raises ValueError for bad TOML.
    """
    begin: dict[str, int] = {}
    document: Any = tomllib.loads(text)
    for value in at(document, path, _children):
        if not isinstance(value, str):
            continue
        start = text.find(value, begin.get(value, 0))
        begin[value] = start + 1
        line = text.count("\n", 0, max(start, 0)) + 1
        column = start - text.rfind("\n", 0, max(start, 0)) if start >= 0 else 1
        yield value, line, column


def _children(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from ((str(index), item) for index, item in enumerate(value))
