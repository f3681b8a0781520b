"""Large blobs come in stretches side by side, survive a kill, and are right to the byte."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from prewarm.bench import Hashing
from prewarm.commands.upstreams import upstreams
from prewarm.config import RegistrySettings, Settings
from prewarm.demo.images import Contents, Image, Layer, build
from prewarm.demo.upstream import Link
from prewarm.fetch import Fetch, Observer, Outcome, Wanted
from prewarm.fetch.board import SMALLEST, Transfer
from prewarm.layout import LayoutWriter, read_image
from prewarm.layout.pieces import Piece, Pieces
from prewarm.oci import Descriptor, digest_of
from prewarm.reference import Reference

from .fake_registry import FakeRegistry, Fault

SIZE = 12_000_000
BIG = "docker.io/library/big:1"
SLOW = Link(round_trip=0.01, connection_bandwidth=4_000_000)
BLOBS = r"/blobs/"


@pytest.fixture(scope="module")
def contents() -> Contents:
    return build([Image(BIG, (Layer("big", SIZE),))])


@pytest.fixture
def registry(contents: Contents) -> Iterator[FakeRegistry]:
    with FakeRegistry(contents, host="docker.io", link=SLOW) as running:
        yield running


def fetch(registry: FakeRegistry, store: Path) -> Outcome:
    settings = Settings(registries={"docker.io": RegistrySettings((registry.url,))})
    sink = LayoutWriter.create(store)
    run = Fetch(upstreams(settings, {}, 8), sink, 8)
    (outcome,) = run.run([Wanted(Reference.parse(BIG))])
    return outcome


def assert_whole(store: Path) -> None:
    reader = LayoutWriter(store)
    (entry,) = reader.read_entries()
    image = read_image(reader, entry.descriptor)
    assert image.whole
    for blob in image.blobs:
        assert digest_of(reader.blob_path(blob.digest).read_bytes()) == blob.digest
    assert list((store / ".prewarm" / "partial").iterdir()) == []


def ranges(registry: FakeRegistry) -> list[str]:
    return [seen.headers["Range"] for seen in registry.seen("GET", BLOBS) if seen.headers["Range"]]


def test_idle_workers_take_over_parts_of_a_slow_blob(
    registry: FakeRegistry, tmp_path: Path
) -> None:
    assert fetch(registry, tmp_path).error is None
    assert_whole(tmp_path)
    assert len(ranges(registry)) >= 2
    sent = sum(seen.sent for seen in registry.seen("GET", BLOBS))
    assert sent < SIZE * 1.2


def test_a_blob_too_small_to_divide_comes_in_one_request(tmp_path: Path) -> None:
    small = build([Image(BIG, (Layer("small", 2 * SMALLEST - 20_000),))])
    with FakeRegistry(small, host="docker.io", link=SLOW) as registry:
        assert fetch(registry, tmp_path).error is None
        assert ranges(registry) == []
        assert registry.count("GET", BLOBS) == 2
    assert_whole(tmp_path)


@pytest.mark.parametrize(
    ("moved", "seconds", "left"),
    [(0, 1.0, 0.0), (500_000, 0.1, 0.0), (500_000, 0.5, 0.5), (900_000, 0.9, 0.1)],
    ids=["nothing yet", "too soon to tell", "half", "nearly all"],
)
def test_how_long_a_blob_will_take_is_told_from_its_pace(
    moved: int, seconds: float, left: float
) -> None:
    descriptor = Descriptor("application/octet-stream", digest_of(b""), 1_000_000)
    transfer = Transfer(descriptor, (), Hashing(descriptor), Observer())
    transfer.moved = moved
    transfer.began -= seconds
    assert transfer.seconds_left() == pytest.approx(left, abs=0.05)


def test_an_upstream_without_ranges_is_asked_for_the_whole(
    registry: FakeRegistry, tmp_path: Path
) -> None:
    registry.fault("GET", BLOBS, Fault.ignore_range())
    assert fetch(registry, tmp_path).error is None
    assert_whole(tmp_path)


@pytest.mark.parametrize(
    "fault",
    [Fault.flip_bit(), Fault.reset(), Fault.content_range("bytes 0-9/10"), Fault.status(500)],
    ids=["a bit flipped", "reset", "another range", "500"],
)
def test_a_stretch_that_fails_or_lies_spoils_nothing(
    registry: FakeRegistry, tmp_path: Path, fault: Fault
) -> None:
    registry.fault("GET", BLOBS, fault, times=2, after=2)
    outcome = fetch(registry, tmp_path)
    assert outcome.error is None
    assert_whole(tmp_path)


def test_killed_again_and_again_it_ends_right_and_moves_little_twice(
    registry: FakeRegistry, tmp_path: Path
) -> None:
    settings = f'[registry."docker.io"]\nendpoints = ["{registry.url}"]\n'
    (tmp_path / "prewarm.toml").write_text(settings)
    command = [sys.executable, "-m", "prewarm", "fetch", "--quiet", "--store", "store", BIG]
    dice = random.Random(7)
    for _ in range(4):
        process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
        time.sleep(dice.uniform(0.5, 1.1))
        process.kill()
        process.wait()
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert_whole(tmp_path / "store")
    assert sum(seen.sent for seen in registry.seen("GET", BLOBS)) < SIZE * 1.3


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[:-1],
        lambda raw: raw[:-24],
        lambda raw: b"\xff" * len(raw),
        lambda raw: raw[24:] + raw[:24],
        lambda raw: b"",
    ],
    ids=["cut", "a stretch lost", "rubbish", "out of order", "empty"],
)
def test_a_damaged_memory_is_not_believed(tmp_path: Path, damage: object) -> None:
    path = tmp_path / "x.pieces"
    pieces = Pieces(path, [Piece(0, 40, 100)])
    assert pieces.split(10) is not None
    pieces.close()
    assert callable(damage)
    path.write_bytes(damage(path.read_bytes()))
    assert Pieces.take_up(path, 100, 100).all == [Piece(0, 0, 100)]


def test_stretches_written_by_many_threads_make_up_the_blob(tmp_path: Path) -> None:
    raw = random.Random(3).randbytes(3_000_000)
    descriptor = Descriptor("application/octet-stream", digest_of(raw), len(raw))
    writer = LayoutWriter.create(tmp_path)

    def fill(receiver: object) -> None:
        while receiver.offset < receiver.stop:  # type: ignore[attr-defined]
            at = receiver.offset  # type: ignore[attr-defined]
            if not receiver.write(raw[at : at + 7919]):  # type: ignore[attr-defined]
                return

    with writer.ingest(descriptor) as ingest:
        assert ingest is not None
        ingest.write(raw[:1000])
        others = [ingest.split(1000) for _ in range(12)]
        threads = [threading.Thread(target=fill, args=(r,)) for r in (ingest, *others) if r]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert list(ingest.unfinished()) == []
        ingest.commit()
    assert writer.blob_path(descriptor.digest).read_bytes() == raw
    assert list((tmp_path / ".prewarm" / "partial").iterdir()) == []
