"""What the store holds as a registry sees it: repositories, tags and digests, always current.

Names are read again when `index.json` was replaced; manifests are parsed once, for their digest
says what they are; whether a blob is there is asked of the disk at every answer.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from prewarm.errors import ContentError, PrewarmError, UsageError
from prewarm.layout import LayoutReader
from prewarm.layout.reader import Signature
from prewarm.oci import Descriptor, Index, Manifest
from prewarm.reference import Reference
from prewarm.request import Repository

_CACHED_MANIFESTS = 4096
_MAX_DEPTH = 4


@dataclass(slots=True)
class _Holding:
    """One repository: what its tags point to, and the roots it holds by digest."""

    tags: dict[str, Descriptor] = field(default_factory=dict)
    roots: dict[str, Descriptor] = field(default_factory=dict)


class Catalogue:
    """Answers for any number of threads; reads the store and nothing else."""

    def __init__(self, reader: LayoutReader) -> None:
        self.reader = reader
        self._lock = threading.Lock()
        self._signature: Signature | None = None
        self._holdings: dict[Repository, _Holding] = {}
        self._manifests: OrderedDict[str, Manifest | Index] = OrderedDict()

    def tags(self, repository: Repository) -> list[str] | None:
        """The tags of whole images, sorted by bytes; None for an unknown repository."""
        holding = self._holding(repository)
        if holding is None:
            return None
        return sorted(tag for tag, root in holding.tags.items() if self.is_whole(root))

    def manifest(
        self, repository: Repository, reference: str
    ) -> tuple[Descriptor, Manifest | Index] | None:
        """A manifest by tag or digest, if it and everything behind it that is held are sound."""
        found = self._find(repository, reference)
        manifest = self._read(found) if found is not None and self.is_whole(found) else None
        return (found, manifest) if found is not None and manifest is not None else None

    def blob(self, repository: Repository, digest: str) -> Descriptor | None:
        """A blob that an image of the repository needs, if it is held with the right size."""
        holding = self._holding(repository)
        for root in holding.roots.values() if holding else ():
            found = self._blob_below(root, digest, _MAX_DEPTH)
            if found is not None:
                return found if self.reader.has(found) else None
        return None

    def is_whole(self, descriptor: Descriptor, depth: int = _MAX_DEPTH) -> bool:
        """Whether all blobs of a manifest are held; of an index, of every child that is held."""
        manifest = self._read(descriptor)
        if manifest is None or depth == 0:
            return False
        if isinstance(manifest, Manifest):
            return all(self.reader.has(d) for d in manifest.children if not d.foreign)
        held = [d for d in manifest.manifests if self.reader.stat_blob(d.digest) is not None]
        images = [d for d in held if not d.is_attestation]
        return bool(images) and all(self.is_whole(child, depth - 1) for child in held)

    def _find(self, repository: Repository, reference: str) -> Descriptor | None:
        holding = self._holding(repository)
        if holding is None:
            return None
        direct = holding.tags.get(reference) or holding.roots.get(reference)
        if direct is not None or ":" not in reference:
            return direct
        below = (self._manifest_below(r, reference, _MAX_DEPTH) for r in holding.roots.values())
        return next((found for found in below if found is not None), None)

    def _manifest_below(self, root: Descriptor, digest: str, depth: int) -> Descriptor | None:
        manifest = self._read(root) if depth else None
        if not isinstance(manifest, Index):
            return None
        for child in manifest.manifests:
            found = child if child.digest == digest else None
            if child.is_index and found is None:
                found = self._manifest_below(child, digest, depth - 1)
            if found is not None:
                return found
        return None

    def _blob_below(self, root: Descriptor, digest: str, depth: int) -> Descriptor | None:
        manifest = self._read(root) if depth else None
        if isinstance(manifest, Manifest):
            return next((d for d in manifest.children if d.digest == digest), None)
        for child in manifest.manifests if manifest else ():
            found = self._blob_below(child, digest, depth - 1)
            if found is not None:
                return found
        return None

    def _read(self, descriptor: Descriptor) -> Manifest | Index | None:
        """A manifest that is held with the right size and, when first read, the right bytes."""
        if not self.reader.has(descriptor):
            return None
        with self._lock:
            cached = self._manifests.get(descriptor.digest)
            if cached is not None:
                self._manifests.move_to_end(descriptor.digest)
                return cached
        try:
            manifest = self.reader.read_manifest(descriptor)
        except PrewarmError:
            return None
        with self._lock:
            self._manifests[descriptor.digest] = manifest
            while len(self._manifests) > _CACHED_MANIFESTS:
                self._manifests.popitem(last=False)
        return manifest

    def _holding(self, repository: Repository) -> _Holding | None:
        signature = self.reader.stat_index()
        if signature != self._signature:
            holdings = _holdings(self.reader)
            with self._lock:
                self._holdings, self._signature = holdings, signature
        return self._holdings.get(repository)


def _holdings(reader: LayoutReader) -> dict[Repository, _Holding]:
    holdings: dict[Repository, _Holding] = {}
    for entry in reader.read_entries():
        try:
            reference = Reference.parse(entry.name)
        except (UsageError, ContentError):
            continue  # a name of another tool's, which no client could ask for
        repository = Repository(reference.host, reference.repository)
        holding = holdings.setdefault(repository, _Holding())
        holding.roots[entry.descriptor.digest] = entry.descriptor
        if reference.tag is not None:
            holding.tags[reference.tag] = entry.descriptor
    return holdings
