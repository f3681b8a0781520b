from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.request import urlopen

import pytest

from prewarm.demo.images import Contents, Image, Layer, build
from prewarm.demo.upstream import Link, Upstream

IMAGES = [Image("alpine:3.20", (Layer("alpine", 100_000),)), Image("quay.io/org/app:1")]


@pytest.fixture(scope="module")
def contents() -> Contents:
    return build(IMAGES)


@pytest.fixture
def upstream(contents: Contents) -> Iterator[Upstream]:
    with Upstream(contents) as upstream:
        yield upstream


def layer_path(contents: Contents) -> str:
    blobs = contents.repositories["docker.io/library/alpine"].blobs
    largest = max(blobs, key=lambda digest: len(contents.blobs[digest]))
    return f"/v2/library/alpine/blobs/{largest}"


def read(upstream: Upstream, path: str) -> bytes:
    with urlopen(upstream.url + path) as response:
        body: bytes = response.read()
    return body


def test_an_endpoint_of_each_host_serves_that_hosts_images(upstream: Upstream) -> None:
    assert upstream.endpoint("quay.io") == f"http://{upstream.address}/quay.io"
    assert read(upstream, "/v2/quay.io/org/app/manifests/1")
    assert read(upstream, "/v2/docker.io/library/alpine/manifests/3.20")


def test_one_connection_serves_many_requests(upstream: Upstream, contents: Contents) -> None:
    connection = http.client.HTTPConnection(upstream.address)
    connection.connect()
    sock = connection.sock
    for method in ("HEAD", "GET", "POST", "GET"):
        connection.request(method, layer_path(contents), body=b"x" if method == "POST" else None)
        response = connection.getresponse()
        length = int(response.headers["Content-Length"])
        assert len(response.read()) == (0 if method == "HEAD" else length)
        assert connection.sock is sock
    connection.close()


def test_every_request_is_remembered(upstream: Upstream, contents: Contents) -> None:
    path = layer_path(contents)
    body = read(upstream, path)
    read(upstream, "/v2/library/alpine/tags/list?n=1")
    assert [str(seen) for seen in upstream.requests] == [
        f"GET {path} 200",
        "GET /v2/library/alpine/tags/list?n=1 200",
    ]
    assert upstream.requests[0].sent == len(body)
    assert upstream.requests[0].headers["Host"] == upstream.address
    assert upstream.count("GET", "/blobs/") == upstream.count(path="tags") == 1
    assert upstream.count() == 2 and upstream.count("HEAD") == 0


def test_the_contents_may_change_while_it_runs(upstream: Upstream) -> None:
    upstream.contents = build([Image("alpine:3.20", (Layer("another"),))])
    changed = read(upstream, "/v2/library/alpine/manifests/3.20")
    upstream.contents = build(IMAGES)
    assert read(upstream, "/v2/library/alpine/manifests/3.20") != changed


def test_many_clients_get_every_byte(upstream: Upstream, contents: Contents) -> None:
    path = layer_path(contents)
    with ThreadPoolExecutor(16) as pool:
        bodies = list(pool.map(lambda _: read(upstream, path), range(200)))
    assert set(bodies) == {contents.blobs[path.rpartition("/")[2]]}
    assert upstream.count() == 200


@pytest.mark.parametrize(
    ("link", "requests", "least"),
    [
        (Link(round_trip=0.05), 4, 0.2),
        (Link(connection_bandwidth=400_000), 1, 0.2),
        (Link(total_bandwidth=400_000), 1, 0.2),
        (Link(round_trip=0.1, total_bandwidth=800_000), 1, 0.15),
    ],
)
def test_a_slow_link_takes_its_time(
    contents: Contents, link: Link, requests: int, least: float
) -> None:
    with Upstream(contents, link=link) as upstream:
        began = time.monotonic()
        for _ in range(requests):
            read(upstream, layer_path(contents))
        took = time.monotonic() - began
    assert least <= took <= least * 2 + 2


def test_connections_share_the_total_and_not_their_own(contents: Contents) -> None:
    def seconds(link: Link) -> float:
        with Upstream(contents, link=link) as upstream, ThreadPoolExecutor(4) as pool:
            began = time.monotonic()
            list(pool.map(lambda _: read(upstream, layer_path(contents)), range(4)))
            return time.monotonic() - began

    assert seconds(Link(total_bandwidth=800_000)) >= 0.4
    assert 0.2 <= seconds(Link(connection_bandwidth=400_000)) < 4 * 0.25


def test_the_bandwidth_is_what_was_asked_for() -> None:
    contents = build([Image("alpine:3.20", (Layer("alpine", 4_000_000),))])
    with Upstream(contents, link=Link(total_bandwidth=8_000_000)) as upstream:
        began = time.monotonic()
        size = len(read(upstream, layer_path(contents)))
        rate = size / (time.monotonic() - began)
    assert 3_000_000 <= rate <= 9_000_000


def test_closing_cuts_what_is_open(contents: Contents) -> None:
    before = threading.active_count()
    with Upstream(contents, link=Link(connection_bandwidth=1000)) as upstream:
        idle = http.client.HTTPConnection(upstream.address, timeout=5)
        idle.request("GET", "/v2/")
        idle.getresponse().read()
        busy = http.client.HTTPConnection(upstream.address, timeout=5)
        busy.request("GET", layer_path(contents))
        response = busy.getresponse()
    with pytest.raises((http.client.HTTPException, OSError)):
        response.read()
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection(upstream.address).connect()
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threading.active_count() <= before
