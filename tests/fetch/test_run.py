"""A run as a whole: outcomes in order, what observers are told, and how it ends early."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from prewarm.errors import StoreError
from prewarm.fetch import Fetch, Observer, Wanted
from prewarm.layout import LayoutReader, LayoutWriter
from prewarm.oci import Descriptor
from prewarm.receiver import Receiver
from prewarm.reference import Reference
from tests.fake_registry import FakeRegistry, Fault
from tests.registry.clients import client

from .runs import AMD64, contents, fetch, good, names, partials

CONTENTS = contents()


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with FakeRegistry(CONTENTS) as running:
        yield running


class Watcher(Observer):
    """Adds up what it is told."""

    def __init__(self) -> None:
        self.size = self.blobs = self.advance = 0
        self.ends: list[tuple[str, bool]] = []
        self._lock = threading.Lock()

    def planned(self, size: int, blobs: int) -> None:
        self.size, self.blobs = size, blobs

    def advanced(self, size: int) -> None:
        with self._lock:
            self.advance += size

    def finished(self, reference: Reference, error: Exception | None) -> None:
        self.ends.append((str(reference).rpartition("/")[2], error is None))


def test_outcomes_are_in_the_order_asked(registry: FakeRegistry, tmp_path: Path) -> None:
    asked = ["other:1", "a:1", "none:1", "multi:1", "a:1", "b:1"]
    outcomes = fetch(client(registry), tmp_path, *asked, jobs=4)
    shown = [str(o.reference).rpartition("/")[2] for o in outcomes]
    assert shown == ["other:1", "a:1", "none:1", "multi:1", "b:1"]
    assert [o.error is None for o in outcomes] == [True, True, False, True, True]
    moved = sum(o.moved for o in outcomes)
    assert moved == sum(seen.sent for seen in registry.seen("GET", "/blobs/"))


def test_nothing_wanted_is_nothing_done(registry: FakeRegistry, tmp_path: Path) -> None:
    assert fetch(client(registry), tmp_path) == []
    assert registry.requests == []


FAULTS = {
    "none": Fault(),
    "truncated": Fault.truncate(50_000),
    "reset": Fault.reset(after=50_000),
    "404": Fault.status(404),
    "one bit": Fault.flip_bit(-1),
    "no ranges": Fault.ignore_range(),
}


@pytest.mark.parametrize("times", [1, 10])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_an_observer_is_told_of_every_byte_once(
    registry: FakeRegistry, tmp_path: Path, fault: Fault, times: int
) -> None:
    registry.fault("GET", "/(a|lone)/blobs/", fault, times=times)
    watcher = Watcher()
    outcomes = fetch(
        client(registry), tmp_path, "a:1", "b:1", "lone:1", "none:1", jobs=3, observer=watcher
    )
    failed = {str(o.reference) for o in outcomes if o.error}
    assert len(watcher.ends) == 4 and sum(ok for _, ok in watcher.ends) == 4 - len(failed)
    held = {path.name: path.stat().st_size for path in tmp_path.glob("blobs/sha256/*")}
    manifests = {d.digest.partition(":")[2] for d in CONTENTS.names.values()}
    assert watcher.advance == sum(size for name, size in held.items() if name not in manifests)
    if not failed - {"docker.io/library/none:1"}:
        assert watcher.advance == watcher.size
    again = Watcher()
    registry.heal()
    good(fetch(client(registry), tmp_path, "a:1", "b:1", "lone:1", jobs=3, observer=again))
    assert again.advance == again.size == watcher.size - watcher.advance


def test_what_an_earlier_run_left_counts_as_done(registry: FakeRegistry, tmp_path: Path) -> None:
    registry.fault("GET", "/lone/blobs/", Fault.truncate(50_000), times=3)
    fetch(client(registry), tmp_path, "lone:1")
    kept = sum(partials(tmp_path))
    assert kept > 0
    watcher, told = Watcher(), []

    class First(Watcher):
        def advanced(self, size: int) -> None:
            told.append(size)

    good(fetch(client(registry), tmp_path, "lone:1", observer=First()))
    assert kept in told
    assert watcher.advance == 0


def test_a_store_that_fails_ends_the_run_at_once(registry: FakeRegistry, tmp_path: Path) -> None:
    sink = LayoutWriter.create(tmp_path)
    partial = tmp_path / ".prewarm" / "partial"
    partial.rmdir()
    partial.write_text("in the way")
    asked = [Wanted(Reference.parse(name), (AMD64,)) for name in ("a:1", "lone:1", "other:1")]
    outcomes = Fetch(client(registry), sink, 1).run(asked)
    assert all(isinstance(outcome.error, StoreError) for outcome in outcomes)
    assert registry.count("GET", "/blobs/") == 0
    partial.unlink()
    partial.mkdir()
    good(Fetch(client(registry), sink, 4).run(asked))


def test_an_index_that_cannot_be_replaced_fails_what_is_new(
    registry: FakeRegistry, tmp_path: Path
) -> None:
    good(fetch(client(registry), tmp_path, "a:1"))
    sink = LayoutWriter.create(tmp_path)
    (tmp_path / ".prewarm" / "index.json.new").mkdir()
    asked = [Wanted(Reference.parse(name), (AMD64,)) for name in ("a:1", "other:1")]
    held, new = Fetch(client(registry), sink, 2).run(asked)
    assert held.error is None
    assert isinstance(new.error, StoreError) and "index.json" in str(new.error)
    assert names(tmp_path) == ["a:1"]


class Interrupting:
    """A source that is interrupted, or has a bug, at the first blob."""

    def __init__(self, inner: object, error: BaseException) -> None:
        self._inner = inner
        self._error = error

    def resolve(self, reference: Reference) -> Descriptor:
        return self._inner.resolve(reference)  # type: ignore[attr-defined, no-any-return]

    def read_manifest(self, reference: Reference, digest: str) -> tuple[Descriptor, bytes]:
        return self._inner.read_manifest(reference, digest)  # type: ignore[attr-defined, no-any-return]

    def pour(self, reference: Reference, descriptor: Descriptor, receiver: Receiver) -> None:
        raise self._error


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyboardInterrupt()])
@pytest.mark.parametrize("jobs", [1, 2, 8])
def test_what_is_not_expected_ends_the_run(
    registry: FakeRegistry, tmp_path: Path, error: BaseException, jobs: int
) -> None:
    good(fetch(client(registry), tmp_path, "other:1"))
    source = Interrupting(client(registry), error)
    with pytest.raises(type(error)):
        fetch(source, tmp_path, "other:1", "a:1", "lone:1", jobs=jobs)
    assert names(tmp_path) == ["other:1"]
    for thread in threading.enumerate():
        if thread.name.startswith("fetch"):
            thread.join(5)
            assert not thread.is_alive()


def test_many_runs_at_once_share_what_they_bring_in(tmp_path: Path, registry: FakeRegistry) -> None:
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(fetch, client(registry), tmp_path, "lone:1", jobs=2) for _ in range(4)]
        for run in runs:
            good(run.result())
    assert registry.count("GET", "/blobs/") == 2
    assert names(tmp_path) == ["lone:1"]


def test_a_name_that_another_run_moved_meanwhile_is_moved_back(
    registry: FakeRegistry, tmp_path: Path
) -> None:
    """The last run that looked upstream has the last word."""
    good(fetch(client(registry), tmp_path, "a:1", "other:1"))
    other = LayoutReader(tmp_path).named("docker.io/library/other:1")
    assert other is not None
    LayoutWriter(tmp_path).name_images({"docker.io/library/a:1": other})
    good(fetch(client(registry), tmp_path, "a:1"))
    found = LayoutReader(tmp_path).named("docker.io/library/a:1")
    assert found == CONTENTS.names["docker.io/library/a:1"]
