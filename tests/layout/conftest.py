"""Stores for the tests, and a person who is not root."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from prewarm.layout import LayoutWriter


@pytest.fixture
def store(tmp_path: Path) -> LayoutWriter:
    return LayoutWriter.create(tmp_path / "store")


@pytest.fixture
def nobodys_folder() -> Iterator[Path]:
    """A folder of somebody whom permissions bind: as root, the test goes on as nobody."""
    folder = Path(tempfile.mkdtemp(prefix="prewarm-"))
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
        shutil.rmtree(folder)
