"""Where upstreams are asked, what a URL's origin is, and which hosts are only nearby."""

from __future__ import annotations

from pathlib import Path

import pytest

from prewarm.errors import UsageError
from prewarm.registry.endpoint import Endpoint, host_of, is_loopback, is_private, origin_of
from prewarm.registry.http import redact

ENDPOINTS = """
https://mirror.example               https://mirror.example      -            a/b
https://Mirror.Example:5000/         https://mirror.example:5000 -            a/b
http://127.0.0.1:5001                http://127.0.0.1:5001       -            a/b
http://[::1]:5001/docker.io          http://[::1]:5001           docker.io    docker.io/a/b
https://harbor.example/proxy/hub     https://harbor.example      proxy/hub    proxy/hub/a/b
https://mirror.example/quay.io:443   https://mirror.example      quay.io:443  quay.io:443/a/b
https://mirror.example/quay.io/team  https://mirror.example      quay.io/team quay.io/team/a/b
"""


@pytest.mark.parametrize("line", ENDPOINTS.strip().splitlines())
def test_an_endpoint_is_read(line: str) -> None:
    url, origin, prefix, repository = line.split()
    endpoint = Endpoint.parse(url, Path("ca.pem"))
    assert endpoint == Endpoint(origin, prefix.strip("-"), Path("ca.pem"))
    assert endpoint.repository("a/b") == repository
    assert endpoint.url("a/b", "manifests", "1") == f"{origin}/v2/{repository}/manifests/1"
    assert str(endpoint) == f"{origin}/{prefix}".rstrip("/-")
    assert endpoint.secure is origin.startswith("https")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mirror.example",
        "mirror.example:5000",
        "//mirror.example",
        "ftp://mirror.example",
        "file:///etc/passwd",
        "https://",
        "https:///a",
        "https://mirror.example:70000",
        "https://mirror.example:port",
        "https://[::1",
        "https://[nothing]",
        "https://a b",
        "https://mirror.example/a?b=c",
        "https://mirror.example/a#b",
        "https://mirror.example/../a",
        "https://mirror.example/A//b",
        "https://mirror.example/a b",
        "https://user:secret@mirror.example",
        "https://user:secret@mirror.example/?token=secret",
    ],
)
def test_what_is_no_endpoint_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Endpoint.parse(url)
    assert "not an endpoint" in str(caught.value)
    assert "write https://mirror.example:5000" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "plain", "origin"),
    [
        ("docker.io", False, "https://registry-1.docker.io"),
        ("quay.io", False, "https://quay.io"),
        ("quay.io", True, "http://quay.io"),
        ("10.0.0.1:5000", False, "https://10.0.0.1:5000"),
        ("localhost:5000", False, "http://localhost:5000"),
        ("127.0.0.1", False, "http://127.0.0.1"),
        ("127.9.9.9:5000", False, "http://127.9.9.9:5000"),
        ("[::1]:5000", False, "http://[::1]:5000"),
        ("a.localhost:5000", False, "http://a.localhost:5000"),
        ("localhost.example", False, "https://localhost.example"),
        ("127.0.0.1.example", False, "https://127.0.0.1.example"),
    ],
)
def test_only_loopback_is_asked_without_tls_unless_told(
    host: str, plain: bool, origin: str
) -> None:
    assert Endpoint.of_host(host, plain=plain).origin == origin


def test_credentials_are_filed_under_the_upstream() -> None:
    assert Endpoint.of_host("docker.io").host == "docker.io"
    assert Endpoint.parse("https://registry-1.docker.io").host == "docker.io"
    assert Endpoint.parse("https://Mirror.example:5000/docker.io").host == "mirror.example:5000"


SAME = [
    ("https://a.example/x", "https://A.example:443/y?z"),
    ("http://a.example", "http://a.example:80"),
    ("http://[::1]:5000/", "http://[::1]:5000/x"),
    ("https://u:p@a.example/", "https://a.example/"),
]
DIFFERENT = [
    ("https://a.example", "http://a.example"),
    ("https://a.example", "https://a.example:444"),
    ("https://a.example", "https://b.a.example"),
    ("https://a.example", "https://a.example."),
    ("http://[::1]:5000", "http://[::1]:5001"),
    ("https://a.example", "https://a.example@b.example"),
]


def test_an_origin_is_scheme_host_and_port() -> None:
    for one, other in SAME:
        assert origin_of(one) == origin_of(other)
    for one, other in DIFFERENT:
        assert origin_of(one) != origin_of(other)


def test_a_redirect_moves_the_endpoint_only_to_another_origin() -> None:
    endpoint = Endpoint("https://a.example", "hub", Path("ca.pem"))
    assert endpoint.moved_to("https://a.example:443/v2/") is endpoint
    moved = endpoint.moved_to("https://b.example:444/v2/")
    assert moved == Endpoint("https://b.example:444", "", Path("ca.pem"))


NEARBY = """
127.0.0.1 127.1.2.3 10.0.0.1 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0
localhost localhost. a.localhost ::1 :: fe80::1 fc00::1 ::ffff:169.254.169.254 ::ffff:10.0.0.1
2130706433 0x7f000001 0x7f.1 127.1 017700000001 0xa9fea9fe
"""
FAR = """
8.8.8.8 registry.example localhost.example 2606:4700::1111 134744072 cafe.example beef
127.0.0.1.example 10.example
"""


@pytest.mark.parametrize("host", NEARBY.split())
def test_these_hosts_are_nearby_however_they_are_written(host: str) -> None:
    assert is_private(host)


@pytest.mark.parametrize("host", FAR.split())
def test_these_hosts_are_not_nearby(host: str) -> None:
    assert not is_private(host)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("127.0.0.1:5000", True),
        ("[::1]:5000", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("a.example:5000", False),
        ("", False),
    ],
)
def test_what_is_this_machine(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_a_url_is_shown_without_its_secrets() -> None:
    shown = redact("https://user:secret@a.example:444/b/c?token=secret&x=1#secret")
    assert shown == "https://a.example:444/b/c"
    assert host_of("https://User@A.example:1/x") == "a.example"
