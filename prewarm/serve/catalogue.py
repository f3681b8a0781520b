"""What the store holds as a registry sees it: repositories, tags and digests, always current.

Names are read again when `index.json` was replaced; manifests are parsed once, for their digest
says what they are; whether a blob is there is asked of the disk at every answer.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from prewarm.errors import PrewarmError, UsageError
from prewarm.layout import LayoutReader
from prewarm.layout.reader import Signature
from prewarm.oci import Descriptor, Index, Manifest
from prewarm.reference import Reference
from prewarm.request import Repository

_CACHED_MANIFESTS = 4096
_MAX_DEPTH = 4

_Known = dict[tuple[str, int], bool]
"""Which manifests, by digest and size, were found to be whole."""


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
        self._known: tuple[Signature, dict[Repository, _Holding]] | None = None
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
        for descriptor in self._descend(holding.roots.values() if holding else ()):
            manifest = self._read(descriptor)
            for blob in manifest.children if isinstance(manifest, Manifest) else ():
                if blob.digest == digest and self.reader.has(blob):
                    return blob
        return None

    def is_whole(self, root: Descriptor) -> bool:
        """Whether all blobs of a manifest are held; of an index, of every child that is held."""
        return self._is_whole(root, _MAX_DEPTH, {})

    def _is_whole(self, descriptor: Descriptor, depth: int, known: _Known) -> bool:
        key = descriptor.digest, descriptor.size
        if key not in known:
            manifest = self._read(descriptor) if depth else None
            if isinstance(manifest, Index):
                held = [
                    d for d in manifest.manifests if self.reader.stat_blob(d.digest) is not None
                ]
                whole = all(self._is_whole(child, depth - 1, known) for child in held)
                known[key] = whole and not all(child.is_attestation for child in held)
            else:
                blobs = manifest.children if manifest else ()
                known[key] = bool(blobs) and all(self.reader.has(d) for d in blobs if not d.foreign)
        return known[key]

    def _find(self, repository: Repository, reference: str) -> Descriptor | None:
        holding = self._holding(repository)
        if holding is None:
            return None
        direct = holding.tags.get(reference) or holding.roots.get(reference)
        if direct is not None or ":" not in reference:
            return direct
        below = self._descend(holding.roots.values())
        return next((d for d in below if d.digest == reference and self.reader.has(d)), None)

    def _descend(self, roots: Iterable[Descriptor]) -> Iterator[Descriptor]:
        """The roots and all manifests below them, each once: an index may list one many times."""
        level, met = list(roots), set[tuple[str, int]]()
        for depth in range(_MAX_DEPTH):
            below: list[Descriptor] = []
            for descriptor in level:
                if (descriptor.digest, descriptor.size) in met:
                    continue
                met.add((descriptor.digest, descriptor.size))
                yield descriptor
                manifest = self._read(descriptor) if descriptor.is_index or depth == 0 else None
                if isinstance(manifest, Index):
                    below += manifest.manifests
            level = below

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
        with self._lock:
            signature = self.reader.stat_index()
            if self._known is None or self._known[0] != signature:
                self._known = signature, _holdings(self.reader)
            return self._known[1].get(repository)


def _holdings(reader: LayoutReader) -> dict[Repository, _Holding]:
    holdings: dict[Repository, _Holding] = {}
    for entry in reader.read_entries():
        reference = _canonical(entry.name)
        if reference is None:
            continue
        repository = Repository(reference.host, reference.repository)
        holding = holdings.setdefault(repository, _Holding())
        holding.roots[entry.descriptor.digest] = entry.descriptor
        if reference.tag is not None and not reference.pinned:
            holding.tags[reference.tag] = entry.descriptor
    return holdings


def _canonical(name: str) -> Reference | None:
    """The reference that a name spells in full; another tool's short name is nobody's image."""
    try:
        reference = Reference.parse(name)
    except UsageError:
        return None
    return reference if str(reference) == name else None
