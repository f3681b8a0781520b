"""Several fetches into one store at once: no name is lost, and no blob is moved twice."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from .command import Prewarm
from .mirror import Mirror
from .samples import Sample, Upstreams
from .soundness import names_in, problems_of

pytestmark = pytest.mark.real

WRITERS = 4


def _run_at_once(prewarm: Prewarm, commands: list[list[str]]) -> list[int]:
    """Start all commands together; their exit codes."""
    running: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            running.append(prewarm.start("fetch", "--store", str(prewarm.store), *command))
        return [process.wait(120) for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()


def test_fetches_of_different_images_keep_every_name(
    upstreams: Upstreams, samples: dict[str, Sample], tmp_path: Path
) -> None:
    prewarm = Prewarm(tmp_path, upstreams.settings())
    references = [sample.reference for sample in samples.values()]
    assert set(_run_at_once(prewarm, [[reference] for reference in references])) == {0}
    assert names_in(prewarm.store) == sorted(references)
    assert problems_of(prewarm.store) == []


def test_fetches_of_the_same_images_share_the_work(
    upstreams: Upstreams, samples: dict[str, Sample], tmp_path: Path
) -> None:
    prewarm = Prewarm(tmp_path, upstreams.settings())
    references = [sample.reference for sample in samples.values()]
    upstreams.forget()
    assert _run_at_once(prewarm, [references] * WRITERS) == [0] * WRITERS
    assert names_in(prewarm.store) == sorted(references)
    assert problems_of(prewarm.store) == []
    blobs = Counter(r.partition("/blobs/")[2] for r in upstreams.requests() if "/blobs/" in r)
    again = [seen for seen, times in blobs.items() if times > 1]
    assert [seen for seen in again if not seen.endswith(" 206")] == []  # parts of one are no repeat


def test_a_server_sees_what_is_fetched_beside_it(
    upstreams: Upstreams, samples: dict[str, Sample], tmp_path: Path
) -> None:
    prewarm = Prewarm(tmp_path, upstreams.settings())
    prewarm.fetch(samples["app"].reference).ok()
    mirror = Mirror(prewarm, tmp_path / "serve.log")
    try:
        web = samples["web"]
        assert mirror.status(f"/v2/{web.repository}/manifests/{web.tag}") == 404
        prewarm.fetch(web.reference).ok()
        assert mirror.status(f"/v2/{web.repository}/manifests/{web.tag}") == 200
    finally:
        mirror.stop()
