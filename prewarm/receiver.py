"""A stretch of a blob on its way in: what a source writes to and a store provides."""

from __future__ import annotations

from typing import Protocol

from prewarm.errors import ContentError


class NoRanges(ContentError):
    """The source can only send a blob from its beginning, and this stretch begins elsewhere."""


class Receiver(Protocol):
    """Takes the bytes from `offset` up to `stop`, in order; both may move while it is at work."""

    @property
    def offset(self) -> int:
        """Where the next byte belongs in the blob."""

    @property
    def stop(self) -> int:
        """Where the stretch ends; another receiver may have taken over its end."""

    def seek(self, start: int) -> None:
        """Go on at `start`: `offset`, or 0 to begin the blob anew; raises NoRanges if it cannot."""

    def write(self, chunk: bytes) -> bool:
        """Take the next bytes, as far as they are wanted; gives whether more are."""

    def verify(self) -> None:
        """Nothing more will come: raises ContentError if the blob can be seen to be another."""
