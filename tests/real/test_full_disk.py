"""A disk that is full: one clear line, nothing lost, and the fetch goes on once there is room."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .command import Prewarm
from .disk import Disk
from .programs import Outcome
from .samples import BIG_LAYER_SIZE, BIG_LAYERS, Sample, Upstreams
from .soundness import names_in, problems_of

pytestmark = pytest.mark.real

ROOM = BIG_LAYER_SIZE * BIG_LAYERS * 2
SMALL = BIG_LAYER_SIZE * 3 // 2
"""Bytes: room for one of the big layers and all that is small."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    small = Disk(tmp_path / "disk", SMALL)
    yield small
    small.unmount()


@pytest.fixture
def prewarm(disk: Disk, upstreams: Upstreams, tmp_path: Path) -> Prewarm:
    made = Prewarm(tmp_path / "work", upstreams.settings())
    made.store = disk.place / "store"
    return made


def test_what_fits_is_kept_and_the_rest_comes_later(
    disk: Disk, prewarm: Prewarm, samples: dict[str, Sample]
) -> None:
    references = [sample.reference for sample in samples.values()]
    first = prewarm.fetch(*references)
    assert first.status in (1, 3), str(first)
    assert_says_full(first)
    assert problems_of(prewarm.store) == []
    kept = names_in(prewarm.store)
    assert samples["big"].reference not in kept

    disk.resize(ROOM)
    prewarm.fetch(*references).ok()
    assert names_in(prewarm.store) == sorted(references)
    assert problems_of(prewarm.store) == []


def test_nothing_is_lost_when_nothing_fits(
    disk: Disk, prewarm: Prewarm, samples: dict[str, Sample]
) -> None:
    held, wanted = samples["app"].reference, samples["web"].reference
    prewarm.fetch(held).ok()
    filler = disk.fill()
    outcome = prewarm.fetch(wanted)
    assert outcome.status == 1, str(outcome)
    assert_says_full(outcome)
    assert names_in(prewarm.store) == [held]
    assert problems_of(prewarm.store) == []

    filler.unlink()
    prewarm.fetch(wanted).ok()
    assert names_in(prewarm.store) == sorted([held, wanted])


@pytest.mark.parametrize("spare", range(0, 40_000, 4096))
def test_any_last_page_may_be_the_one_that_is_missing(
    spare: int, disk: Disk, prewarm: Prewarm, samples: dict[str, Sample]
) -> None:
    """The disk is full after 0, 1, 2, … more pages: in a layer, a manifest, or index.json."""
    held, wanted = samples["app"].reference, samples["other"].reference
    prewarm.fetch(held).ok()
    filler = disk.fill()
    with filler.open("r+b") as file:
        file.truncate(max(0, filler.stat().st_size - spare))
    outcome = prewarm.fetch(wanted)
    assert outcome.status in (0, 1), str(outcome)
    assert "Traceback" not in outcome.err
    expected = [held] if outcome.status else sorted([held, wanted])
    assert names_in(prewarm.store) == expected
    assert problems_of(prewarm.store) == []


def test_a_held_image_is_served_from_a_full_disk(
    disk: Disk, prewarm: Prewarm, samples: dict[str, Sample]
) -> None:
    held = samples["app"].reference
    prewarm.fetch(held).ok()
    disk.fill()
    listed = prewarm.run("ls", "--store", str(prewarm.store)).ok()
    assert held in listed.out
    shutil.copytree(prewarm.store, prewarm.folder / "copy")
    assert names_in(prewarm.folder / "copy") == [held]


def assert_says_full(outcome: Outcome) -> None:
    """Lines say that the disk is full, and nothing looks like a fault of the program's."""
    assert "Traceback" not in outcome.err
    assert any("the disk is full" in line for line in outcome.err.splitlines()), str(outcome)
