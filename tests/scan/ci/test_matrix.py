"""Matrices of literal values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prewarm.scan.matrix import MAX_COMBINATIONS, combinations, including, without

AXES = st.dictionaries(
    st.sampled_from("abc"), st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True)
)


def same(left: int, right: int) -> bool:
    return left == right


@given(AXES)
def test_each_combination_once(axes: dict[str, list[int]]) -> None:
    rows = combinations(axes)
    expected = 1 if axes else 0
    for values in axes.values():
        expected *= len(values)
    assert len(rows) == expected
    assert len({tuple(sorted(row.items())) for row in rows}) == expected


@given(AXES, st.dictionaries(st.sampled_from("abc"), st.integers(0, 3), min_size=1))
def test_what_is_excluded_is_gone_and_nothing_else(
    axes: dict[str, list[int]], entry: dict[str, int]
) -> None:
    rows = combinations(axes)
    kept = without(rows, [entry], same)
    assert kept == [row for row in rows if not entry.items() <= row.items()]


@given(AXES, st.lists(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 3), min_size=1)))
def test_including_never_changes_original_values(
    axes: dict[str, list[int]], entries: list[dict[str, int]]
) -> None:
    rows = combinations(axes)
    extended = including(rows, entries, same)
    assert [{key: row[key] for key in axes} for row in extended[: len(rows)]] == rows
    assert all(row in entries for row in extended[len(rows) :])


def test_there_is_an_end() -> None:
    axes = {name: list(range(10)) for name in "abcdefgh"}
    assert len(combinations(axes)) == MAX_COMBINATIONS
