"""The checker of stores sees what it must see: otherwise the tests that rely on it say nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from .images import OTHER_ARCHITECTURE, image, index, layer, write_layout
from .soundness import digests_in, names_in, problems_of

pytestmark = pytest.mark.real

OURS = image(layer("ours"))
THEIRS = image(layer("theirs"), architecture=OTHER_ARCHITECTURE)
BOTH = index(OURS, THEIRS, attested=True)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return write_layout(tmp_path / "store", {"docker.io/library/both:1": BOTH, "a/one:1": OURS})


def _blob(store: Path, digest: str) -> Path:
    return store / "blobs/sha256" / digest.removeprefix("sha256:")


def test_a_sound_store_has_no_problems(store: Path) -> None:
    assert problems_of(store) == []
    assert names_in(store) == ["a/one:1", "docker.io/library/both:1"]
    assert digests_in(store) == {blob.digest for blob in BOTH.blobs}


def test_a_store_that_is_not_there_has_no_problems(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "nothing") == []


def test_an_index_may_lack_platforms(store: Path) -> None:
    _blob(store, THEIRS.manifest.digest).unlink()
    _blob(store, THEIRS.layers[0].blob.digest).unlink()
    assert problems_of(store) == []


def _lose_layer(store: Path) -> None:
    _blob(store, OURS.layers[0].blob.digest).unlink()


def _lose_config(store: Path) -> None:
    _blob(store, OURS.config.digest).unlink()


def _lose_manifest(store: Path) -> None:
    _blob(store, OURS.manifest.digest).unlink()


def _lose_index(store: Path) -> None:
    _blob(store, BOTH.index.digest).unlink()


def _lose_all_images(store: Path) -> None:
    _lose_manifest(store)
    _blob(store, THEIRS.manifest.digest).unlink()


def _lose_layer_of_a_held_platform(store: Path) -> None:
    _blob(store, THEIRS.layers[0].blob.digest).unlink()


def _cut_layer(store: Path) -> None:
    path = _blob(store, OURS.layers[0].blob.digest)
    path.write_bytes(path.read_bytes()[:-1])


def _change_layer(store: Path) -> None:
    path = _blob(store, OURS.layers[0].blob.digest)
    path.write_bytes(b"x" + path.read_bytes()[1:])


def _leave_half_a_file(store: Path) -> None:
    (store / "blobs/sha256" / ("0" * 64)).write_bytes(b"half")


def _lose_marker(store: Path) -> None:
    (store / "oci-layout").unlink()


def _name_something_else(store: Path) -> None:
    index = json.loads((store / "index.json").read_text())
    index["manifests"][0]["size"] += 1
    (store / "index.json").write_text(json.dumps(index))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_lose_layer, "is missing"),
        (_lose_config, "is missing"),
        (_lose_manifest, "is missing"),
        (_lose_index, "is missing"),
        (_lose_all_images, "no image of the index"),
        (_lose_layer_of_a_held_platform, "is missing"),
        (_cut_layer, "has not the"),
        (_change_layer, "its digest is"),
        (_leave_half_a_file, "its digest is"),
        (_lose_marker, "oci-layout is not"),
        (_name_something_else, "and should have"),
    ],
)
def test_damage_is_seen(store: Path, damage: Callable[[Path], None], said: str) -> None:
    damage(store)
    assert any(said in problem for problem in problems_of(store))
