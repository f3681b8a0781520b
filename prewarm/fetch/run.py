"""One run of a fetch: plan all images, copy each missing blob once, publish what is complete.

Children come before their manifests, manifests before the names: whatever stops a run, a name
never leads to something that is not there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from typing import TypeVar

from prewarm.errors import PrewarmError
from prewarm.fetch.board import Board
from prewarm.fetch.copier import Copier
from prewarm.fetch.plan import ImagePlan, Planner, Wanted
from prewarm.fetch.ports import Observer, Sink, Source
from prewarm.fetch.tally import Outcome, Tally, sources_by_blob
from prewarm.oci import Descriptor
from prewarm.policy import Policy

_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(slots=True)
class Fetch:
    """Brings images from a source into a sink, with `jobs` requests at a time."""

    source: Source
    sink: Sink
    jobs: int = 12
    observer: Observer = field(default_factory=Observer)
    policy: Policy = field(default_factory=Policy)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _began: float = field(default_factory=time.monotonic)

    def run(self, wanted: Iterable[Wanted]) -> tuple[Outcome, ...]:
        """Bring in all that is wanted; one image that fails does not stop the others.

        Gives the outcomes in the order asked. An interrupt is passed on at once; what is complete
        by then keeps its name.
        """
        asked = list(dict.fromkeys(wanted))
        outcomes: dict[Wanted, Outcome] = {}
        pool = ThreadPoolExecutor(self.jobs, "fetch")
        try:
            plans = []
            for want, plan in each(pool, Planner(self.source, self.sink, self.policy).plan, asked):
                if isinstance(plan, ImagePlan):
                    plans.append(plan)
                else:
                    self._finish(
                        outcomes, want, Outcome(want.reference, error=plan, phase="resolve")
                    )
            self._copy_all(pool, plans, outcomes)
        except BaseException:
            self._stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        pool.shutdown()
        return tuple(outcomes[want] for want in asked)

    def _copy_all(
        self, pool: ThreadPoolExecutor, plans: list[ImagePlan], outcomes: dict[Wanted, Outcome]
    ) -> None:
        sources = sources_by_blob(plans)
        missing = [blob for blob in sources if not self.sink.has(blob)]
        missing.sort(key=lambda blob: (-blob.size, blob.digest))
        self.observer.planned(sum(blob.size for blob in missing), len(missing))
        tally = Tally.of(plans, missing)
        self._publish(tally.settled(), tally, outcomes)
        board = Board(len(missing))
        copier = Copier(self.source, self.sink, self.observer, self._stopped, board)
        copied = each(pool, copier.copy, [(blob, sources[blob]) for blob in missing])
        helpers = [pool.submit(copier.help) for _ in range(self.jobs if missing else 0)]
        for (blob, _), error in copied:
            self._publish(tally.settle(blob, error), tally, outcomes)
        for helper in helpers:
            helper.result()

    def _publish(
        self, plans: Sequence[ImagePlan], tally: Tally, outcomes: dict[Wanted, Outcome]
    ) -> None:
        """Bring in the manifests of images whose blobs are all there, then name them together."""
        errors: dict[Wanted, PrewarmError] = {}
        names: dict[str, Descriptor] = {}
        for plan in plans:
            error = tally.error(plan) or self._put_manifests(plan, names)
            if error is not None:
                errors[plan.wanted] = error
        try:
            self.sink.name_images(names)
        except PrewarmError as error:
            errors.update((p.wanted, error) for p in plans if p.wanted.name in names)
        for plan in plans:
            outcome = tally.outcome(plan, errors.get(plan.wanted))
            self._finish(outcomes, plan.wanted, outcome)

    def _put_manifests(self, plan: ImagePlan, names: dict[str, Descriptor]) -> PrewarmError | None:
        """Bring in what is missing; adds to `names` when the name is new or leads to more."""
        try:
            missing = not all(self.sink.has(descriptor) for descriptor, _ in plan.manifests)
            for descriptor, raw in plan.manifests:
                self.sink.put_manifest(descriptor, raw)
            known = self.sink.named(plan.wanted.name)
        except PrewarmError as error:
            return error
        if missing or known is None or known.digest != plan.root.digest:
            names[plan.wanted.name] = plan.root
        return None

    def _finish(self, outcomes: dict[Wanted, Outcome], wanted: Wanted, outcome: Outcome) -> None:
        outcomes[wanted] = replace(outcome, seconds=time.monotonic() - self._began)
        self.observer.finished(outcome.reference, outcome.error)


def each(
    pool: ThreadPoolExecutor, function: Callable[[_In], _Out], arguments: Sequence[_In]
) -> Iterator[tuple[_In, _Out | PrewarmError]]:
    """Apply a function in parallel, from now on; results and expected errors as they come."""
    futures = {pool.submit(function, argument): argument for argument in arguments}

    def results() -> Iterator[tuple[_In, _Out | PrewarmError]]:
        for future in as_completed(futures):
            try:
                yield futures[future], future.result()
            except PrewarmError as error:
                yield futures[future], error

    return results()
