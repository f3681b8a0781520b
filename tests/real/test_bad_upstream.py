"""A real registry whose disk went bad: what it gives out is refused, named, and not kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .command import Prewarm
from .images import image, layer
from .publish import publish
from .registry import Registry
from .soundness import digests_in, names_in, problems_of

pytestmark = pytest.mark.real

BAD = image(layer("shared", 20_000), layer("goes bad", 20_000))
GOOD = image(layer("shared", 20_000), layer("stays good"))
VICTIM = BAD.layers[1].blob.digest


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    running = Registry(tmp_path / "registry").start()
    publish(running, "team/bad", "1", BAD, tmp_path)
    publish(running, "team/good", "1", GOOD, tmp_path)
    yield running
    running.stop()


@pytest.fixture
def prewarm(registry: Registry, tmp_path: Path) -> Prewarm:
    return Prewarm(tmp_path, f'[registry."quay.io"]\nendpoints = ["{registry.url}"]\n')


def _change(path: Path) -> None:
    raw = path.read_bytes()
    path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")


def _lose(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("damage", [_change, _cut, _lengthen, _lose])
def test_a_bad_layer_is_refused_and_the_rest_is_done(
    damage: Callable[[Path], None], registry: Registry, prewarm: Prewarm
) -> None:
    stored = registry.blob_file(VICTIM)
    sound = stored.read_bytes()
    damage(stored)
    outcome = prewarm.fetch("--format=json", "quay.io/team/bad:1", "quay.io/team/good:1")
    assert outcome.status == 3, str(outcome)
    assert "Traceback" not in outcome.err
    said = {i["reference"]: i["error"] for i in json.loads(outcome.out)["images"]}
    assert said["quay.io/team/good:1"] is None
    assert VICTIM in said["quay.io/team/bad:1"]
    assert names_in(prewarm.store) == ["quay.io/team/good:1"]
    assert problems_of(prewarm.store) == []
    assert VICTIM not in digests_in(prewarm.store)

    stored.write_bytes(sound)
    prewarm.fetch("quay.io/team/bad:1").ok()
    assert names_in(prewarm.store) == ["quay.io/team/bad:1", "quay.io/team/good:1"]
    assert problems_of(prewarm.store) == []


def test_an_upstream_that_is_down_is_an_error_that_names_it(
    registry: Registry, prewarm: Prewarm
) -> None:
    registry.stop()
    outcome = prewarm.fetch("quay.io/team/good:1")
    assert outcome.status == 1, str(outcome)
    assert "Traceback" not in outcome.err
    assert "quay.io/team/good:1" in outcome.out + outcome.err
    assert names_in(prewarm.store) == []


def test_an_upstream_that_goes_away_midway_costs_nothing_that_is_done(
    registry: Registry, prewarm: Prewarm
) -> None:
    prewarm.fetch("quay.io/team/good:1").ok()
    registry.stop()
    assert prewarm.fetch("quay.io/team/bad:1", "quay.io/team/good:1").status in (1, 3)
    assert names_in(prewarm.store) == ["quay.io/team/good:1"]
    assert problems_of(prewarm.store) == []
