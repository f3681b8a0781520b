"""What became of the images of a run, and which of them still wait for which blobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from prewarm.errors import PrewarmError
from prewarm.fetch.plan import ImagePlan, Wanted
from prewarm.oci import Descriptor, Platform
from prewarm.reference import Reference

_Key = tuple[str, int]
"""Digest and size of a blob: who lies about the size spoils no other image that has it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one image.

    `moved` are the bytes of its blobs that this run brought in (a blob that two images share
    counts for the first), `held` those that were there. `seconds` passed from the run's beginning
    until it was done; `phase` is where it failed: resolving, copying or publishing.
    """

    reference: Reference
    root: Descriptor | None = None
    moved: int = 0
    held: int = 0
    absent: tuple[Platform, ...] = ()
    error: PrewarmError | None = None
    phase: str = ""
    seconds: float = 0.0


@dataclass(slots=True)
class Tally:
    """Which images still wait for which blobs."""

    waiting: dict[Wanted, set[_Key]]
    plans: dict[Wanted, ImagePlan]
    by_blob: dict[_Key, list[ImagePlan]]
    missing: set[_Key]
    errors: dict[_Key, PrewarmError] = field(default_factory=dict)

    @classmethod
    def of(cls, plans: Sequence[ImagePlan], missing: Sequence[Descriptor]) -> Tally:
        keys = {_key(blob) for blob in missing}
        by_blob: dict[_Key, list[ImagePlan]] = {}
        for plan in plans:
            for blob in plan.blobs:
                by_blob.setdefault(_key(blob), []).append(plan)
        waiting = {p.wanted: {_key(b) for b in p.blobs} & keys for p in plans}
        return cls(waiting, {p.wanted: p for p in plans}, by_blob, keys)

    def settled(self) -> list[ImagePlan]:
        """The images that wait for nothing."""
        return [self.plans[wanted] for wanted, blobs in self.waiting.items() if not blobs]

    def settle(self, blob: Descriptor, error: PrewarmError | None) -> list[ImagePlan]:
        """Note a blob's end; gives the images that now wait for nothing more."""
        if error is not None:
            self.errors[_key(blob)] = error
        ready = []
        for plan in self.by_blob[_key(blob)]:
            self.waiting[plan.wanted].discard(_key(blob))
            if not self.waiting[plan.wanted]:
                ready.append(plan)
        return ready

    def error(self, plan: ImagePlan) -> PrewarmError | None:
        return next((self.errors[_key(b)] for b in plan.blobs if _key(b) in self.errors), None)

    def outcome(self, plan: ImagePlan, error: PrewarmError | None) -> Outcome:
        moved = sum(
            blob.size
            for blob in plan.blobs
            if _key(blob) in self.missing
            and _key(blob) not in self.errors
            and self.by_blob[_key(blob)][0] is plan
        )
        held = sum(blob.size for blob in plan.blobs if _key(blob) not in self.missing)
        phase = "" if error is None else "copy" if self.error(plan) else "publish"
        return Outcome(plan.wanted.reference, plan.root, moved, held, plan.absent, error, phase)


def sources_by_blob(plans: Sequence[ImagePlan]) -> dict[Descriptor, list[Reference]]:
    """Every distinct blob with one reference of each repository that should have it."""
    blobs: dict[_Key, Descriptor] = {}
    repositories: dict[_Key, dict[str, Reference]] = {}
    for plan in plans:
        reference = plan.wanted.reference
        for blob in plan.blobs:
            blobs.setdefault(_key(blob), blob)
            repositories.setdefault(_key(blob), {}).setdefault(reference.name, reference)
    return {blob: list(repositories[key].values()) for key, blob in blobs.items()}


def _key(blob: Descriptor) -> _Key:
    return blob.digest, blob.size
