"""Bake and skaffold files, read from a real folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scan.compose.trap import Trap, difference, traps


@pytest.mark.parametrize("trap", traps(Path(__file__).parent / "cases"), ids=lambda trap: trap.name)
def test_says_what_the_table_says(trap: Trap, tmp_path: Path) -> None:
    trap.write(tmp_path)
    assert difference(trap, tmp_path) == ([], [])
