"""Whatever comes over a connection: it gets an answer or an end, and the others do not notice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from prewarm.demo.images import Contents, Image, build
from prewarm.oci import digest_of
from tests.serve.server import (
    Server,
    answer_in,
    eventually,
    read_answer,
    read_to_the_end,
    request,
)
from tests.serve.stores import hold_image, manifest_of, write_store

SECRET = b"a secret that no answer may hold"
LARGE = bytes(32 * 1024 * 1024)
"""More than the buffers of both ends of a connection hold."""
MIDDLE = b"middle" * 20_000
LARGE_BLOB = f"/v2/library/large/blobs/{digest_of(LARGE)}"
MIDDLE_BLOB = f"/v2/library/large/blobs/{digest_of(MIDDLE)}"
SMALL = "/v2/library/small/manifests/1"
TLS_HELLO = bytes.fromhex("16030102000100 01fc0303") + bytes(500)


@pytest.fixture(scope="module")
def contents() -> Contents:
    contents = build([Image("small:1")])
    contents.names["docker.io/library/large:1"] = hold_image(contents, LARGE, MIDDLE)
    return contents


@pytest.fixture(scope="module")
def place(contents: Contents, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the store and, beside it and in it, files that are no client's business."""
    place = tmp_path_factory.mktemp("wire")
    write_store(place / "store", contents)
    for canary in ("canary", "store/canary", "store/blobs/canary", "store/blobs/sha256/canary"):
        (place / canary).write_bytes(SECRET)
    return place


@pytest.fixture(scope="module")
def running(place: Path) -> Iterator[Server]:
    with Server(place / "store", log=place / "log") as server:
        yield server
        assert server.end()[0] == 0
        assert "Traceback" not in server.log
        assert "python exception" not in server.log
        assert "Task queue" not in server.log


@pytest.fixture
def server(running: Server, contents: Contents) -> Iterator[Server]:
    """The one server; after every test it still answers, and has closed what the test opened."""
    idle = running.descriptors
    yield running
    raw = contents.blobs[contents.names["docker.io/library/small:1"].digest]
    assert running.ask(SMALL) == (200, raw)
    assert eventually(lambda: running.descriptors <= idle)


def assert_says_nothing(received: bytes, place: Path) -> None:
    """No answer tells of the machine it comes from."""
    assert SECRET not in received
    for betrayal in (str(place), "Traceback", ".py", "site-packages", "Errno", "root:"):
        assert betrayal.encode() not in received


def test_the_headers_of_a_whole_answer(server: Server, contents: Contents) -> None:
    root = contents.names["docker.io/library/small:1"]
    head, _, body = server.exchange(request(SMALL, close=True)).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert first == "HTTP/1.1 200 OK" and body == contents.blobs[root.digest]
    assert len(headers) == len(lines)
    assert headers.pop("Date").endswith(" GMT")
    assert headers.pop("Server").startswith("prewarm/")
    assert headers == {
        "Connection": "close",
        "Content-Length": str(root.size),
        "Content-Type": root.media_type,
        "Docker-Content-Digest": root.digest,
        "Docker-Distribution-Api-Version": "registry/2.0",
        "Etag": f'"{root.digest}"',
        "X-Content-Type-Options": "nosniff",
    }


@pytest.mark.parametrize("blob", [LARGE_BLOB, MIDDLE_BLOB])
def test_a_head_has_the_length_and_no_body_and_the_connection_goes_on(
    server: Server, blob: str
) -> None:
    received = server.exchange(request(blob, "HEAD"), request("/v2/", "HEAD", close=True))
    first, second, rest = received.split(b"\r\n\r\n")
    size = len(LARGE if blob == LARGE_BLOB else MIDDLE)
    assert f"Content-Length: {size}\r\n".encode() in first
    assert second.startswith(b"HTTP/1.1 200 OK\r\n") and rest == b""


def test_every_blob_comes_whole(server: Server, contents: Contents) -> None:
    for name in ("small", "large"):
        manifest = manifest_of(contents, contents.names[f"docker.io/library/{name}:1"])
        for blob in manifest.children:
            status, body = server.ask(f"/v2/library/{name}/blobs/{blob.digest}")
            assert (status, digest_of(body)) == (200, blob.digest)


@pytest.mark.parametrize(("first", "last"), [(0, 0), (5, 11), (119_990, 119_999), (0, 119_999)])
def test_a_part_of_a_blob_is_that_part_and_no_more(server: Server, first: int, last: int) -> None:
    ask = f"GET {MIDDLE_BLOB} HTTP/1.1\r\nRange: bytes={first}-{last}\r\n\r\n".encode()
    received = server.exchange(ask, request("/v2/nothing", close=True))
    head, _, rest = received.partition(b"\r\n\r\n")
    assert f"Content-Range: bytes {first}-{last}/120000\r\n".encode() in head
    part = MIDDLE[first : last + 1]
    assert rest.startswith(part + b"HTTP/1.1 404 Not Found\r\n")


def test_a_blob_in_three_resumed_parts(server: Server) -> None:
    body = b""
    for stop in (50_000, 100_000, len(MIDDLE)):
        ask = f"GET {MIDDLE_BLOB} HTTP/1.1\r\nRange: bytes={len(body)}-\r\n\r\n".encode()
        with server.connect(4096) as connection:
            connection.sendall(ask)
            stream = connection.makefile("rb")
            while stream.readline().strip():
                pass
            body += stream.read(stop - len(body))
            stream.close()
    assert body == MIDDLE


def test_tls_on_the_plain_port_is_closed_at_once(server: Server) -> None:
    """podman and skopeo try TLS first, and would wait ten seconds for an end."""
    for hello in (TLS_HELLO, TLS_HELLO[:1], TLS_HELLO * 10):
        began = time.monotonic()
        assert server.exchange(hello) == b""
        assert time.monotonic() - began < 3


def test_tls_after_a_request_is_closed_too(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(request("/v2/"))
        assert read_answer(connection).startswith(b"HTTP/1.1 200 OK")
        connection.sendall(TLS_HELLO)
        assert read_to_the_end(connection) == b""


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /v2/ HTTP/1.1\r\nX: " + b"a" * 40_000 + b"\r\n\r\n", 431),
        (b"GET /v2/" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"GET /v2/ HTTP/1.1\r\n" + b"X: y\r\n" * 9000, 431),
        (b"PUT /v2/a/manifests/1 HTTP/1.1\r\nContent-Length: 100000\r\n\r\nx", 413),
        (b"PUT /v2/a/manifests/1 HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n", 413),
        (
            b"PATCH /v2/a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2000\r\n" + b"x" * 0x2000 + b"\r\n0\r\n\r\n",
            413,
        ),
        (b"GET /v2/ HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET /v2/ HTTP/1.1\r\nContent-Length: 1, 2\r\n\r\n", 400),
        (b"GET /v2/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"GET /v2/ HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET /v2/ HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET /v2/ HTTP/1.1\r\n folded\r\n\r\n", 400),
        (b"GET /v2/ HTTP/1.1\r\nX: a\x00b\r\n\r\n", 400),
        (b"GET /v2/ HTTP/1.1\r\nX: a\nY: b\r\n\r\n", 400),
        (b"GET  /v2/ HTTP/1.1\r\n\r\n", 400),
        (b"GET /v2/ x HTTP/1.1\r\n\r\n", 400),
        (b"GET /v2/ HTTP/x\r\n\r\n", 400),
        (b"GET /v2/\x1b HTTP/1.1\r\n\r\n", 400),
        (b"GET\r\n\r\n", 400),
        (b"get /v2/ HTTP/1.1\r\n\r\n", 400),
        (b"\x00\x01\x02\x03\r\n\r\n", 400),
        (b"\xff\xfe\xfd\r\n\r\n", 400),
        (b"GET http://[::1/v2/ HTTP/1.1\r\n\r\n", 400),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 405),
        (b"OPTIONS * HTTP/1.1\r\nConnection: close\r\n\r\n", 405),
        (b"CONNECT quay.io:443 HTTP/1.1\r\nConnection: close\r\n\r\n", 405),
        (b"GET /v2/ HTTP/1.0\r\n\r\n", 200),
        (b"GET /v2/\r\n\r\n", 200),
        (b"\r\n\r\nGET /v2/ HTTP/1.0\r\n\r\n", 200),
        (b"GET //v2/ HTTP/1.0\r\n\r\n", 200),
        (b"GET /v2/ HTTP/1.1\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", 200),
        (
            b"GET /v2/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            b"5\r\nhello\r\n0\r\n\r\n",
            200,
        ),
        (b"GET http://elsewhere.example/v2/ HTTP/1.1\r\nConnection: close\r\n\r\n", 200),
        (b"GET http://elsewhere.example/ HTTP/1.1\r\nConnection: close\r\n\r\n", 404),
        (b"GET file:///etc/passwd HTTP/1.1\r\nConnection: close\r\n\r\n", 404),
    ],
    ids=lambda value: repr(value[:30]) if isinstance(value, bytes) else str(value),
)
def test_what_is_odd_or_broken_gets_its_answer(
    server: Server, place: Path, sent: bytes, status: int
) -> None:
    received = server.exchange(sent)
    assert answer_in(received)[0] == status
    assert_says_nothing(received, place)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET http://" + b"1" * 30_000 + b" x\r\n\r\n",
        b"GET /v2/ HTTP/1.1\r\nX:" + b" " * 30_000 + b"\x01\r\n\r\n",
        b"GET /v2/" + b"a" * 30_000 + b" HTTP/1\r\n\r\n",
        b"GET /v2/" + b"a/" * 15_000 + b"manifests/latest HTTP/1.0\r\n\r\n",
        b"GET /v2/" + b"a-" * 1000 + b"/manifests/latest HTTP/1.0\r\n\r\n",
        b"GET /v2/" + b"a." * 1000 + b"/b/manifests/latest HTTP/1.0\r\n\r\n",
        b"GET /v2/a/manifests/1?ns=" + b"a-" * 1000 + b" HTTP/1.0\r\n\r\n",
        b"GET /v2/a/manifests/1?" + b"&" * 2000 + b" HTTP/1.0\r\n\r\n",
        b"GET /v2/" + b"/manifests/" * 180 + b" HTTP/1.0\r\n\r\n",
    ],
    ids=lambda sent: repr(sent[:30]),
)
def test_a_long_broken_request_costs_no_time(server: Server, sent: bytes) -> None:
    """A pattern that goes back and forth over 30 KB would stop every client for minutes."""
    began = server.processor_seconds
    assert answer_in(server.exchange(sent))[0] in (400, 404)
    assert server.processor_seconds - began < 1


DOTS = ("..", "%2e%2e", "%2E%2E", "..%00", "%252e%252e", "..%c0%af", "%c0%ae%c0%ae", "..;", ".%2e")
SLASHES = ("/", "%2f", "%2F", "\\", "%5c", "//", "/./", "%252f", "%c0%af")
PLACES = (
    "/{}",
    "/v2/{}",
    "/v2/library/small/manifests/{}",
    "/v2/library/small/blobs/{}",
    "/v2/library/small/blobs/sha256:{}",
    "/v2/{}/manifests/1",
    "/v2/{}/blobs/sha256:" + "0" * 64,
    "/v2/{}/tags/list",
    "/v2/library/small/manifests/1?ns={}",
    "/v2/library/small/tags/list?last={}",
)


@pytest.mark.parametrize("template", PLACES)
def test_no_spelling_of_a_path_leads_out_of_the_store(
    server: Server, place: Path, template: str
) -> None:
    targets = [
        slash.join([*[dots] * depth, "canary"])
        for dots in DOTS
        for slash in SLASHES
        for depth in (0, 1, 3)
    ]
    targets += [
        f"{place}/canary",
        f"file://{place}/canary",
        f"{place}/store/index.json",
        "store/canary",
        "canary",
        "oci-layout",
        "index.json",
        "blobs/sha256/canary",
        "../oci-layout",
        ".prewarm/index.lock",
        "/etc/passwd",
        "../" * 20 + "etc/passwd",
    ]
    sent = [request(template.format(target)) for target in targets]
    received = server.exchange(*sent, request("/v2/", close=True))
    statuses = [answer.split(b" ", 1)[0] for answer in received.split(b"HTTP/1.1 ")[1:]]
    assert len(statuses) == len(targets) + 1
    expected = {b"400", b"404"} if "last=" not in template else {b"200"}
    assert set(statuses[:-1]) <= expected | {b"400"}
    assert_says_nothing(received, place)
    assert b"imageLayoutVersion" not in received and b"annotations" not in received


def test_a_slow_request_is_waited_for_and_delays_nobody(server: Server) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(server.connect()) for _ in range(100)]
        for number, byte in enumerate(request(SMALL)):
            for connection in slow:
                connection.sendall(bytes([byte]))
            if number % 10 == 0:
                assert server.ask("/v2/")[0] == 200
        for connection in slow:
            assert connection.recv(15) == b"HTTP/1.1 200 OK"


def test_requests_one_after_another_without_waiting_are_answered_in_order(
    server: Server, contents: Contents
) -> None:
    targets = [SMALL, MIDDLE_BLOB, "/v2/none", "/v2/"] * 10
    received = server.exchange(
        b"".join(map(request, targets)), request("/v2/library/last/manifests/1", close=True)
    )
    raw = contents.blobs[contents.names["docker.io/library/small:1"].digest]
    for target in targets:
        head, _, received = received.partition(b"\r\n\r\n")
        length = next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length"))
        body, received = received[: int(length[15:])], received[int(length[15:]) :]
        known = {SMALL: raw, MIDDLE_BLOB: MIDDLE, "/v2/": b"{}"}
        assert body == known.get(target, body)
        assert head.startswith(b"HTTP/1.1 404" if target == "/v2/none" else b"HTTP/1.1 200")
    assert received.startswith(b"HTTP/1.1 404")


def test_clients_that_ask_for_more_without_reading_hold_no_thread(server: Server) -> None:
    """Twice as many as there are threads; each gets its first answer, and an end behind it."""
    with ExitStack() as stack:
        greedy = [stack.enter_context(server.connect(4096)) for _ in range(32)]
        for connection in greedy:
            connection.sendall(request(LARGE_BLOB) * 3)
        for connection in greedy:
            assert connection.recv(15) == b"HTTP/1.1 200 OK"
        assert server.ask(SMALL)[0] == 200
        body = read_to_the_end(greedy[0]).partition(b"\r\n\r\n")[2]
        assert body == LARGE


def test_slow_readers_of_a_large_blob_do_not_stop_the_others(server: Server) -> None:
    """No measurement: the others must be answered while the slow ones are still at it."""
    with ExitStack() as stack:
        slow = [stack.enter_context(server.connect(4096)) for _ in range(24)]
        for connection in slow:
            connection.sendall(request(LARGE_BLOB, close=True))
            assert connection.recv(15) == b"HTTP/1.1 200 OK"
        for _ in range(20):
            assert server.ask(SMALL)[0] == 200
        assert len(server.ask(MIDDLE_BLOB)[1]) == len(MIDDLE)
        for connection in slow[:2]:
            body = read_to_the_end(connection).partition(b"\r\n\r\n")[2]
            assert len(body) == len(LARGE)


def test_readers_that_leave_in_the_middle_leave_nothing_open(server: Server) -> None:
    before = server.descriptors
    for number in range(60):
        with server.connect(4096) as connection:
            connection.sendall(request(LARGE_BLOB) if number % 3 else request(LARGE_BLOB) * 2)
            if number % 2:
                connection.recv(100)
    assert eventually(lambda: server.descriptors <= before)


def test_heads_and_ranges_leave_nothing_open(server: Server) -> None:
    before = server.descriptors
    nothing = f"GET {MIDDLE_BLOB} HTTP/1.1\r\nRange: bytes=120000-\r\n\r\n".encode()
    part = f"GET {MIDDLE_BLOB} HTTP/1.1\r\nRange: bytes=7-7\r\n\r\n".encode()
    with server.connect() as connection:
        for sent in (nothing, part, request(LARGE_BLOB, "HEAD"), request(SMALL)) * 20:
            connection.sendall(sent)
            read_answer(connection, sent.split()[0].decode())
        assert server.descriptors <= before + 1


def test_many_connections(server: Server) -> None:
    with ExitStack() as stack:
        many = [stack.enter_context(server.connect()) for _ in range(400)]
        for connection in many:
            connection.sendall(request(SMALL))
        for connection in many:
            assert connection.recv(15) == b"HTTP/1.1 200 OK"
        assert server.ask(SMALL)[0] == 200


def test_a_body_that_is_announced_waits_for_leave_and_is_refused(server: Server) -> None:
    sent = b"PUT /v2/a/manifests/1 HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    with server.connect() as connection:
        connection.sendall(sent)
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(TLS_HELLO[:5] + request("/v2/", close=True))
        received = read_to_the_end(connection)
    assert received.startswith(b"HTTP/1.1 405 ") and b"HTTP/1.1 200 OK" in received
