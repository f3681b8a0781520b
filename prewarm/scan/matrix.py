"""The combinations that a matrix of literal values stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice, product
from typing import TypeVar

V = TypeVar("V")

MAX_COMBINATIONS = 1024
"""More than any service allows one job (GitHub 256, GitLab 200)."""


def combinations(axes: Mapping[str, Sequence[V]]) -> list[dict[str, V]]:
    """One value of each axis, in every combination; without axes there is none."""
    if not axes:
        return []
    rows = islice(product(*axes.values()), MAX_COMBINATIONS)
    return [dict(zip(axes, row, strict=True)) for row in rows]


def without(
    rows: Iterable[dict[str, V]],
    excluded: Iterable[Mapping[str, V]],
    same: Callable[[V, V], bool],
) -> list[dict[str, V]]:
    """The rows that no entry matches; an entry matches where all that it names is the same."""
    entries = list(excluded)
    return [row for row in rows if not any(_matches(row, entry, same) for entry in entries)]


def including(
    rows: list[dict[str, V]],
    included: Iterable[Mapping[str, V]],
    same: Callable[[V, V], bool],
) -> list[dict[str, V]]:
    """The rows with GitHub's `include` applied.

    An entry is added to every row whose original values it does not change, and is a row of its
    own where there is no such row.
    """
    originals = [set(row) for row in rows]
    extended = [dict(row) for row in rows]
    extra: list[dict[str, V]] = []
    for entry in included:
        hits = [
            index
            for index, row in enumerate(rows)
            if all(same(row[key], entry[key]) for key in originals[index] & entry.keys())
        ]
        for index in hits:
            extended[index].update(entry)
        if not hits:
            extra.append(dict(entry))
    return extended + extra


def _matches(row: Mapping[str, V], entry: Mapping[str, V], same: Callable[[V, V], bool]) -> bool:
    return bool(entry) and all(key in row and same(row[key], entry[key]) for key in entry)
