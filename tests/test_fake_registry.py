from __future__ import annotations

import gzip
import http.client
import json
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import pytest

from prewarm.demo.images import Contents, Image, Layer, build
from prewarm.oci import OCI_MANIFEST, digest_of, parse_manifest
from tests.fake_registry import FakeCdn, FakeRegistry, Fault, closed_port
from tests.fake_registry.client import ask
from tests.fake_registry.documents import NOT_JSON, SCHEMA_1, SCHEMA_1_TYPE, index_of, manifest_of

MANIFEST = "/v2/library/alpine/manifests/3.20"


@pytest.fixture(scope="module")
def contents() -> Contents:
    return build(
        [
            Image("alpine:3.20", (Layer("alpine", 20_000),)),
            Image("debian:12", (Layer("debian", 200),), ("linux/amd64", "linux/arm64")),
        ]
    )


@pytest.fixture
def registry(contents: Contents) -> Iterator[FakeRegistry]:
    with FakeRegistry(contents) as registry:
        yield registry


@pytest.fixture(scope="module")
def layer(contents: Contents) -> bytes:
    blobs = contents.repositories["docker.io/library/alpine"].blobs
    return max((contents.blobs[digest] for digest in blobs), key=len)


@pytest.fixture(scope="module")
def blob(layer: bytes) -> str:
    return f"/v2/library/alpine/blobs/{digest_of(layer)}"


# Rules


def test_without_rules_it_is_a_registry_like_any_other(
    registry: FakeRegistry, blob: str, layer: bytes
) -> None:
    assert ask(registry, "/v2/").status == 200
    assert ask(registry, MANIFEST).headers["Content-Type"] == OCI_MANIFEST
    assert ask(registry, blob).body == layer
    assert ask(registry, "/v2/library/none/manifests/1").status == 404
    head = ask(registry, blob, "HEAD")
    assert (head.body, head.headers["Content-Length"]) == (b"", str(len(layer)))


def test_a_rule_strikes_the_method_and_the_path_it_names(registry: FakeRegistry, blob: str) -> None:
    registry.fault("GET", "/blobs/", Fault.status(503))
    assert ask(registry, blob).status == 503
    assert ask(registry, blob, "HEAD").status == ask(registry, MANIFEST).status == 200
    registry.fault("", "manifests/3", Fault.status(500))
    assert ask(registry, MANIFEST).status == ask(registry, MANIFEST, "HEAD").status == 500
    registry.heal()
    assert ask(registry, blob).status == ask(registry, MANIFEST).status == 200


def test_a_rule_strikes_the_nth_time(registry: FakeRegistry) -> None:
    registry.fault("GET", MANIFEST, Fault.status(500), after=2, times=2)
    assert [ask(registry, MANIFEST).status for _ in range(6)] == [200, 200, 500, 500, 200, 200]


def test_rules_take_turns(registry: FakeRegistry) -> None:
    for status in (429, 503, 404):
        registry.fault("GET", MANIFEST, Fault.status(status), times=1)
    assert [ask(registry, MANIFEST).status for _ in range(4)] == [429, 503, 404, 200]


def test_every_request_is_seen_with_what_it_brought(registry: FakeRegistry, blob: str) -> None:
    registry.fault("GET", "/blobs/", Fault.truncate(100), times=1)
    with pytest.raises(http.client.IncompleteRead):
        ask(registry, blob, Range="bytes=5-")
    ask(registry, "/v2/?x=1", "HEAD", Authorization="Basic abc")
    assert [str(seen) for seen in registry.requests] == [f"GET {blob} 206", "HEAD /v2/?x=1 200"]
    first, second = registry.requests
    assert (first.headers["Range"], first.sent) == ("bytes=5-", 100)
    assert (second.headers["authorization"], second.sent) == ("Basic abc", 0)
    assert registry.count("GET", "/blobs/") == 1 and registry.count("HEAD", "blobs") == 0


# What is answered


@pytest.mark.parametrize("status", [301, 401, 403, 404, 405, 416, 429, 500, 503, 599])
def test_a_status_takes_the_place_of_the_answer(registry: FakeRegistry, status: int) -> None:
    registry.fault("", "", Fault.status(status, b"why", Content_Type="text/plain"))
    answer = ask(registry, MANIFEST)
    assert (answer.status, answer.body) == (status, b"why")
    assert answer.headers["Content-Type"] == "text/plain"
    assert ask(registry, MANIFEST, "HEAD").body == b""


def test_later_is_none_or_seconds_or_a_date(registry: FakeRegistry) -> None:
    for fault in (
        Fault.try_later(),
        Fault.try_later(503, 7),
        Fault.try_later(429, 3600, date=True),
    ):
        registry.fault("GET", MANIFEST, fault, times=1)
    silent, short, dated = (ask(registry, MANIFEST) for _ in range(3))
    assert (silent.status, silent.headers["Retry-After"]) == (429, None)
    assert (short.status, short.headers["Retry-After"]) == (503, "7")
    later = parsedate_to_datetime(dated.headers["Retry-After"]).timestamp()
    assert later == pytest.approx(time.time() + 3600, abs=5)


@pytest.mark.parametrize(
    ("raw", "media_type"),
    [
        (NOT_JSON, "text/html"),
        (SCHEMA_1, SCHEMA_1_TYPE),
        (manifest_of(layers=100_000), OCI_MANIFEST),
        (manifest_of(layers=1, padding=50_000_000), OCI_MANIFEST),
        (index_of(manifests=20_000), OCI_MANIFEST),
    ],
    ids=["not JSON", "schema 1", "many layers", "50 MB", "many manifests"],
)
def test_another_document_comes_whole(registry: FakeRegistry, raw: bytes, media_type: str) -> None:
    registry.fault("GET", "/manifests/", Fault.document(raw, media_type))
    answer = ask(registry, MANIFEST)
    assert answer.body == raw
    assert answer.headers["Content-Type"] == media_type
    assert answer.headers["Docker-Content-Digest"] == digest_of(raw)


def test_hostile_documents_are_what_they_are_called() -> None:
    assert len(json.loads(manifest_of(layers=100_000))["layers"]) == 100_000
    assert len(manifest_of(layers=1, padding=50_000_000)) > 50_000_000
    assert len(parse_manifest(index_of(manifests=100)).children) == 100
    assert json.loads(SCHEMA_1)["schemaVersion"] == 1


@pytest.mark.parametrize("at", [0, 100, -1])
def test_one_bit_is_wrong(registry: FakeRegistry, blob: str, layer: bytes, at: int) -> None:
    registry.fault("GET", "/blobs/", Fault.flip_bit(at))
    wrong = ask(registry, blob).body
    assert len(wrong) == len(layer)
    assert [n for n, (a, b) in enumerate(zip(wrong, layer, strict=True)) if a != b] == [
        at % len(layer)
    ]


@pytest.mark.parametrize(
    ("fault", "name", "value"),
    [
        (Fault.digest_header("sha256:" + "0" * 64), "Docker-Content-Digest", "sha256:" + "0" * 64),
        (Fault.digest_header(None), "Docker-Content-Digest", None),
        (Fault.header("Content-Type", "text/html"), "Content-Type", "text/html"),
    ],
)
def test_a_header_lies_or_is_missing(
    registry: FakeRegistry, fault: Fault, name: str, value: str | None
) -> None:
    right = ask(registry, MANIFEST)
    registry.fault("", "/manifests/", fault)
    for method in ("GET", "HEAD"):
        assert ask(registry, MANIFEST, method).headers[name] == value != right.headers[name]
    assert ask(registry, MANIFEST).body == right.body


def test_the_body_is_compressed_unasked(registry: FakeRegistry, blob: str, layer: bytes) -> None:
    registry.fault("GET", "/blobs/", Fault.gzip())
    answer = ask(registry, blob)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.body != layer == gzip.decompress(answer.body)


@pytest.mark.parametrize(
    ("fault", "status", "said", "begins"),
    [
        (Fault(), 206, "bytes 100-199/{size}", 100),
        (Fault.ignore_range(), 200, None, 0),
        (Fault.content_range("bytes 0-99/5"), 206, "bytes 0-99/5", 100),
        (Fault.other_range("bytes=300-399"), 206, "bytes 300-399/{size}", 300),
        (Fault.status(416), 416, None, None),
    ],
)
def test_a_range_is_not_what_was_asked_for(
    registry: FakeRegistry,
    blob: str,
    layer: bytes,
    fault: Fault,
    status: int,
    said: str | None,
    begins: int | None,
) -> None:
    registry.fault("GET", "/blobs/", fault)
    answer = ask(registry, blob, Range="bytes=100-199")
    expected = said.format(size=len(layer)) if said else None
    assert (answer.status, answer.headers["Content-Range"]) == (status, expected)
    assert answer.body[:100] == (b"" if begins is None else layer[begins : begins + 100])


# Where it sends the client


def test_a_redirect_leads_to_another_server(registry: FakeRegistry, contents: Contents) -> None:
    with FakeRegistry(contents) as other:
        registry.fault("", "/manifests/", Fault.redirect(f"{other.url}/"))
        registry.fault("", "/blobs/", Fault.redirect("https://example.com/here", 302))
        answer = ask(registry, MANIFEST)
        assert (answer.status, answer.headers["Location"]) == (307, other.url + MANIFEST)
        assert ask(other, urlsplit(answer.headers["Location"]).path).status == 200
        assert ask(registry, "/v2/a/blobs/x").headers["Location"] == "https://example.com/here"


def test_a_redirect_loop_never_repeats_itself(registry: FakeRegistry) -> None:
    registry.fault("GET", "/manifests/", Fault.redirect_loop())
    path, visited = MANIFEST, set()
    for _ in range(30):
        answer = ask(registry, path)
        assert answer.status == 307
        visited.add(path)
        path = answer.headers["Location"]
    assert len(visited) == 30


def test_a_cdn_serves_signed_urls(contents: Contents, blob: str, layer: bytes) -> None:
    with FakeCdn(contents) as cdn, FakeRegistry(contents, cdn=cdn) as registry:
        assert ask(registry, blob, "HEAD").status == ask(registry, MANIFEST).status == 200
        there = ask(registry, blob).headers["Location"].removeprefix(cdn.url)
        assert ask(cdn, there).body == layer
        part = ask(cdn, there, Range="bytes=9-")
        assert (part.status, part.body) == (206, layer[9:])
        assert ask(cdn, there, Authorization="Bearer token-1").status == 400
        assert ask(cdn, there, "HEAD").status == 403
        assert ask(cdn, there.replace("Signature=", "Signature=0")).status == 403
        assert ask(cdn, there.partition("?")[0]).status == 403
        cdn.fault("GET", "", Fault.status(500), times=1)
        assert [ask(cdn, there).status for _ in range(2)] == [500, 200]
        cdn.expire()
        assert ask(cdn, there).status == 403


def test_signed_urls_die_of_age(contents: Contents, blob: str) -> None:
    with FakeCdn(contents, lifetime=0.3) as cdn, FakeRegistry(contents, cdn=cdn) as registry:
        there = ask(registry, blob).headers["Location"].removeprefix(cdn.url)
        assert ask(cdn, there).status == 200
        time.sleep(0.35)
        assert ask(cdn, there).status == 403


# How it is sent


@pytest.mark.parametrize("length", [0, 1, 5000])
def test_a_body_is_cut_short(registry: FakeRegistry, blob: str, layer: bytes, length: int) -> None:
    registry.fault("GET", "/blobs/", Fault.truncate(length))
    with pytest.raises(http.client.IncompleteRead) as cut:
        ask(registry, blob)
    assert cut.value.partial == layer[:length]


def test_a_connection_is_reset_instead_of_an_answer(registry: FakeRegistry) -> None:
    registry.fault("", "", Fault.reset())
    with pytest.raises(ConnectionResetError) as failure:
        ask(registry, MANIFEST)
    assert failure.type is ConnectionResetError


def test_a_connection_is_reset_amid_the_body(
    registry: FakeRegistry, blob: str, layer: bytes
) -> None:
    registry.fault("GET", "/blobs/", Fault.reset(after=5000))
    connection = http.client.HTTPConnection(registry.address, timeout=5)
    connection.request("GET", blob)
    response = connection.getresponse()
    assert response.headers["Content-Length"] == str(len(layer))
    assert response.read(5000) == layer[:5000]
    with pytest.raises(ConnectionResetError):
        response.read(1)
    connection.close()


@pytest.mark.parametrize("after", [None, 0, 5000])
def test_an_answer_stalls(registry: FakeRegistry, blob: str, after: int | None) -> None:
    registry.fault("GET", "/blobs/", Fault.stall(after=after), times=1)
    with pytest.raises(TimeoutError):
        ask(registry, blob, timeout=0.3)
    assert registry.requests[0].sent == (after or 0)
    assert ask(registry, blob).status == 200


@pytest.mark.parametrize("after", [None, 5000])
def test_a_stall_may_end(
    registry: FakeRegistry, blob: str, layer: bytes, after: int | None
) -> None:
    registry.fault("GET", "/blobs/", Fault.stall(0.2, after=after))
    began = time.monotonic()
    assert ask(registry, blob).body == layer
    assert time.monotonic() - began >= 0.2


def test_a_body_drips(registry: FakeRegistry, blob: str, layer: bytes) -> None:
    registry.fault("GET", "/blobs/", Fault.drip(4000, 0.05))
    began = time.monotonic()
    assert ask(registry, blob).body == layer
    assert time.monotonic() - began >= 0.05 * (len(layer) // 4000)


@pytest.mark.parametrize(
    ("fault", "header"),
    [(Fault.chunked(), "Transfer-Encoding"), (Fault.no_length(), "Connection")],
)
def test_a_right_body_has_no_length(
    registry: FakeRegistry, blob: str, layer: bytes, fault: Fault, header: str
) -> None:
    registry.fault("", "/blobs/", fault)
    answer = ask(registry, blob)
    assert answer.body == layer
    assert "Content-Length" not in answer.headers and header in answer.headers
    assert ask(registry, blob, "HEAD").body == b""


def test_a_body_never_ends(registry: FakeRegistry, blob: str, layer: bytes) -> None:
    registry.fault("GET", "/blobs/", Fault.endless())
    connection = http.client.HTTPConnection(registry.address, timeout=5)
    connection.request("GET", blob)
    response = connection.getresponse()
    assert len(response.read(30_000_000)) == 30_000_000
    connection.close()


@pytest.mark.parametrize(("extra", "read"), [(-10, -10), (0, None)])
def test_the_length_is_wrong(
    registry: FakeRegistry, blob: str, layer: bytes, extra: int, read: int | None
) -> None:
    registry.fault("GET", "/blobs/", Fault.content_length(len(layer) + extra))
    assert ask(registry, blob).body == layer[:read]


def test_the_length_promises_too_much(registry: FakeRegistry, blob: str, layer: bytes) -> None:
    registry.fault("GET", "/blobs/", Fault.content_length(len(layer) + 10))
    with pytest.raises(http.client.IncompleteRead) as cut:
        ask(registry, blob)
    assert cut.value.partial == layer


def test_something_else_than_http_is_spoken(registry: FakeRegistry) -> None:
    registry.fault("", "", Fault.raw(b"220 mail.example.com ESMTP\r\n"))
    with pytest.raises(http.client.BadStatusLine):
        ask(registry, "/v2/")


def test_it_goes_down_and_comes_back_on_its_port(registry: FakeRegistry) -> None:
    registry.fault("GET", "/manifests/", Fault.go_down(), after=1, times=1)
    assert ask(registry, MANIFEST).status == 200
    with pytest.raises(http.client.RemoteDisconnected):
        ask(registry, MANIFEST)
    with pytest.raises(ConnectionRefusedError):
        ask(registry, MANIFEST)
    registry.start()
    assert ask(registry, MANIFEST).status == 200
    with registry.down(), pytest.raises(ConnectionRefusedError):
        ask(registry, MANIFEST)
    assert ask(registry, MANIFEST).status == 200


def test_nobody_listens_on_a_closed_port() -> None:
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", closed_port()).connect()
