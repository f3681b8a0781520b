"""Timed pulls: every byte requested, verified and thrown away; all raw times kept."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from prewarm.errors import ContentError
from prewarm.fetch import Fetch, Source, Wanted
from prewarm.oci import Descriptor, Platform
from prewarm.reference import Reference


@dataclass(frozen=True, slots=True)
class Timing:
    """One pull of one image: its bytes, and the seconds from the first request to the last byte."""

    reference: Reference
    size: int
    seconds: float


def time_pull(
    source: Source, reference: Reference, platforms: tuple[Platform, ...], jobs: int
) -> Timing:
    """Pull one image as a client that holds nothing does; raises PrewarmError when it fails."""
    sink = Discard()
    began = time.perf_counter()
    (outcome,) = Fetch(source, sink, jobs).run([Wanted(reference, platforms)])
    seconds = time.perf_counter() - began
    if outcome.error is not None:
        raise outcome.error
    return Timing(reference, outcome.moved, seconds)


@dataclass(slots=True)
class Discard:
    """A sink that verifies what it is given and keeps nothing: every pull into it is cold."""

    _names: dict[str, Descriptor] = field(default_factory=dict)

    def named(self, name: str) -> Descriptor | None:
        return self._names.get(name)

    def stat_blob(self, digest: str) -> int | None:
        return None

    def has(self, descriptor: Descriptor) -> bool:
        return False

    def read_blob(self, descriptor: Descriptor) -> bytes:
        raise ContentError(descriptor.digest, "nothing is kept")

    @contextmanager
    def ingest(self, descriptor: Descriptor) -> Iterator[Hashing | None]:
        yield Hashing(descriptor)

    def put_manifest(self, descriptor: Descriptor, raw: bytes) -> None:
        pass

    def name_images(self, names: Mapping[str, Descriptor]) -> None:
        self._names.update(names)


class Hashing:
    """Takes a blob in one stretch, counts and hashes it, and keeps nothing."""

    def __init__(self, descriptor: Descriptor) -> None:
        self._descriptor = descriptor
        self.stop = descriptor.size
        self.drop()

    def drop(self) -> None:
        self._hash = hashlib.new(self._descriptor.digest.partition(":")[0])
        self.offset = 0

    def seek(self, start: int) -> None:
        if start != self.offset:
            self.drop()

    def write(self, chunk: bytes) -> bool:
        self._hash.update(chunk)
        self.offset += len(chunk)
        return self.offset < self.stop

    def split(self, smallest: int) -> None:
        """Never: a hash takes its bytes in their order."""

    def unfinished(self) -> Iterable[Hashing]:
        return () if self.offset == self.stop else (self,)

    def verify(self) -> None:
        actual = self._hash.hexdigest()
        if self.offset != self.stop or actual != self._descriptor.digest.partition(":")[2]:
            self.drop()
            raise ContentError(self._descriptor.digest, f"digest mismatch: got {actual}")

    def commit(self) -> None:
        self.verify()
