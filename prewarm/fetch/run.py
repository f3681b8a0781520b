"""One run of a fetch: plan all images, copy each missing blob once, publish what is complete.

Children come before their manifests, manifests before the names: whatever stops a run, a name
never leads to something that is not there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from prewarm.errors import PrewarmError, StoreError
from prewarm.fetch.plan import ImagePlan, Planner, Wanted
from prewarm.fetch.ports import Observer, Sink, Source
from prewarm.oci import Descriptor, Platform
from prewarm.receiver import Receiver
from prewarm.reference import Reference

_In = TypeVar("_In")
_Out = TypeVar("_Out")
_Key = tuple[str, int]
"""Digest and size of a blob: who lies about the size spoils no other image that has it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one image.

    `moved` are the bytes of its blobs that this run brought in (a blob that two images share
    counts for the first), `held` those that were there.
    """

    reference: Reference
    root: Descriptor | None = None
    moved: int = 0
    held: int = 0
    absent: tuple[Platform, ...] = ()
    error: PrewarmError | None = None


@dataclass(slots=True)
class Fetch:
    """Brings images from a source into a sink, with `jobs` requests at a time."""

    source: Source
    sink: Sink
    jobs: int = 8
    observer: Observer = field(default_factory=Observer)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _broken: StoreError | None = None

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
            for want, plan in each(pool, Planner(self.source, self.sink).plan, asked):
                if isinstance(plan, ImagePlan):
                    plans.append(plan)
                else:
                    self._finish(outcomes, want, Outcome(want.reference, error=plan))
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
        sources = _sources_by_blob(plans)
        missing = [blob for blob in sources if not self.sink.has(blob)]
        missing.sort(key=lambda blob: (-blob.size, blob.digest))
        self.observer.planned(sum(blob.size for blob in missing), len(missing))
        tally = _Tally.of(plans, missing)
        self._publish(tally.settled(), tally, outcomes)
        jobs = [(blob, sources[blob]) for blob in missing]
        for (blob, _), error in each(pool, self._copy, jobs):
            self._publish(tally.settle(blob, error), tally, outcomes)

    def _copy(self, job: tuple[Descriptor, list[Reference]]) -> None:
        """Bring in one blob, from the first of its repositories that has it sound."""
        blob, references = job
        failure: PrewarmError | None = None
        for reference in references:
            if self._broken is not None:
                raise self._broken
            try:
                with self.sink.ingest(blob) as receiver:
                    if receiver is not None:
                        with _watched(receiver, self.observer, self._stopped) as watched:
                            self.source.pour(reference, blob, watched)
            except StoreError as error:
                self._broken = error
                raise
            except PrewarmError as error:
                failure = error
            else:
                return
        if failure is not None:
            raise failure

    def _publish(
        self, plans: Sequence[ImagePlan], tally: _Tally, outcomes: dict[Wanted, Outcome]
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
        outcomes[wanted] = outcome
        self.observer.finished(outcome.reference, outcome.error)


@dataclass(slots=True)
class _Tally:
    """Which images still wait for which blobs."""

    waiting: dict[Wanted, set[_Key]]
    plans: dict[Wanted, ImagePlan]
    by_blob: dict[_Key, list[ImagePlan]]
    missing: set[_Key]
    errors: dict[_Key, PrewarmError] = field(default_factory=dict)

    @classmethod
    def of(cls, plans: Sequence[ImagePlan], missing: Sequence[Descriptor]) -> _Tally:
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
        return Outcome(plan.wanted.reference, plan.root, moved, held, plan.absent, error)


@dataclass(slots=True)
class _Watched:
    """A receiver that tells an observer how far it is, and ends when the run is stopped."""

    receiver: Receiver
    observer: Observer
    stopped: threading.Event
    told: int = 0

    @property
    def offset(self) -> int:
        return self.receiver.offset

    def seek(self, start: int) -> None:
        self.receiver.seek(start)
        self.tell(self.receiver.offset)

    def write(self, chunk: bytes) -> None:
        if self.stopped.is_set():
            raise PrewarmError("fetch", "stopped")
        self.receiver.write(chunk)
        self.tell(self.receiver.offset)

    def commit(self) -> None:
        self.receiver.commit()

    def tell(self, offset: int) -> None:
        if offset != self.told:
            self.observer.advanced(offset - self.told)
            self.told = offset


@contextmanager
def _watched(
    receiver: Receiver, observer: Observer, stopped: threading.Event
) -> Iterator[_Watched]:
    """Watch a receiver; what was told of it is taken back when it fails."""
    watched = _Watched(receiver, observer, stopped)
    watched.tell(receiver.offset)
    try:
        yield watched
    except BaseException:
        watched.tell(0)
        raise


def _sources_by_blob(plans: Sequence[ImagePlan]) -> dict[Descriptor, list[Reference]]:
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


def each(
    pool: ThreadPoolExecutor, function: Callable[[_In], _Out], arguments: Sequence[_In]
) -> Iterator[tuple[_In, _Out | PrewarmError]]:
    """Apply a function in parallel; results and expected errors as they come."""
    futures = {pool.submit(function, argument): argument for argument in arguments}
    for future in as_completed(futures):
        try:
            yield futures[future], future.result()
        except PrewarmError as error:
            yield futures[future], error
