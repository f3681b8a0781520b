"""Which requests a fetch makes, to the last one: upstream is a guest's house."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from prewarm.demo.images import Contents, Image, Layer, build
from prewarm.errors import PrewarmError
from prewarm.fetch import Wanted
from prewarm.layout import LayoutReader, LayoutWriter
from prewarm.oci import OCI_MANIFEST, Descriptor, parse_manifest
from prewarm.reference import Reference
from tests.fake_registry import Bearer, FakeCdn, FakeRegistry, Fault, Quota
from tests.registry.clients import client

from .runs import AMD64, ARM64, Named, contents, fetch, good, names

CONTENTS = contents()
NAMED = Named(CONTENTS)
A = CONTENTS.names["docker.io/library/a:1"]
FIRST = [
    "HEAD a/manifests/1",
    "GET a:1",
    "GET a:1 layer 1",
    "GET a:1 layer 2",
    "GET a:1 config",
]


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with FakeRegistry(CONTENTS) as running:
        yield running


def test_a_first_fetch_asks_for_each_thing_once(registry: FakeRegistry, tmp_path: Path) -> None:
    (outcome,) = fetch(client(registry), tmp_path, "a:1")
    assert NAMED.asked(registry) == FIRST
    assert names(tmp_path) == ["a:1"]
    assert outcome.root is not None and outcome.root.digest == A.digest
    assert outcome.moved == sum(seen.sent for seen in registry.seen("GET", "/blobs/"))
    assert (outcome.held, outcome.absent, outcome.error) == (0, (), None)


def test_a_second_fetch_asks_whether_the_tag_moved(registry: FakeRegistry, tmp_path: Path) -> None:
    good(fetch(client(registry), tmp_path, "a:1"))
    before = LayoutReader(tmp_path).stat_index()
    registry.requests.clear()
    (outcome,) = fetch(client(registry), tmp_path, "a:1")
    assert NAMED.asked(registry) == ["HEAD a/manifests/1"]
    assert outcome.moved == 0 and outcome.held > 0
    assert LayoutReader(tmp_path).stat_index() == before


def test_a_moved_tag_costs_what_is_new(tmp_path: Path) -> None:
    moving = contents()
    with FakeRegistry(moving) as registry:
        good(fetch(client(registry), tmp_path, "a:1"))
        newer = build([Image("a:1", (Layer("shared", 40_000), Layer("newer", 9000)))])
        for digest, raw in newer.blobs.items():
            moving.blobs[digest] = raw
        moving.publish(
            "a:1", OCI_MANIFEST, newer.blobs[newer.names["docker.io/library/a:1"].digest]
        )
        registry.requests.clear()
        good(fetch(client(registry), tmp_path, "a:1"))
        assert Named(newer).asked(registry) == [
            "HEAD a/manifests/1",
            "GET a:1",
            "GET a:1 layer 2",
            "GET a:1 config",
        ]
    (entry,) = LayoutReader(tmp_path).read_entries()
    assert entry.descriptor.digest == newer.names["docker.io/library/a:1"].digest
    assert names(tmp_path) == ["a:1"]


def test_two_names_of_one_image_cost_one(registry: FakeRegistry, tmp_path: Path) -> None:
    first, second = fetch(client(registry), tmp_path, "b:1", "b:2")
    assert sorted(NAMED.asked(registry)) == [
        "GET a:1 layer 1",
        "GET b:1",
        "GET b:1 config",
        "GET b:1 layer 2",
        "HEAD b/manifests/1",
        "HEAD b/manifests/2",
    ]
    assert names(tmp_path) == ["b:1", "b:2"]
    assert first.moved > 0 == second.moved


def test_many_jobs_ask_for_a_manifest_once(registry: FakeRegistry, tmp_path: Path) -> None:
    registry.fault("GET", "/manifests/", Fault.stall(0.05))
    good(fetch(client(registry), tmp_path, "b:1", "b:2", f"b@{_digest('b:1')}", jobs=8))
    assert registry.count("GET", "/manifests/") == 1
    assert names(tmp_path) == ["b:1", "b:2", f"b@{_digest('b:1')}"]


def test_a_layer_that_images_share_comes_once(registry: FakeRegistry, tmp_path: Path) -> None:
    good(fetch(client(registry), tmp_path, "a:1", "b:1", jobs=4))
    blobs = [line for line in NAMED.asked(registry) if "layer" in line or "config" in line]
    assert len(blobs) == len(set(blobs)) == 5
    registry.requests.clear()
    good(fetch(client(registry), tmp_path / "again", "a:1"))
    good(fetch(client(registry), tmp_path / "again", "b:1"))
    assert NAMED.asked(registry)[len(FIRST) :] == [
        "HEAD b/manifests/1",
        "GET b:1",
        "GET b:1 layer 2",
        "GET b:1 config",
    ]


def _digest(name: str) -> str:
    return CONTENTS.names[f"docker.io/library/{name}"].digest


def test_a_digest_that_is_held_costs_nothing(registry: FakeRegistry, tmp_path: Path) -> None:
    pinned = f"a@{A.digest}"
    good(fetch(client(registry), tmp_path, pinned))
    assert NAMED.asked(registry) == FIRST[1:]
    registry.requests.clear()
    locked = Wanted(Reference.parse("a:1"), (AMD64,), A.digest)
    good(fetch(client(registry), tmp_path, pinned, f"a:1@{A.digest}", f"a:9@{A.digest}", locked))
    assert registry.requests == []
    assert names(tmp_path) == ["a:1", pinned]
    with registry.down():
        good(fetch(client(registry), tmp_path, pinned, locked))


def test_what_a_lock_pins_is_fetched_by_its_digest(registry: FakeRegistry, tmp_path: Path) -> None:
    good(fetch(client(registry), tmp_path, Wanted(Reference.parse("a:9"), (AMD64,), A.digest)))
    assert NAMED.asked(registry) == FIRST[1:]
    assert names(tmp_path) == ["a:9"]


def test_of_an_index_the_platforms_wanted_come(registry: FakeRegistry, tmp_path: Path) -> None:
    good(fetch(client(registry), tmp_path, "multi:1"))
    assert NAMED.asked(registry) == [
        "HEAD multi/manifests/1",
        "GET multi:1",
        "GET multi:1[linux/amd64]",
        "GET multi:1[linux/amd64] layer 1",
        "GET multi:1[linux/amd64] config",
    ]
    registry.requests.clear()
    before = LayoutReader(tmp_path).stat_index()
    good(fetch(client(registry), tmp_path, "multi:1", platforms=(AMD64, ARM64)))
    assert NAMED.asked(registry) == [
        "HEAD multi/manifests/1",
        "GET multi:1[linux/arm64]",
        "GET multi:1[linux/arm64] layer 1",
        "GET multi:1[linux/arm64] config",
    ]
    assert LayoutReader(tmp_path).stat_index() != before
    registry.requests.clear()
    good(fetch(client(registry), tmp_path, "multi:1", platforms=()))
    assert NAMED.asked(registry)[0] == "HEAD multi/manifests/1"
    assert all("unknown" in line for line in NAMED.asked(registry)[1:])
    assert len(NAMED.asked(registry)) > 4
    assert names(tmp_path) == ["multi:1"]


def test_a_lost_blob_is_fetched_again_and_no_other(registry: FakeRegistry, tmp_path: Path) -> None:
    good(fetch(client(registry), tmp_path, "a:1"))
    lost = registry.requests[3].path.rpartition("/")[2]
    LayoutReader(tmp_path).blob_path(lost).unlink()
    registry.requests.clear()
    good(fetch(client(registry), tmp_path, "a:1"))
    assert NAMED.asked(registry) == ["HEAD a/manifests/1", "GET a:1 layer 2"]
    assert names(tmp_path) == ["a:1"]


@pytest.mark.parametrize("raw", [b"", b"damaged", b"x" * A.size])
def test_a_damaged_manifest_is_fetched_again(
    registry: FakeRegistry, tmp_path: Path, raw: bytes
) -> None:
    good(fetch(client(registry), tmp_path, "a:1"))
    path = LayoutReader(tmp_path).blob_path(A.digest)
    path.chmod(0o644)
    path.write_bytes(raw)
    registry.requests.clear()
    good(fetch(client(registry), tmp_path, "a:1"))
    assert NAMED.asked(registry) == ["HEAD a/manifests/1", "GET a:1"]
    assert names(tmp_path) == ["a:1"]


def test_foreign_layers_are_not_asked_for(tmp_path: Path) -> None:
    layers = (Layer("ours"), Layer("theirs", urls=("https://layers.example/1",)))
    made = build([Image("w:1", layers)])
    with FakeRegistry(made) as registry:
        good(fetch(client(registry), tmp_path, "w:1"))
        assert Named(made).asked(registry) == [
            "HEAD w/manifests/1",
            "GET w:1",
            "GET w:1 layer 1",
            "GET w:1 config",
        ]


@pytest.mark.parametrize(
    ("fault", "first"),
    [
        (Fault.status(405), "HEAD a/manifests/1 405"),
        (Fault.status(400), "HEAD a/manifests/1 400"),
        (Fault.digest_header(), "HEAD a/manifests/1"),
        (Fault.digest_header("md5:abc"), "HEAD a/manifests/1"),
        (Fault.header("Content-Length", "9" * 5000), "HEAD a/manifests/1"),
        (Fault.chunked(), "HEAD a/manifests/1"),
    ],
)
def test_where_head_does_not_do_a_get_follows(
    registry: FakeRegistry, tmp_path: Path, fault: Fault, first: str
) -> None:
    registry.fault("HEAD", "", fault)
    good(fetch(client(registry), tmp_path, "a:1"))
    assert NAMED.asked(registry) == [first, "GET a/manifests/1", *FIRST[1:]]
    registry.requests.clear()
    good(fetch(client(registry), tmp_path, "a:1"))
    assert NAMED.asked(registry) == [first, "GET a/manifests/1"]


def test_a_registry_that_names_no_digests_is_believed_by_its_bytes(
    registry: FakeRegistry, tmp_path: Path
) -> None:
    registry.fault("", "/manifests/", Fault.digest_header())
    good(fetch(client(registry), tmp_path, "a:1", f"a@{A.digest}"))
    assert names(tmp_path) == ["a:1", f"a@{A.digest}"]


def test_a_token_is_fetched_once(tmp_path: Path) -> None:
    with FakeRegistry(CONTENTS, auth=Bearer()) as registry:
        good(fetch(client(registry), tmp_path, "a:1"))
        assert NAMED.asked(registry) == ["HEAD a/manifests/1 401", "GET /token", *FIRST]


def test_a_token_that_dies_midway_is_renewed(tmp_path: Path) -> None:
    with FakeRegistry(CONTENTS, auth=Bearer(uses=3)) as registry:
        good(fetch(client(registry), tmp_path, "a:1"))
        assert NAMED.asked(registry) == [
            "HEAD a/manifests/1 401",
            "GET /token",
            *FIRST[:3],
            "GET a:1 layer 2 401",
            "GET /token",
            *FIRST[3:],
        ]


def test_a_pull_costs_one_of_the_quota(tmp_path: Path) -> None:
    quota = Quota()
    with FakeRegistry(CONTENTS, quota=quota) as registry:
        for _ in range(3):
            good(fetch(client(registry), tmp_path, "b:1", "b:2"))
    assert quota.remaining == 99


def test_blobs_come_from_where_the_registry_says(tmp_path: Path) -> None:
    with FakeCdn(CONTENTS) as cdn, FakeRegistry(CONTENTS, auth=Bearer(), cdn=cdn) as registry:
        good(fetch(client(registry), tmp_path, "a:1"))
        assert [line.removesuffix(" 307") for line in NAMED.asked(registry)][2:] == FIRST
        assert NAMED.asked(cdn) == FIRST[2:]
    assert names(tmp_path) == ["a:1"]


# Several endpoints


@pytest.fixture
def upstream() -> Iterator[FakeRegistry]:
    with FakeRegistry(CONTENTS) as running:
        yield running


def test_the_first_endpoint_that_has_it_is_the_only_one_asked(
    registry: FakeRegistry, upstream: FakeRegistry, tmp_path: Path
) -> None:
    good(fetch(client(registry, upstream), tmp_path, "a:1"))
    assert NAMED.asked(registry) == FIRST
    assert upstream.requests == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(404),
        Fault.status(401),
        Fault.status(403),
        Fault.status(500),
        Fault.try_later(429, 3600),
        Fault.reset(),
        Fault.raw(b"SSH-2.0\r\n"),
        Fault.redirect_loop(),
    ],
)
def test_the_next_endpoint_is_asked_at_once_and_once(
    registry: FakeRegistry, upstream: FakeRegistry, tmp_path: Path, fault: Fault
) -> None:
    registry.fault("", "", fault)
    good(fetch(client(registry, upstream), tmp_path, "a:1"))
    assert NAMED.asked(upstream) == FIRST
    redirects = registry.count("", "turn=")
    assert len(registry.requests) - redirects == len(FIRST)


def test_an_endpoint_that_is_down_is_passed_over(
    registry: FakeRegistry, upstream: FakeRegistry, tmp_path: Path
) -> None:
    with registry.down():
        good(fetch(client(registry, upstream), tmp_path, "a:1"))
    assert NAMED.asked(upstream) == FIRST


def test_what_one_endpoint_lacks_or_damages_comes_from_the_next(
    registry: FakeRegistry, upstream: FakeRegistry, tmp_path: Path
) -> None:
    registry.fault("GET", "/blobs/", Fault.status(404), times=1)
    registry.fault("GET", "/blobs/", Fault.flip_bit(), times=1)
    registry.fault("GET", "/blobs/", Fault.truncate(100), times=1)
    good(fetch(client(registry, upstream), tmp_path, "a:1"))
    assert NAMED.asked(registry) == [*FIRST[:2], f"{FIRST[2]} 404", *FIRST[3:]]
    assert NAMED.asked(upstream) == [*FIRST[2:4], f"{FIRST[4]} 206"]
    assert names(tmp_path) == ["a:1"]


def test_the_last_endpoint_has_the_last_word(
    registry: FakeRegistry, upstream: FakeRegistry, tmp_path: Path
) -> None:
    registry.fault("", "", Fault.status(500))
    upstream.fault("", "", Fault.status(404))
    (outcome,) = fetch(client(registry, upstream), tmp_path, "a:1")
    assert isinstance(outcome.error, PrewarmError)
    assert f"manifest not found at {upstream.url}" in str(outcome.error)
    assert upstream.count() == 1


def test_all_repositories_of_a_blob_are_asked(registry: FakeRegistry, tmp_path: Path) -> None:
    registry.fault("GET", "/a/blobs/", Fault.status(404))
    first, second = fetch(client(registry), tmp_path, "a:1", "b:1")
    assert first.error is not None and "not found" in str(first.error)
    assert second.error is None
    assert names(tmp_path) == ["b:1"]
    assert registry.count("GET", "/b/blobs/") == 3


# Images that lie


def test_an_image_that_lies_about_a_size_spoils_no_other(tmp_path: Path) -> None:
    lying = contents()
    raw = lying.blobs[A.digest]
    layer = next(d for d in _children(lying) if d.size > 40_000)
    for number, size in enumerate((layer.size - 1, layer.size + 1)):
        changed = raw.replace(f'"size": {layer.size}'.encode(), f'"size": {size}'.encode())
        lying.publish(f"liar:{number}", OCI_MANIFEST, changed)
    wanted = ("liar:0", "liar:1", "a:1")
    with FakeRegistry(lying) as registry:
        for order in (wanted, wanted[::-1]):
            root = tmp_path / order[0].replace(":", "-")
            outcomes = {
                str(o.reference): o.error for o in fetch(client(registry), root, *order, jobs=4)
            }
            assert outcomes.pop("docker.io/library/a:1") is None
            assert all(error is not None for error in outcomes.values())
            assert names(root) == ["a:1"]


def _children(made: Contents) -> tuple[Descriptor, ...]:
    return parse_manifest(made.blobs[A.digest]).children


def test_a_store_is_written_by_two_runs_at_once(registry: FakeRegistry, tmp_path: Path) -> None:
    LayoutWriter.create(tmp_path)
    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(fetch, client(registry), tmp_path, *wanted, jobs=4)
            for wanted in (("a:1", "multi:1", "b:1"), ("b:1", "multi:1", "lone:1"))
        ]
        for run in runs:
            good(run.result())
    assert names(tmp_path) == ["a:1", "b:1", "lone:1", "multi:1"]
    blobs = [line for line in NAMED.asked(registry) if "layer" in line or "config" in line]
    assert len(blobs) == len(set(blobs))
