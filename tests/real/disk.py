"""A small file system of a test's own: it can be full, grow, and become read-only."""

from __future__ import annotations

from pathlib import Path

import pytest

from .programs import need, need_root, run


class Disk:
    """A tmpfs of `size` bytes at `place`; where mounting is refused the test is skipped."""

    def __init__(self, place: Path, size: int) -> None:
        need_root("mounting a small file system")
        place.mkdir()
        self.place = place
        mounted = run([need("mount"), "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place])
        if mounted.status != 0:
            pytest.skip(f"mount refuses a tmpfs: {mounted.err.strip()}")

    def resize(self, size: int) -> None:
        run([need("mount"), "-o", f"remount,size={size}", self.place]).ok()

    def make_read_only(self) -> None:
        run([need("mount"), "-o", "remount,ro", self.place]).ok()

    def fill(self) -> Path:
        """Take all the room that is left; gives the file that holds it."""
        filler = self.place / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(65536)):
                    pass
            except OSError:
                pass
        return filler

    def unmount(self) -> None:
        run([need("umount"), self.place]).ok()
