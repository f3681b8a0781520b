"""Every case of the tables, read from a real folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scan.kubernetes.table import Case, cases, lines, misplaced

CASES = cases(Path(__file__).parent / "cases")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_says_what_the_table_says(case: Case, tmp_path: Path) -> None:
    scan = case.scan(tmp_path)
    assert lines(scan) == case.says
    assert misplaced(case, scan) == []
