"""What a fetch would cost, before anything is spent that counts."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from prewarm.errors import PrewarmError, QuotaError
from prewarm.fetch.plan import ImagePlan, Planner, Wanted
from prewarm.fetch.run import each
from prewarm.oci import Descriptor


@dataclass(frozen=True, slots=True)
class Estimate:
    """One image, and the pulls it would cost.

    `plan` is None where it cannot be known without spending a pull, and where `error` says why not.
    """

    wanted: Wanted
    plan: ImagePlan | None = None
    pulls: int = 0
    error: PrewarmError | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """A whole run; every blob of the images that are known counts once, in one of two sets."""

    estimates: tuple[Estimate, ...]
    missing: frozenset[Descriptor]
    held: frozenset[Descriptor]

    @property
    def pulls(self) -> int:
        """Pulls that count against a quota, one a platform."""
        return sum(estimate.pulls for estimate in self.estimates)

    @property
    def unknown(self) -> int:
        """Images whose blobs are not known."""
        return sum(1 for e in self.estimates if e.plan is None and e.error is None)


def estimate(planner: Planner, wanted: Iterable[Wanted], jobs: int) -> Cost:
    """Plan every image, through a source that raises QuotaError rather than spend a pull."""
    asked = list(dict.fromkeys(wanted))
    estimates: dict[Wanted, Estimate] = {}
    with ThreadPoolExecutor(jobs, "estimate") as pool:
        for want, plan in each(pool, planner.plan, asked):
            if isinstance(plan, QuotaError):
                estimates[want] = Estimate(want, pulls=max(1, len(want.platforms)))
            elif isinstance(plan, PrewarmError):
                estimates[want] = Estimate(want, error=plan)
            else:
                estimates[want] = Estimate(want, plan)
    plans = [e.plan for e in estimates.values() if e.plan]
    blobs = {blob.digest: blob for plan in plans for blob in plan.blobs}.values()
    missing = frozenset(blob for blob in blobs if not planner.held.has(blob))
    ordered = tuple(estimates[want] for want in asked)
    return Cost(ordered, missing, frozenset(blobs) - missing)
