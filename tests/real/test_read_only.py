"""The server writes nothing: it runs from a file system that cannot be written."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .client import assert_holds
from .command import Prewarm
from .conftest import MakeClient
from .disk import Disk
from .mirror import Mirror
from .samples import Sample, Upstreams

pytestmark = pytest.mark.real


@pytest.fixture
def prewarm(upstreams: Upstreams, samples: dict[str, Sample], tmp_path: Path) -> Iterator[Prewarm]:
    """A fetched store, moved to a file system that is read-only from then on."""
    made = Prewarm(tmp_path / "work", upstreams.settings())
    made.fetch(samples["web"].reference, samples["app"].reference).ok()
    disk = Disk(tmp_path / "disk", 4_000_000)
    shutil.copytree(made.store, disk.place / "store")
    disk.make_read_only()
    made.store = disk.place / "store"
    yield made
    disk.unmount()


def test_a_read_only_store_is_served(
    prewarm: Prewarm, samples: dict[str, Sample], make_client: MakeClient
) -> None:
    mirror = Mirror(prewarm, prewarm.folder / "serve.log")
    try:
        client = make_client("skopeo", mirror.address)
        for key in ("web", "app"):
            assert_holds(client.pull(samples[key].reference), samples[key])
    finally:
        mirror.stop()


def test_a_read_only_store_is_listed(prewarm: Prewarm, samples: dict[str, Sample]) -> None:
    listed = prewarm.run("ls", "--store", str(prewarm.store)).ok()
    assert samples["web"].reference in listed.out


def test_a_fetch_into_it_is_an_error_and_no_bug(
    prewarm: Prewarm, samples: dict[str, Sample]
) -> None:
    outcome = prewarm.fetch(samples["other"].reference)
    assert outcome.status == 1, str(outcome)
    assert "Traceback" not in outcome.err
    assert str(prewarm.store) in outcome.err
