"""Every trap of the table, read from a real folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from prewarm.scan.finding import Skipped
from tests.scan.compose.trap import Trap, difference, said, traps

TRAPS = traps(Path(__file__).parent / "cases")


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_says_what_the_table_says(trap: Trap, tmp_path: Path) -> None:
    trap.write(tmp_path)
    assert difference(trap, tmp_path) == ([], [])


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_every_place_holds_what_is_written(trap: Trap, tmp_path: Path) -> None:
    trap.write(tmp_path)
    for result in said(trap, tmp_path):
        if not isinstance(result, Skipped):
            line = trap.files[result.place.file].split("\n")[result.place.line - 1]
            assert line[result.place.column - 1 :].startswith(result.written)
