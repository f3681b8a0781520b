"""From tags to digests: what a lock is made of."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from prewarm.errors import PrewarmError
from prewarm.fetch.plan import Planner, Wanted
from prewarm.fetch.ports import Holdings, Source
from prewarm.fetch.run import each
from prewarm.oci import Descriptor, Index, parse_manifest
from prewarm.reference import Reference


@dataclass(frozen=True, slots=True)
class Pin:
    """What one reference points to: its root, and its platforms' manifests if it lists any."""

    reference: Reference
    root: Descriptor
    platforms: tuple[Descriptor, ...]


def pin_all(
    source: Source, held: Holdings, references: Iterable[Reference], jobs: int
) -> dict[Reference, Pin | PrewarmError]:
    """Resolve references in parallel; of each the pin, or why there is none."""
    planner = Planner(source, held)
    pins: dict[Reference, Pin | PrewarmError] = {}
    with ThreadPoolExecutor(jobs, "pin") as pool:
        for wanted, found in each(pool, planner.read_root, [Wanted(r) for r in references]):
            reference = wanted.reference
            pins[reference] = found if isinstance(found, PrewarmError) else _pin(reference, *found)
    return pins


def _pin(reference: Reference, root: Descriptor, raw: bytes) -> Pin:
    manifest = parse_manifest(raw, root.media_type, reference)
    listed = manifest.manifests if isinstance(manifest, Index) else ()
    return Pin(reference, root, tuple(d for d in listed if d.platform and not d.is_attestation))
