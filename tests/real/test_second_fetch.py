"""What a fetch asks of real upstreams, counted request by request: nothing twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from .command import Prewarm
from .images import OTHER_ARCHITECTURE, THIS_ARCHITECTURE, Index, image, index, layer
from .publish import publish
from .registry import Registry
from .samples import Sample, Upstreams
from .soundness import names_in, problems_of

pytestmark = pytest.mark.real


@pytest.fixture
def references(samples: dict[str, Sample]) -> list[str]:
    """Every sample by its tag, one of them by its digest."""
    pinned = samples["pinned"]
    by_digest = f"{pinned.host}/{pinned.repository}@{pinned.content.top.digest}"
    return [by_digest if sample is pinned else sample.reference for sample in samples.values()]


@pytest.fixture
def prewarm(upstreams: Upstreams, tmp_path: Path) -> Prewarm:
    return Prewarm(tmp_path, upstreams.settings())


def test_the_first_fetch_moves_everything_once(
    prewarm: Prewarm, upstreams: Upstreams, samples: dict[str, Sample], references: list[str]
) -> None:
    upstreams.forget()
    prewarm.fetch(*references).ok()
    requests = Counter(upstreams.requests())
    assert [request for request, times in requests.items() if times > 1] == []
    wanted = {layer.blob.digest for s in samples.values() for layer in s.image.layers}
    wanted |= {sample.image.config.digest for sample in samples.values()}
    assert sorted(_blobs(requests)) == sorted(wanted)


def test_the_second_fetch_asks_only_where_tags_point(
    prewarm: Prewarm, upstreams: Upstreams, samples: dict[str, Sample], references: list[str]
) -> None:
    prewarm.fetch(*references).ok()
    upstreams.forget()
    prewarm.fetch(*references).ok()
    expected = [
        f"{sample.host}: HEAD /v2/{sample.repository}/manifests/{sample.tag} 200"
        for key, sample in samples.items()
        if key != "pinned"
    ]
    assert sorted(upstreams.requests()) == sorted(expected)


def test_pinned_images_that_are_held_need_no_upstream(
    prewarm: Prewarm, upstreams: Upstreams, samples: dict[str, Sample]
) -> None:
    pinned = samples["pinned"]
    reference = f"{pinned.host}/{pinned.repository}@{pinned.content.top.digest}"
    prewarm.fetch(reference).ok()
    with upstreams.down():
        prewarm.fetch(reference).ok()
    assert names_in(prewarm.store) == [reference]


def test_other_platforms_and_attestations_are_left_alone(
    prewarm: Prewarm, upstreams: Upstreams, samples: dict[str, Sample]
) -> None:
    web = samples["web"]
    assert isinstance(web.content, Index)
    upstreams.forget()
    prewarm.fetch(web.reference).ok()
    others = [i.manifest.digest for i in web.content.images if i is not web.image]
    assert [r for r in upstreams.requests() if any(digest in r for digest in others)] == []


def test_another_platform_costs_only_what_is_missing(
    prewarm: Prewarm, upstreams: Upstreams, samples: dict[str, Sample]
) -> None:
    web = samples["web"]
    prewarm.fetch(web.reference).ok()
    upstreams.forget()
    both = [f"--platform=linux/{name}" for name in (THIS_ARCHITECTURE, OTHER_ARCHITECTURE)]
    prewarm.fetch(*both, web.reference).ok()
    other = web.content.for_architecture(OTHER_ARCHITECTURE)
    base = web.image.layers[0].blob.digest
    missing = {layer.blob.digest for layer in other.layers} - {base} | {other.config.digest}
    assert sorted(_blobs(upstreams.requests())) == sorted(missing)
    assert problems_of(prewarm.store) == []


def test_a_tag_that_moved_costs_only_what_is_new(tmp_path: Path) -> None:
    old = image(layer("kept", 20_000), layer("old"))
    new = image(layer("kept", 20_000), layer("new"))
    registry = Registry(tmp_path / "registry").start()
    try:
        prewarm = Prewarm(tmp_path, f'[registry."quay.io"]\nendpoints = ["{registry.url}"]\n')
        publish(registry, "team/moving", "1", index(old), tmp_path)
        prewarm.fetch("quay.io/team/moving:1").ok()
        moved = index(new)
        publish(registry, "team/moving", "1", moved, tmp_path)
        registry.forget()
        prewarm.fetch("quay.io/team/moving:1").ok()
        blobs = [new.config.digest, new.layers[1].blob.digest]
        assert sorted(str(request) for request in registry.requests()) == sorted(
            [
                "HEAD /v2/team/moving/manifests/1 200",
                f"GET /v2/team/moving/manifests/{moved.top.digest} 200",
                f"GET /v2/team/moving/manifests/{new.manifest.digest} 200",
                *(f"GET /v2/team/moving/blobs/{digest} 200" for digest in blobs),
            ]
        )
        assert problems_of(prewarm.store) == []
    finally:
        registry.stop()


def _blobs(requests: list[str] | Counter[str]) -> list[str]:
    """The digests of the blobs that were moved, as often as they were."""
    return [
        request.split()[2].rpartition("/")[2]
        for request in requests
        if " GET " in request and "/blobs/" in request
    ]
