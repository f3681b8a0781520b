"""Upstreams that fail in every way we know of: what passes, what is told, and what is kept.

Each run wants a second image, which must come in whatever happens to the first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from prewarm.demo.answer import Request, Response
from prewarm.errors import ContentError, PrewarmError, TransferError
from prewarm.layout import LayoutReader
from prewarm.oci import OCI_INDEX, OCI_MANIFEST, Platform, digest_of
from prewarm.registry.http import Limits
from tests.fake_registry import Basic, Bearer, FakeCdn, FakeRegistry, Fault, closed_port
from tests.fake_registry.documents import NOT_JSON, SCHEMA_1, SCHEMA_1_TYPE, index_of, manifest_of
from tests.registry.clients import QUICK, assert_no_secret, client

from .runs import ARM64, Named, contents, fetch, good, names, partials

CONTENTS = contents()
NAMED = Named(CONTENTS)
LONE = CONTENTS.names["docker.io/library/lone:1"]
LAYER = max(
    (CONTENTS.blobs[d] for d in CONTENTS.repositories["docker.io/library/lone"].blobs), key=len
)
SIZE = len(LAYER)
MANIFEST, BLOB = "/lone/manifests/", f"/lone/blobs/{digest_of(LAYER)}"


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with FakeRegistry(CONTENTS) as running:
        yield running


def run(registry: FakeRegistry, root: Path, limits: Limits = QUICK) -> PrewarmError | None:
    """Fetch the image that meets the faults, beside one that does not; how the first ended."""
    first, second = fetch(client(registry, limits=limits), root, "lone:1", "other:1", jobs=2)
    assert second.error is None
    assert names(root) == (["other:1"] if first.error else ["lone:1", "other:1"])
    if first.error:
        assert str(first.error).startswith("docker.io/library/lone:1: ")
        assert_no_secret(first.error)
    return first.error


# What passes

PASSING = {
    "reset": Fault.reset(),
    "stall": Fault.stall(5),
    "closed": Fault.raw(b""),
    "no HTTP": Fault.raw(b"220 mail.example ESMTP\r\n"),
    "408": Fault.status(408),
    "429": Fault.try_later(),
    "429, no wait": Fault.try_later(429, 0),
    "429, a date that was": Fault.try_later(429, -100, date=True),
    "500": Fault.status(500),
    "502": Fault.status(502, b"<html>"),
    "503": Fault.try_later(503),
    "504": Fault.status(504),
    "599": Fault.status(599),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
@pytest.mark.parametrize(("method", "path"), [("HEAD", MANIFEST), ("GET", MANIFEST), ("GET", BLOB)])
def test_what_passes_is_waited_out(
    registry: FakeRegistry, tmp_path: Path, method: str, path: str, fault: Fault
) -> None:
    registry.fault(method, path, fault, times=2)
    assert run(registry, tmp_path) is None
    assert partials(tmp_path) == []


BREAKING = {
    "reset": Fault.reset(after=200_000),
    "stall": Fault.stall(5, after=200_000),
    "truncated": Fault.truncate(200_000),
}


@pytest.mark.parametrize("fault", BREAKING.values(), ids=BREAKING)
def test_a_blob_that_breaks_off_is_continued(
    registry: FakeRegistry, tmp_path: Path, fault: Fault
) -> None:
    registry.fault("GET", BLOB, fault, times=1)
    assert run(registry, tmp_path) is None
    first, again = registry.seen("GET", BLOB)
    assert again.headers["Range"].startswith("bytes=")
    assert (first.status, again.status) == (200, 206) and 0 < again.sent < SIZE


def test_no_more_than_a_chunk_is_lost(registry: FakeRegistry, tmp_path: Path) -> None:
    registry.fault("GET", BLOB, Fault.reset(after=200_000), times=1)
    assert run(registry, tmp_path, replace(QUICK, tries=1)) is not None
    (kept,) = partials(tmp_path)
    assert 200_000 - 128 * 1024 <= kept <= 200_000
    registry.requests.clear()
    assert run(registry, tmp_path) is None
    assert registry.seen("GET", BLOB)[0].headers["Range"] == f"bytes={kept}-"
    assert registry.seen("GET", BLOB)[0].sent == SIZE - kept


def test_every_attempt_gets_further(registry: FakeRegistry, tmp_path: Path) -> None:
    registry.fault("GET", BLOB, Fault.truncate(100_000), times=3)
    assert run(registry, tmp_path, replace(QUICK, tries=4)) is None
    sent = [seen.sent for seen in registry.seen("GET", BLOB)]
    assert sent == [100_000, 100_000, 100_000, SIZE - 300_000]


@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(416),
        Fault.ignore_range(),
        Fault.other_range("bytes=5-"),
        Fault.other_range("bytes=0-99"),
        Fault.content_range("bytes 0-99/100"),
        Fault.content_range("bytes " + "9" * 5000 + "-1/2"),
        Fault.content_range("items 1-2/3"),
        Fault.content_range(""),
    ],
)
def test_a_registry_that_cannot_go_on_midway_begins_anew(
    registry: FakeRegistry, tmp_path: Path, fault: Fault
) -> None:
    registry.fault("GET", BLOB, Fault.truncate(100_000), times=1)
    registry.fault("GET", BLOB, fault, times=1)
    assert run(registry, tmp_path, replace(QUICK, tries=4)) is None
    assert partials(tmp_path) == []


def test_a_range_that_nobody_asked_for_is_refused(registry: FakeRegistry, tmp_path: Path) -> None:
    registry.fault("GET", BLOB, Fault.other_range("bytes=5-"))
    assert "the upstream sent others" in str(run(registry, tmp_path))
    registry.heal()
    registry.fault("GET", MANIFEST, Fault.content_range("bytes 0-5/6"))
    assert "answered 206 for the manifest" in str(run(registry, tmp_path))


@pytest.mark.parametrize("kept", [1, 100_000, SIZE - 1, SIZE])
def test_a_damaged_beginning_heals_in_the_same_run(
    registry: FakeRegistry, tmp_path: Path, kept: int
) -> None:
    registry.fault("GET", BLOB, Fault.truncate(100_000))
    assert run(registry, tmp_path, replace(QUICK, tries=1)) is not None
    (path,) = (tmp_path / ".prewarm" / "partial").iterdir()
    path.write_bytes(bytes([LAYER[0] ^ 1]) + LAYER[1:kept])
    registry.heal()
    registry.requests.clear()
    assert run(registry, tmp_path) is None
    assert [seen.headers["Range"] for seen in registry.seen("GET", BLOB)] == (
        [None] if kept == SIZE else [f"bytes={kept}-", None]
    )


@pytest.mark.parametrize("fault", [Fault.chunked(), Fault.no_length(), Fault.drip(100_000, 0.01)])
def test_other_ways_to_send_a_body_are_fine(
    registry: FakeRegistry, tmp_path: Path, fault: Fault
) -> None:
    registry.fault("GET", "/lone/", fault)
    assert run(registry, tmp_path) is None


@pytest.mark.parametrize("extra", [10, -10])
def test_a_wrong_length_does_no_harm_where_all_the_bytes_come(
    registry: FakeRegistry, tmp_path: Path, extra: int
) -> None:
    registry.fault("GET", BLOB, Fault.content_length(SIZE + extra))
    assert run(registry, tmp_path) is None


# What does not pass

LASTING: dict[str, tuple[str, str, Fault, str]] = {
    "401": ("", MANIFEST, Fault.status(401), "access denied without credentials: log in, or set"),
    "401, blob": ("GET", BLOB, Fault.status(401), "access denied without credentials"),
    "403": ("", MANIFEST, Fault.status(403), "forbids it: check your rights on it"),
    "404": ("", MANIFEST, Fault.status(404), "manifest not found at http.*: check the name and"),
    "404, by digest": ("GET", MANIFEST, Fault.status(404), "manifest not found"),
    "404, blob": ("GET", BLOB, Fault.status(404), "blob sha256:.* not found"),
    "405": ("GET", BLOB, Fault.status(405), "answered 405 for the blob"),
    "410": ("", MANIFEST, Fault.status(410), "answered 410 for the manifest"),
    "416": ("GET", BLOB, Fault.status(416), "answered 416 for the blob"),
    "204": ("GET", MANIFEST, Fault.status(204), "answered 204 for the manifest"),
    "429": ("", MANIFEST, Fault.try_later(), "limits the rate of pulls: try again later, or log"),
    "429, in an hour": (
        "",
        MANIFEST,
        Fault.try_later(429, 3600),
        "limits the rate of pulls and asks to wait 3600 seconds: try again later, or log in",
    ),
    "429, until a date": ("GET", BLOB, Fault.try_later(429, 3600, date=True), "wait 3[56]"),
    "500": ("", MANIFEST, Fault.status(500), "answered 500 for the manifest: try again later"),
    "503": ("GET", BLOB, Fault.try_later(503, 900), "answered 503 .* asks to wait 900 seconds"),
    "reset": ("GET", MANIFEST, Fault.reset(), "the connection was reset"),
    "stall": ("GET", BLOB, Fault.stall(5), "no answer within the time limit"),
    "stall, midway": ("GET", BLOB, Fault.stall(5, after=1), "the body broke off: no answer"),
    "dripping": ("GET", BLOB, Fault.drip(1, 0.05), "the body stalled: .* bytes in .* run fetch"),
    "truncated": ("GET", MANIFEST, Fault.truncate(10), "closed too early"),
    "truncated blob": ("GET", BLOB, Fault.truncate(0), "closed too early"),
    "no length, cut": (
        "GET",
        BLOB,
        Fault(
            change=lambda request, response: replace(response, body=response.body[:100]),
            send=Fault.no_length().send,
        ),
        "ended after 300 of .* bytes: run fetch again to go on from there",
    ),
    "one bit": ("GET", BLOB, Fault.flip_bit(-1), "digest mismatch: got sha256:.*run fetch again"),
    "one bit, manifest": ("GET", MANIFEST, Fault.flip_bit(5), "digest mismatch: expected sha256:"),
    "too long": (
        "GET",
        BLOB,
        Fault(change=lambda request, response: replace(response, body=response.body + b"x")),
        "longer than the .* bytes that were declared",
    ),
    "endless": ("GET", BLOB, Fault.endless(), "longer than the .* bytes that were declared"),
    "endless manifest": ("GET", MANIFEST, Fault.endless(), "answered with more than 4194304 bytes"),
    "gzip": ("GET", BLOB, Fault.gzip(), "encoded the body as gzip, which nobody asked for"),
    "gzip, manifest": ("GET", MANIFEST, Fault.gzip(), "encoded the body as gzip"),
    "loop": ("", MANIFEST, Fault.redirect_loop(), "more than 5 redirects"),
    "loop, blob": ("GET", BLOB, Fault.redirect_loop(), "more than 5 redirects"),
    "redirected to a closed port": (
        "GET",
        BLOB,
        Fault.redirect(f"http://127.0.0.1:{closed_port()}/x?X-Signature=y"),
        "http://127.0.0.1:.*/x: the connection was refused",
    ),
    "redirected to nobody": ("GET", BLOB, Fault.redirect("http://cdn.example/"), "not known"),
    "not JSON": ("", MANIFEST, Fault.document(NOT_JSON, OCI_MANIFEST), "the manifest is not JSON"),
    "not a manifest": ("", MANIFEST, Fault.document(b"[]", OCI_MANIFEST), "not a JSON object"),
    "deep": ("", MANIFEST, Fault.document(b"[" * 100_000, OCI_MANIFEST), "is not JSON"),
    "schema 1": ("", MANIFEST, Fault.document(SCHEMA_1, SCHEMA_1_TYPE), "schema 1 .* current Dock"),
    "50 MB": (
        "",
        MANIFEST,
        Fault.document(manifest_of(2, 50_000_000), OCI_MANIFEST),
        "answered with more than 4194304 bytes",
    ),
    "100 000 layers": (
        "",
        MANIFEST,
        Fault.document(manifest_of(100_000), OCI_MANIFEST),
        "answered with more than 4194304 bytes",
    ),
    "10 001 layers": (
        "",
        MANIFEST,
        Fault.document(manifest_of(10_001), OCI_MANIFEST),
        "10001 entries in 'layers' are more than 10000",
    ),
    "10 000 manifests": (
        "",
        MANIFEST,
        Fault.document(index_of(10_000), OCI_INDEX),
        "digest mismatch: expected",
    ),
    "layers that are nowhere": (
        "",
        MANIFEST,
        Fault.document(manifest_of(3), OCI_MANIFEST),
        "blob sha256:0.* not found at",
    ),
    "wrong digest on HEAD": (
        "HEAD",
        MANIFEST,
        Fault.digest_header("sha256:" + "0" * 64),
        "manifest not found",
    ),
    "other bytes for the digest": (
        "GET",
        MANIFEST,
        Fault.document(manifest_of(1), OCI_MANIFEST),
        "digest mismatch: expected .* the upstream answers wrongly; nothing was kept",
    ),
    "another type": (
        "",
        MANIFEST,
        Fault.header("Content-Type", "application/vnd.docker.distribution.manifest.v2+json"),
        "says it is application/vnd.oci.* and was announced as",
    ),
}


@pytest.mark.parametrize(("method", "path", "fault", "problem"), LASTING.values(), ids=LASTING)
def test_what_does_not_pass_is_told_and_spoils_nothing(
    registry: FakeRegistry, tmp_path: Path, method: str, path: str, fault: Fault, problem: str
) -> None:
    registry.fault(method, path, fault)
    error = run(registry, tmp_path)
    assert isinstance(error, (TransferError, ContentError))
    assert re.search(problem, str(error)), str(error)
    registry.heal()
    assert run(registry, tmp_path) is None
    assert partials(tmp_path) == []


ONCE = ("401", "403", "404", "404, blob", "410", "one bit", "too long", "gzip", "not JSON", "50 MB")


@pytest.mark.parametrize(
    "name", [*ONCE, "429, in an hour", "loop", "schema 1", "one bit, manifest"]
)
def test_what_asking_again_cannot_help_is_asked_once(
    registry: FakeRegistry, tmp_path: Path, name: str
) -> None:
    method, path, fault, _ = LASTING[name]
    registry.fault(method, path, fault)
    run(registry, tmp_path)
    asked = [line for line in NAMED.asked(registry) if "turn" not in line]
    struck = [seen for seen in registry.requests if re.search(path, seen.path)]
    paths = {(seen.method, seen.path) for seen in struck}
    assert len(struck) == len(paths), asked


@pytest.mark.parametrize("name", ["429", "500", "reset", "stall, midway"])
def test_what_may_pass_is_asked_so_often_and_no_more(
    registry: FakeRegistry, tmp_path: Path, name: str
) -> None:
    method, path, fault, _ = LASTING[name]
    registry.fault(method, path, fault)
    run(registry, tmp_path)
    times = Counter((seen.method, seen.path) for seen in registry.seen(method, path))
    assert set(times.values()) == {QUICK.tries}


def test_a_registry_that_is_not_there_is_told(registry: FakeRegistry, tmp_path: Path) -> None:
    with registry.down():
        (outcome,) = fetch(client(registry), tmp_path, "lone:1")
    assert "the connection was refused" in str(outcome.error)
    assert names(tmp_path) == []


def test_a_registry_that_goes_down_midway_fails_what_is_left(
    registry: FakeRegistry, tmp_path: Path
) -> None:
    good(fetch(client(registry), tmp_path, "other:1"))
    registry.fault("GET", BLOB, Fault.go_down(), times=1)
    first, second = fetch(client(registry), tmp_path, "lone:1", "a:1")
    assert first.error is not None and second.error is not None
    assert names(tmp_path) == ["other:1"]
    registry.start()
    good(fetch(client(registry), tmp_path, "lone:1", "a:1"))
    assert names(tmp_path) == ["a:1", "lone:1", "other:1"]


def test_a_body_that_never_ends_is_cut_off_soon(registry: FakeRegistry, tmp_path: Path) -> None:
    registry.fault("GET", BLOB, Fault.endless(), times=1)
    run(registry, tmp_path)
    assert registry.seen("GET", BLOB)[0].sent < SIZE + 10_000_000


def test_a_tag_keeps_what_it_led_to_while_the_new_image_fails(tmp_path: Path) -> None:
    moving = contents()
    with FakeRegistry(moving) as registry:
        good(fetch(client(registry), tmp_path, "lone:1"))
        moving.publish("lone:1", OCI_MANIFEST, manifest_of(3))
        (outcome,) = fetch(client(registry), tmp_path, "lone:1")
    assert "not found" in str(outcome.error)
    assert names(tmp_path) == ["lone:1"]
    found = LayoutReader(tmp_path).named("docker.io/library/lone:1")
    assert found is not None and found.digest == LONE.digest


def test_a_platform_that_is_not_there_is_told(registry: FakeRegistry, tmp_path: Path) -> None:
    source = client(registry)
    arm = fetch(source, tmp_path, "multi:1", platforms=(ARM64,))[0]
    assert arm.error is None and arm.absent == ()
    riscv = Platform("linux", "riscv64")
    (some,) = fetch(source, tmp_path, "multi:1", platforms=(ARM64, riscv))
    assert some.error is None and some.absent == (riscv,)
    (none,) = fetch(source, tmp_path, "multi:1", platforms=(riscv,))
    assert str(none.error) == (
        "docker.io/library/multi:1: no image for linux/riscv64: "
        "it has linux/amd64, linux/arm64; name them with --platform"
    )
    assert names(tmp_path) == ["multi:1"]


# Blobs behind signed URLs


def test_a_resumed_blob_gets_a_new_link(tmp_path: Path) -> None:
    with FakeCdn(CONTENTS) as cdn, FakeRegistry(CONTENTS, cdn=cdn) as registry:
        cdn.fault("GET", "", Fault.truncate(100_000), times=1)
        good(fetch(client(registry), tmp_path, "lone:1"))
        assert [seen.status for seen in cdn.requests] == [200, 206, 200]
        first, again = registry.seen("GET", BLOB)[:2]
        assert (first.status, again.status) == (307, 307)
        assert again.headers["Range"] == cdn.requests[1].headers["Range"] == "bytes=100000-"


def test_a_link_that_expired_is_asked_for_again(tmp_path: Path) -> None:
    with FakeCdn(CONTENTS) as cdn, FakeRegistry(CONTENTS, auth=Bearer(), cdn=cdn) as registry:
        dead = cdn.sign(digest_of(LAYER))
        cdn.expire()
        registry.fault("GET", BLOB, Fault.redirect(dead), times=1)
        good(fetch(client(registry), tmp_path, "lone:1"))
        assert [seen.status for seen in cdn.requests] == [403, 200, 200]


@pytest.mark.parametrize("auth", [None, Bearer(), Basic("me", "hunter2")])
def test_a_link_that_is_always_refused_is_told_as_what_it_is(
    tmp_path: Path, auth: Bearer | Basic | None
) -> None:
    with (
        FakeCdn(CONTENTS, lifetime=-1) as cdn,
        FakeRegistry(CONTENTS, auth=auth, cdn=cdn) as registry,
    ):
        source = client(registry, login="me:hunter2" if isinstance(auth, Basic) else "")
        (outcome,) = fetch(source, tmp_path, "lone:1")
    assert isinstance(outcome.error, TransferError)
    expected = f"127.0.0.1 answered 403 to the link that {registry.url} gave: try again later"
    assert expected in str(outcome.error)
    assert_no_secret(outcome.error)
    assert all(seen.headers["Authorization"] is None for seen in cdn.requests)
    assert [seen.status for seen in cdn.requests] == [403] * 2 * QUICK.tries


def test_a_server_that_sends_someone_to_a_stranger_sends_no_token_along(tmp_path: Path) -> None:
    def stranger(request: Request, response: Response) -> Response:
        return Response(401, {"WWW-Authenticate": 'Basic realm="give it to me"'})

    with FakeCdn(CONTENTS) as cdn, FakeRegistry(CONTENTS, auth=Bearer(), cdn=cdn) as registry:
        cdn.fault("", "", Fault(change=stranger))
        (outcome,) = fetch(client(registry), tmp_path, "lone:1")
        assert "access denied without credentials" in str(outcome.error)
        assert all(seen.headers["Authorization"] is None for seen in cdn.requests)
