"""One exchange: what is sent, which redirects are followed, and what breaks in which words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from prewarm.demo.upstream import Listener
from prewarm.errors import ContentError, TransferError
from prewarm.registry.endpoint import Endpoint
from prewarm.registry.http import Limits, Request, Response, Transport
from tests.fake_registry import FakeRegistry, Fault
from tests.fake_registry.server import FakeServer
from tests.fake_registry.tls import make_certificate

from .clients import QUICK, assert_no_secret, contents

CONTENTS = contents()
SUBJECT = "docker.io/library/a:1"


class Counted(FakeRegistry):
    """A registry that counts its connections."""

    connections = 0

    def listen(self) -> Listener:
        listener = super().listen()
        process = listener.process_request

        def counted(request: Any, client_address: Any) -> None:
            self.connections += 1
            process(request, client_address)

        listener.process_request = counted  # type: ignore[method-assign]
        return listener


@pytest.fixture
def registry() -> Iterator[Counted]:
    with Counted(CONTENTS) as running:
        yield running


@pytest.fixture
def elsewhere() -> Iterator[Counted]:
    with Counted(CONTENTS) as running:
        yield running


def request_to(server: FakeServer, path: str = "/v2/", ca_file: Path | None = None) -> Request:
    endpoint = Endpoint.parse(server.url, ca_file)
    return Request("GET", f"{server.url}{path}", endpoint, SUBJECT, {"Authorization": "Basic x"})


def get(request: Request, transport: Transport | None = None, limit: int = 1000) -> bytes:
    with (transport or Transport(QUICK, 4)).open(request) as response:
        return response.read(limit) if response.status == 200 else b""


def failure(request: Request, limits: Limits = QUICK) -> str:
    with pytest.raises((TransferError, ContentError)) as caught:
        get(request, Transport(limits, 1))
    assert str(caught.value).startswith(f"{SUBJECT}: ")
    assert_no_secret(caught.value)
    return str(caught.value)


# What is sent


def test_what_is_sent_says_who_we_are_and_wants_bytes_as_they_are(registry: Counted) -> None:
    get(request_to(registry))
    headers = registry.requests[0].headers
    assert headers["User-Agent"].startswith("prewarm/")
    assert headers["Accept-Encoding"] == "identity"
    assert headers["Authorization"] == "Basic x"


def test_nothing_else_is_sent(
    registry: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No cookies, no netrc, no credential that stands in a URL."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password hunter2\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    registry.fault("GET", "^/v2/$", Fault.header("Set-Cookie", "a=b; Path=/"))
    transport = Transport(QUICK, 1)
    with_user = registry.url.replace("//", "//me:hunter2@")
    endpoint = Endpoint.parse(registry.url)
    for url in (f"{registry.url}/v2/", f"{with_user}/v2/", f"{registry.url}/v2/"):
        get(Request("GET", url, endpoint, SUBJECT), transport)
    for seen in registry.requests:
        assert seen.headers["Cookie"] is None and seen.headers["Authorization"] is None


def test_proxies_come_from_the_environment_but_not_for_loopback(
    registry: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", registry.url)
    away = Endpoint.parse("http://registry.example")
    get(Request("GET", "http://registry.example/v2/", away, SUBJECT))
    get(request_to(registry))
    assert [seen.path for seen in registry.requests] == ["http://registry.example/v2/", "/v2/"]
    monkeypatch.setenv("NO_PROXY", "registry.example")
    assert "the host is not known" in failure(
        Request("GET", "http://registry.example/v2/", away, SUBJECT)
    )


def test_authorities_come_from_the_endpoint_or_else_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path)
    with FakeRegistry(CONTENTS, tls=certificate) as registry:
        assert "its certificate is not trusted (set ca-file)" in failure(request_to(registry))
        assert get(request_to(registry, ca_file=certificate))
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
            with monkeypatch.context() as patch:
                patch.setenv(name, str(certificate))
                assert get(request_to(registry))
        none = tmp_path / "none.pem"
        assert "the CA file cannot be read" in failure(request_to(registry, ca_file=none))


def test_a_connection_is_used_again_after_an_answer_that_nobody_reads(registry: Counted) -> None:
    registry.fault("GET", "manifests/1", Fault.status(401, b"x" * 5000))
    registry.fault("GET", "manifests/2", Fault.status(404, b"x" * 5000))
    registry.fault("GET", "manifests/3", Fault.redirect("/v2/?x=3"))
    transport = Transport(QUICK, 1)
    for number in (1, 2, 3, 1):
        get(request_to(registry, f"/v2/a/manifests/{number}"), transport)
    assert registry.connections == 1


def test_a_long_answer_that_nobody_reads_is_cut_off(registry: Counted) -> None:
    registry.fault("GET", "manifests", Fault.status(404, b"x" * 5_000_000))
    registry.fault("GET", "blobs", Fault.endless())
    transport = Transport(QUICK, 1)
    get(request_to(registry, "/v2/a/manifests/1"), transport)
    get(request_to(registry, "/v2/a/blobs/1"), transport)
    get(request_to(registry), transport)
    assert registry.connections == 3


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_with_what_is_secret_left_behind(
    registry: Counted, elsewhere: Counted, status: int
) -> None:
    registry.fault("GET", "manifests", Fault.redirect(f"{elsewhere.url}/v2/?x=1", status))
    transport = Transport(QUICK, 1)
    with transport.open(request_to(registry, "/v2/a/manifests/1")) as response:
        assert response.status == 200
        assert response.request.url == f"{elsewhere.url}/v2/?x=1"
        assert response.request.endpoint == Endpoint(elsewhere.url)
    assert elsewhere.requests[0].headers["Authorization"] is None


def test_within_a_host_a_redirect_takes_everything_along(registry: Counted) -> None:
    registry.fault("GET", "manifests/1", Fault.redirect("../../../v2/?x=1"))
    registry.fault("GET", "manifests/2", Fault.redirect(f"{registry.url}/v2/?x=2"))
    for number in (1, 2):
        with Transport(QUICK, 1).open(request_to(registry, f"/v2/a/manifests/{number}")) as found:
            assert found.request.endpoint == Endpoint(registry.url)
    assert [(s.path, s.headers["Authorization"]) for s in registry.requests][1::2] == [
        ("/v2/?x=1", "Basic x"),
        ("/v2/?x=2", "Basic x"),
    ]


def test_what_was_left_behind_does_not_come_back(registry: Counted, elsewhere: Counted) -> None:
    registry.fault("GET", "manifests", Fault.redirect(f"{elsewhere.url}/v2/a/manifests/1"))
    elsewhere.fault("GET", "manifests", Fault.redirect(f"{registry.url}/v2/?back"))
    assert get(request_to(registry, "/v2/a/manifests/1"))
    assert registry.requests[1].path == "/v2/?back"
    assert registry.requests[1].headers["Authorization"] is None


def test_five_redirects_are_followed_and_not_six(registry: Counted) -> None:
    registry.fault("GET", "manifests", Fault.redirect_loop(), times=5)
    assert get(request_to(registry, "/v2/library/a/manifests/1"))
    registry.heal()
    registry.fault("GET", "manifests", Fault.redirect_loop())
    message = failure(request_to(registry, "/v2/library/a/manifests/1"))
    assert "more than 5 redirects" in message and "turn" not in message
    assert registry.count() == 6 + 6


@pytest.mark.parametrize(
    ("location", "problem"),
    [
        ("ftp://a.example/x", "redirected from .* to ftp://a.example/x, not followed"),
        ("file:///etc/passwd", "to file:///etc/passwd, not followed"),
        ("http://[::1/x", "redirected to something that is no URL"),
        ("http://a.example:99999/x", "redirected to something that is no URL"),
        (
            "http://me:hunter2@a.example/x?X-Signature=y",
            "http://a.example/x: the host is not known",
        ),
        ("http://\x1bred.example/x", "red.example/x: "),
        ("http://a.example/\x1b[2J", r"a.example/\\x1b\[2J: the host is not known"),
    ],
)
def test_a_redirect_to_nowhere_is_told(registry: Counted, location: str, problem: str) -> None:
    registry.fault("GET", "manifests", Fault.redirect(location))
    with pytest.raises((TransferError, ContentError), match=problem) as caught:
        get(request_to(registry, "/v2/a/manifests/1"))
    assert str(caught.value).isprintable()
    assert_no_secret(caught.value)


def test_tls_is_not_left(tmp_path: Path, elsewhere: Counted) -> None:
    certificate = make_certificate(tmp_path)
    with FakeRegistry(CONTENTS, tls=certificate) as registry:
        registry.fault("GET", "manifests", Fault.redirect(f"{elsewhere.url}/v2/?x"))
        message = failure(request_to(registry, "/v2/a/manifests/1", certificate))
    assert f"to {elsewhere.url}/v2/, not followed" in message
    assert elsewhere.requests == []


def test_a_redirect_without_a_target_is_an_answer(registry: Counted) -> None:
    registry.fault("GET", "manifests", Fault.status(307))
    with Transport(QUICK, 1).open(request_to(registry, "/v2/a/manifests/1")) as response:
        assert response.status == 307


@pytest.mark.parametrize("fault", [Fault.endless(), Fault.gzip()])
def test_the_body_of_a_redirect_is_not_read(
    registry: Counted, elsewhere: Counted, fault: Fault
) -> None:
    redirect = Fault.redirect(f"{elsewhere.url}/v2/?x")
    registry.fault("GET", "manifests", Fault(change=redirect.change, send=fault.send))
    assert get(request_to(registry, "/v2/a/manifests/1"))
    assert registry.requests[0].sent < 20_000_000


# What breaks


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Fault.reset(), "the connection was reset"),
        (Fault.reset(after=1), "the body broke off: "),
        (Fault.stall(5), "no answer within the time limit"),
        (Fault.stall(5, after=1), "the body broke off: no answer within the time limit"),
        (Fault.truncate(1), "the body broke off: the connection was closed too early"),
        (Fault.raw(b""), "the connection was reset"),
        (Fault.raw(b"220 mail.example ESMTP\r\n"), "what it answered is not HTTP"),
        (Fault.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "broke off"),
        (Fault.raw(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200), "is not HTTP"),
        (Fault.raw(b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n"), "is not HTTP"),
        (Fault.gzip(), "the upstream encoded the body as gzip, which nobody asked for"),
        (Fault.header("Content-Encoding", "x\x1b[2J"), r"encoded the body as x\\x1b\[2j"),
        (Fault.endless(), "answered with more than 1000 bytes"),
    ],
)
def test_what_breaks_is_told_in_a_phrase(registry: Counted, fault: Fault, problem: str) -> None:
    registry.fault("GET", "", fault)
    began = time.monotonic()
    with pytest.raises((TransferError, ContentError), match=problem) as caught:
        get(request_to(registry, "/v2/?X-Signature=x"))
    assert time.monotonic() - began < 3
    assert str(caught.value).isprintable()
    assert_no_secret(caught.value)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://127.0.0.1:1/", "the connection was refused"),
        ("http://registry.example/", "the host is not known"),
        (f"http://{'a' * 64}.example/", "not a URL"),
        ("http://registry.example:99999/", "not a URL"),
        ("http://[fe80::1%25/", "an unreadable URL: not a URL"),
    ],
)
def test_a_host_that_cannot_be_reached_is_told(url: str, problem: str) -> None:
    with pytest.raises((TransferError, ContentError), match=problem):
        get(Request("GET", url, Endpoint("http://registry.example"), SUBJECT))


def test_tls_where_there_is_none_is_told(registry: Counted) -> None:
    url = registry.url.replace("http:", "https:")
    message = failure(Request("GET", f"{url}/v2/", Endpoint.parse(url), SUBJECT))
    assert "it does not speak TLS (set plain-http)" in message


@pytest.mark.parametrize("coding", ["", "identity", " Identity "])
def test_no_coding_is_fine_however_it_is_said(registry: Counted, coding: str) -> None:
    registry.fault("GET", "", Fault.header("Content-Encoding", coding))
    assert get(request_to(registry)) == b"{}"


# Headers as numbers


def response(**headers: str) -> Response:
    raw = requests.Response()
    raw.status_code = 200
    raw.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return Response(raw, Request("GET", "http://a/", Endpoint("http://a"), SUBJECT), QUICK)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("0", 0),
        ("12", 12),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("5, 5", None),
        ("9" * 5000, None),
        ("²", None),
        ("٣", None),
    ],
)
def test_a_length_is_a_number_or_nothing(text: str, length: int | None) -> None:
    assert response(Content_Length=text).length == length


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("-7", None),
        ("1e3", None),
        ("9" * 5000, None),
        ("soon", None),
        ("Mon, 01 Jan 1990 00:00:00 GMT", 0.0),
        ("Mon, 99 Jan 1990 00:00:00 GMT", None),
        ("Mon, 01 Jan 999999 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    assert response(Retry_After=text).retry_after == seconds


def test_retry_after_may_be_a_date_to_come() -> None:
    found = response(Retry_After=formatdate(time.time() + 100, usegmt=True)).retry_after
    assert found is not None and 98 <= found <= 100


@given(st.text(max_size=40))
def test_no_header_is_too_odd(text: str) -> None:
    found = response(Retry_After=text, Content_Length=text)
    assert found.retry_after is None or found.retry_after >= 0
    assert found.length is None or found.length >= 0
