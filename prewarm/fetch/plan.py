"""From a reference to everything that has to be there: manifests read, platforms chosen."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from prewarm.errors import ContentError, PrewarmError
from prewarm.fetch.ports import Holdings, Source
from prewarm.oci import Descriptor, Index, Manifest, Platform, parse_manifest
from prewarm.policy import Policy
from prewarm.reference import Reference

MAX_DEPTH = 4
"""Indexes within indexes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One image to have: `platforms` are those to take of an index, none for all it lists.

    `digest` pins a tag: the image is named by its tag and fetched by the digest.
    """

    reference: Reference
    platforms: tuple[Platform, ...] = ()
    digest: str | None = None

    @property
    def pinned(self) -> str | None:
        """The digest that says which bytes are meant, where one does."""
        return self.reference.digest or self.digest

    @property
    def name(self) -> str:
        """What the image is called in the store; a digest in the reference overrules its tag."""
        reference = self.reference
        digest = reference.digest
        return str(reference.with_digest(digest) if digest else reference)


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """What one image needs: its manifests (children first, the root last) and its blobs.

    `absent` are the platforms that were wanted and that the index does not list.
    """

    wanted: Wanted
    root: Descriptor
    manifests: tuple[tuple[Descriptor, bytes], ...]
    blobs: tuple[Descriptor, ...]
    absent: tuple[Platform, ...] = ()


@dataclass(slots=True)
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    content: tuple[str, bytes] | None = None


@dataclass(slots=True)
class Planner:
    """Reads manifests, from what is held and from the source where it is not.

    Each is read once, however many images and threads ask for it.
    """

    source: Source
    held: Holdings
    policy: Policy = field(default_factory=Policy)
    _slots: dict[str, _Slot] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, wanted: Wanted) -> ImagePlan:
        """Everything that an image needs; raises PrewarmError."""
        self.policy.check(wanted.reference, pinned=wanted.pinned is not None)
        root, raw = self.read_root(wanted)
        walk = _Walk(self, wanted)
        walk.visit(root, raw, MAX_DEPTH)
        size = sum(blob.size for blob in walk.blobs.values())
        self.policy.check_size(wanted.reference, size)
        return ImagePlan(
            wanted,
            root,
            tuple(walk.manifests.values()),
            tuple(walk.blobs.values()),
            tuple(walk.absent),
        )

    def read(self, reference: Reference, digest: str, size: int | None) -> tuple[str, bytes]:
        """A manifest's media type, where known, and its bytes; `size` is None if nobody said."""
        with self._lock:
            slot = self._slots.setdefault(digest, _Slot())
        with slot.lock:
            if slot.content is None:
                slot.content = self._read_held(digest) or self._read_source(reference, digest)
            stated, raw = slot.content
        if size is not None and len(raw) != size:
            raise ContentError(
                reference, f"manifest {digest} has {len(raw)} bytes, {size} were announced"
            )
        return stated, raw

    def read_root(self, wanted: Wanted) -> tuple[Descriptor, bytes]:
        """What an image's name leads to now, with its bytes; raises PrewarmError."""
        reference, digest, announced = wanted.reference, wanted.pinned, ""
        if digest is None:
            resolved = self.source.resolve(reference)
            digest, announced = resolved.digest, resolved.media_type
        stated, raw = self.read(reference, digest, None)
        kind = parse_manifest(raw, announced or stated, reference).media_type
        return Descriptor(kind, digest, len(raw)), raw

    def _read_held(self, digest: str) -> tuple[str, bytes] | None:
        size = self.held.stat_blob(digest)
        if size is None:
            return None
        try:
            return "", self.held.read_blob(Descriptor("", digest, size))
        except PrewarmError:
            return None  # what is held is not sound: get it again

    def _read_source(self, reference: Reference, digest: str) -> tuple[str, bytes]:
        descriptor, raw = self.source.read_manifest(reference, digest)
        return descriptor.media_type, raw


@dataclass(slots=True)
class _Walk:
    """One descent from a root to its leaves."""

    planner: Planner
    wanted: Wanted
    manifests: dict[str, tuple[Descriptor, bytes]] = field(default_factory=dict)
    blobs: dict[tuple[str, int], Descriptor] = field(default_factory=dict)
    absent: list[Platform] = field(default_factory=list)

    def visit(self, descriptor: Descriptor, raw: bytes, depth: int) -> None:
        reference = self.wanted.reference
        if depth == 0:
            raise ContentError(reference, f"indexes are nested more than {MAX_DEPTH} deep")
        manifest = parse_manifest(raw, descriptor.media_type, reference)
        if isinstance(manifest, Manifest):
            self.blobs.update(((d.digest, d.size), d) for d in manifest.children if not d.foreign)
        else:
            self._visit_children(manifest, depth)
        self.manifests[descriptor.digest] = (descriptor, raw)

    def _visit_children(self, index: Index, depth: int) -> None:
        reference = self.wanted.reference
        chosen, absent = choose(index.manifests, self.wanted.platforms)
        self.absent += absent
        if not chosen:
            listed = ", ".join(sorted({str(d.platform) for d in _of_platforms(index.manifests)}))
            raise ContentError(
                reference,
                f"no image for {', '.join(map(str, absent)) or 'any platform'}",
                f"it has {listed or 'none'}; name them with --platform",
            )
        for child in chosen:
            if child.digest in self.manifests:
                continue
            _, raw = self.planner.read(reference, child.digest, child.size)
            self.visit(child, raw, depth - 1)


def choose(
    manifests: Sequence[Descriptor], platforms: Sequence[Platform]
) -> tuple[list[Descriptor], list[Platform]]:
    """The entries of an index that serve the platforms wanted, and the platforms without one.

    No platforms means everything, attestations included. An entry without a platform serves all.
    """
    if not platforms:
        return list(manifests), []
    chosen: dict[str, Descriptor] = {}
    absent = []
    for wanted in platforms:
        found = _best(manifests, wanted)
        if found:
            chosen.update((d.digest, d) for d in found)
        else:
            absent.append(wanted)
    return list(chosen.values()), absent


def _best(manifests: Sequence[Descriptor], wanted: Platform) -> list[Descriptor]:
    for platform in wanted.satisfied_by():
        if found := [d for d in manifests if d.platform == platform]:
            return found
    return [d for d in manifests if d.platform is None]


def _of_platforms(manifests: Sequence[Descriptor]) -> list[Descriptor]:
    return [d for d in manifests if d.platform and not d.is_attestation]
