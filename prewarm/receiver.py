"""A blob on its way in: what a source writes to and a store provides."""

from __future__ import annotations

from typing import Protocol


class Receiver(Protocol):
    """Says how far it is, takes bytes in order, and verifies at the end."""

    @property
    def offset(self) -> int:
        """Bytes that it has."""

    def seek(self, start: int) -> None:
        """Go on at `start`, which is `offset` or 0."""

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""

    def commit(self) -> None:
        """All bytes were written: verify them and make them visible, or raise ContentError."""
