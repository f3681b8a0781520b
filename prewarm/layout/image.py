"""What the store holds of one image: its manifests, its blobs, and whether it is whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prewarm.errors import PrewarmError
from prewarm.layout.reader import LayoutReader
from prewarm.oci import Descriptor, Index, Manifest, Platform

_MAX_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Image:
    """One image as far as it is held.

    `manifests` are the manifests and indexes held, children before their parents, the root last;
    `blobs` what the manifests need (configurations and layers); `platforms` the platforms of an
    index that are held; `problems` what is missing or wrong, in words.
    """

    root: Descriptor
    manifests: tuple[Descriptor, ...]
    blobs: tuple[Descriptor, ...]
    platforms: tuple[Platform, ...]
    problems: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether every client that asks for a platform held gets everything."""
        return not self.problems

    @property
    def size(self) -> int:
        """Bytes of all distinct blobs and manifests."""
        return sum({d.digest: d.size for d in (*self.manifests, *self.blobs)}.values())


def read_image(reader: LayoutReader, root: Descriptor) -> Image:
    """Look at everything behind a root descriptor; what is wrong is told, not raised."""
    seen = list(_descend(reader, root, _MAX_DEPTH, set()))
    manifests = {d.digest: d for d, m, _ in seen if m is not None}
    leaves = [(d, m) for d, m, _ in seen if isinstance(m, Manifest)]
    blobs = {b.digest: b for _, m in leaves for b in m.children if not b.foreign}
    problems = [problem for _, _, problem in seen if problem]
    problems += [
        f"{blob.digest} is missing or has the wrong size"
        for blob in blobs.values()
        if not reader.has(blob)
    ]
    if not leaves and not problems:
        problems.append("no platform of the index is held")
    platforms = (d.platform for d, _ in leaves if d.platform and not d.is_attestation)
    return Image(
        root,
        tuple(manifests.values()),
        tuple(blobs.values()),
        tuple(dict.fromkeys(platforms)),
        tuple(problems),
    )


def _descend(
    reader: LayoutReader, descriptor: Descriptor, depth: int, met: set[str]
) -> Iterator[tuple[Descriptor, Manifest | Index | None, str]]:
    """Everything below a descriptor, each digest once: an index may list one a thousand times."""
    if descriptor.digest in met:
        return
    met.add(descriptor.digest)
    if depth == 0:
        yield descriptor, None, f"{descriptor.digest} is nested too deeply"
        return
    try:
        manifest = reader.read_manifest(descriptor)
    except PrewarmError as error:
        yield descriptor, None, str(error)
        return
    if isinstance(manifest, Index):
        for child in manifest.manifests:
            if reader.stat_blob(child.digest) is not None:
                yield from _descend(reader, child, depth - 1, met)
    yield descriptor, manifest, ""
