"""A job's strategy: the `matrix` contexts under which the job runs."""

from __future__ import annotations

from collections.abc import Iterator

from prewarm.scan.github.data import Data, Unknown, data_of, is_equal
from prewarm.scan.github.expressions import Contexts, expand_all
from prewarm.scan.matrix import combinations, including, without
from prewarm.scan.values import Value


def matrices(strategy: Value | None, contexts: Contexts) -> list[Data]:
    """The `matrix` of each run of a job; Unknown for the runs that only a run can tell."""
    data = expand_all(data_of(strategy), contexts)
    if isinstance(data, Unknown):
        return [data]
    matrix = data.get("matrix") if isinstance(data, dict) else None
    if isinstance(matrix, Unknown):
        return [matrix]
    if not isinstance(matrix, dict):
        return [{}]
    return list(_rows(matrix)) or [{}]


def _rows(matrix: dict[str, Data]) -> Iterator[Data]:
    axes = {
        name: value if isinstance(value, list) else [value]
        for name, value in matrix.items()
        if name not in ("include", "exclude")
    }
    rows = without(combinations(axes), _objects(matrix.get("exclude")), _is_same)
    yield from including(rows, _objects(matrix.get("include")), _is_same)
    for key in ("include", "exclude"):
        if _holds_unknown(matrix.get(key)):
            yield Unknown((f"matrix.{key}",))


def _objects(entries: Data) -> list[dict[str, Data]]:
    items = entries if isinstance(entries, list) else []
    return [item for item in items if isinstance(item, dict)]


def _holds_unknown(entries: Data) -> bool:
    items = entries if isinstance(entries, list) else [entries]
    return any(isinstance(item, Unknown) for item in items)


def _is_same(left: Data, right: Data) -> bool:
    if isinstance(left, (list, dict)) and isinstance(right, (list, dict)):
        return left == right
    return is_equal(left, right)
