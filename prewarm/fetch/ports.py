"""What a fetch needs from outside: a source, a sink, and somebody who watches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from prewarm.oci import Descriptor
from prewarm.receiver import Receiver
from prewarm.reference import Reference


class Ingest(Receiver, Protocol):
    """One blob on its way in, and the receiver of its first stretch."""

    def split(self, smallest: int) -> Receiver | None:
        """Give away half of what is missing, if both halves have `smallest` bytes."""

    def unfinished(self) -> Iterable[Receiver]:
        """A receiver for each stretch that misses bytes; nobody may be writing."""

    def drop(self) -> None:
        """Forget what was written."""

    def commit(self) -> None:
        """All bytes were written: verify them and make them visible, or raise ContentError."""


class Source(Protocol):
    """Where images come from. Every method raises PrewarmError and retries what may pass."""

    def resolve(self, reference: Reference) -> Descriptor:
        """What a tag points to now, without its body."""

    def read_manifest(self, reference: Reference, digest: str) -> tuple[Descriptor, bytes]:
        """A verified manifest or index of the reference's repository."""

    def pour(self, reference: Reference, descriptor: Descriptor, receiver: Receiver) -> None:
        """Bring in a stretch of a blob of the reference's repository, going on where it stands."""


class Holdings(Protocol):
    """What is there already. Every method may raise StoreError."""

    def stat_blob(self, digest: str) -> int | None:
        """The size of a blob that is held."""

    def has(self, descriptor: Descriptor) -> bool:
        """Whether a blob is held with the right size."""

    def read_blob(self, descriptor: Descriptor) -> bytes:
        """A small blob, verified."""


class Sink(Holdings, Protocol):
    """Where images go. Every method may raise StoreError."""

    def named(self, name: str) -> Descriptor | None:
        """What a name leads to."""

    def ingest(self, descriptor: Descriptor) -> AbstractContextManager[Ingest | None]:
        """What takes a blob, or None when it is held by now."""

    def put_manifest(self, descriptor: Descriptor, raw: bytes) -> None:
        """Bring in a manifest that is in memory."""

    def name_images(self, names: Mapping[str, Descriptor]) -> None:
        """Publish names; all that they lead to is held."""


class Observer:
    """Is told how a run goes, from any thread. This one does nothing with it."""

    def planned(self, size: int, blobs: int) -> None:
        """The plan is made: so many bytes in so many blobs are to come."""

    def advanced(self, size: int) -> None:
        """Bytes came in; a negative number has to come again."""

    def finished(self, reference: Reference, error: Exception | None) -> None:
        """One image is done, for good or ill."""
