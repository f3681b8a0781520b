"""Credentials and tokens: shown to nobody but the registry they are for, fetched once, renewed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from prewarm.errors import ContentError, PrewarmError, TransferError
from prewarm.registry.auth import Authorizer
from prewarm.registry.credentials import Credential
from prewarm.registry.endpoint import Endpoint
from prewarm.registry.http import Request, Transport
from tests.fake_registry import Basic, Bearer, FakeRegistry, Fault
from tests.fake_registry.auth import Auth
from tests.fake_registry.tls import make_certificate

from .clients import QUICK, asked, assert_no_secret, authorizations, client, contents, reference

CONTENTS = contents()
A = CONTENTS.names["docker.io/library/a:1"]
MANIFEST = "/v2/library/a/manifests/1"
LOGIN = "me:hunter2"
USER = ("me", "hunter2")


class Serve(Protocol):
    def __call__(self, auth: Auth | None = None, tls: Path | None = None) -> FakeRegistry: ...


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(auth: Auth | None = None, tls: Path | None = None) -> FakeRegistry:
            return stack.enter_context(FakeRegistry(CONTENTS, auth=auth, tls=tls))

        yield start


def test_nobody_is_asked_where_everybody_may_come(serve: Serve) -> None:
    registry = serve()
    assert client(registry, login=LOGIN).resolve(reference()) == A
    assert asked(registry) == [f"HEAD {MANIFEST} 200"]
    assert authorizations(registry) == ["-"]


def test_basic_is_shown_when_asked_for_and_from_then_on(serve: Serve) -> None:
    registry = serve(Basic(*USER))
    source = client(registry, login=LOGIN)
    source.resolve(reference())
    source.read_manifest(reference(), A.digest)
    assert asked(registry) == [
        f"HEAD {MANIFEST} 401",
        f"HEAD {MANIFEST} 200",
        f"GET /v2/library/a/manifests/{A.digest} 200",
    ]
    assert authorizations(registry) == ["-", "Basic", "Basic"]


@pytest.mark.parametrize("key", ["token", "access_token"])
def test_a_token_is_fetched_once_for_a_repository(serve: Serve, key: str) -> None:
    registry = serve(Bearer(answer_key=key))
    source = client(registry)
    for name in ("a:1", "b:1", "b:2"):
        source.resolve(reference(name))
    source.read_manifest(reference(), A.digest)
    assert asked(registry) == [
        f"HEAD {MANIFEST} 401",
        "GET /token 200",
        f"HEAD {MANIFEST} 200",
        "HEAD /v2/library/b/manifests/1 401",
        "GET /token 200",
        "HEAD /v2/library/b/manifests/1 200",
        "HEAD /v2/library/b/manifests/2 200",
        f"GET /v2/library/a/manifests/{A.digest} 200",
    ]
    assert "service=fake&scope=repository%3Alibrary%2Fa%3Apull" in registry.requests[1].path
    assert "Basic" not in authorizations(registry)


def test_many_threads_fetch_one_token(serve: Serve) -> None:
    registry = serve(Bearer(*USER))
    source = client(registry, login=LOGIN)
    with ThreadPoolExecutor(12) as pool:
        found = pool.map(lambda _: source.read_manifest(reference(), A.digest)[0].digest, range(12))
    assert set(found) == {A.digest}
    assert registry.count("GET", "^/token") == 1


def test_the_password_goes_to_the_token_server_and_the_token_to_the_registry(
    serve: Serve,
) -> None:
    auth = Bearer(*USER)
    tokens, registry = serve(auth), serve(auth)
    auth.realm = f"{tokens.url}/token"
    client(registry, login=LOGIN).resolve(reference())
    assert authorizations(registry) == ["-", "Bearer"]
    assert authorizations(tokens) == ["Basic"]


def test_an_identity_token_is_posted(serve: Serve, tmp_path: Path) -> None:
    registry = serve(Bearer(*USER, identity="refresh-token"))
    config = {"auths": {registry.address: {"identitytoken": "refresh-token"}}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    source = client(registry)
    source._credentials = type(source._credentials)({}, (tmp_path / "config.json",))
    assert source.resolve(reference()) == A
    assert asked(registry)[1] == "POST /token 200"
    assert authorizations(registry) == ["-", "-", "Bearer"]


def test_a_token_that_dies_midway_is_renewed_once(serve: Serve) -> None:
    registry = serve(Bearer(uses=2))
    source = client(registry)
    for _ in range(4):
        source.read_manifest(reference(), A.digest)
    statuses = [seen.status for seen in registry.requests]
    assert statuses == [401, 200, 200, 200, 401, 200, 200, 200]
    assert registry.count("GET", "^/token") == 2


def test_a_token_is_good_for_as_long_as_it_says(serve: Serve) -> None:
    registry = serve(Bearer())
    answer = json.dumps({"token": "token-x", "expires_in": 0.000001}).encode()
    registry.fault("GET", "^/token", Fault.status(200, answer), times=1)
    source = client(registry)
    with pytest.raises(TransferError):
        source.resolve(reference())
    source.resolve(reference())
    assert authorizations(registry) == ["-", "-", "Bearer", "-", "-", "Bearer"]


# Who is not let in


@pytest.mark.parametrize(
    ("auth", "login", "requests"),
    [
        (Basic(*USER), "", [f"HEAD {MANIFEST} 401"]),
        (Basic(*USER), "me:wrong", [f"HEAD {MANIFEST} 401"] * 2),
        (Bearer(*USER), "", [f"HEAD {MANIFEST} 401", "GET /token 401"]),
        (Bearer(*USER), "me:wrong", [f"HEAD {MANIFEST} 401", "GET /token 401"]),
    ],
    ids=["Basic, nobody", "Basic, wrong", "Bearer, nobody", "Bearer, wrong"],
)
def test_who_is_denied_is_told_why_and_asks_no_more(
    serve: Serve, auth: Auth, login: str, requests: list[str]
) -> None:
    registry = serve(auth)
    with pytest.raises(TransferError) as caught:
        client(registry, login=login).resolve(reference())
    variable = f"PREWARM_AUTH_127_0_0_1_{registry.port}"
    message = str(caught.value)
    assert message.startswith("docker.io/library/a:1: 127.0.0.1: access denied ")
    if login:
        assert f"with the credential from {variable}: check user and password" in message
    else:
        assert message.endswith(f"without credentials: log in, or set {variable}=user:password")
    assert caught.value.status == 401
    assert asked(registry) == requests
    assert_no_secret(message)


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_never_accepted_ends_the_attempt(serve: Serve, status: int) -> None:
    registry = serve(Bearer(*USER))
    registry.fault("HEAD", "", Fault.status(status))
    with pytest.raises(TransferError, match="access denied with the credential"):
        client(registry, login=LOGIN).resolve(reference())
    assert asked(registry) == [
        f"HEAD {MANIFEST} 401",
        "GET /token 200",
        f"HEAD {MANIFEST} {status}",
    ]


@pytest.mark.parametrize(
    "challenge", ["", "Negotiate", "Digest realm=x", "=;,", 'Bearer realm=""', "Bearer"]
)
def test_a_challenge_that_nobody_can_answer_is_told(serve: Serve, challenge: str) -> None:
    registry = serve()
    registry.fault("", "", Fault.status(401, WWW_Authenticate=challenge))
    with pytest.raises(PrewarmError) as caught:
        client(registry, login=LOGIN).resolve(reference())
    assert "access denied" in str(caught.value) or "no usable token server" in str(caught.value)
    assert_no_secret(caught.value)
    assert authorizations(registry) == ["-"]


# Token servers that are not what they should be


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Fault.status(200, b"<html>"), "did not answer with JSON"),
        (Fault.status(200, b"[" * 100_000), "did not answer with JSON"),
        (Fault.status(200, b"\xff"), "did not answer with JSON"),
        (Fault.status(200, b"[]"), "gave no token"),
        (Fault.status(200, b"{}"), "gave no token"),
        (Fault.status(200, b'{"token": 5}'), "gave no token"),
        (Fault.status(200, b'{"token": ""}'), "gave no token"),
        (Fault.status(200, b'{"token": "a\\r\\nX: y"}'), "gave no token"),
        (Fault.status(200, '{"token": "ü"}'.encode()), "gave no token"),
        (Fault.status(200, b"x" * 1_100_000), "answered with more than 1048576 bytes"),
        (Fault.endless(), "answered with more than 1048576 bytes"),
        (Fault.status(400), "access denied"),
        (Fault.status(404), "access denied"),
        (Fault.status(418), "answered 418"),
        (Fault.status(500), "answered 500: try again later"),
        (
            Fault.redirect("http://user:hunter2@[::1/token"),
            "redirected to something that is no URL",
        ),
        (Fault.redirect_loop(), "more than 5 redirects"),
        (Fault.stall(2), "no answer within the time limit"),
        (Fault.reset(), "the connection was reset"),
        (Fault.gzip(), "encoded the body as gzip"),
    ],
)
def test_a_token_server_that_fails_is_told(serve: Serve, fault: Fault, problem: str) -> None:
    registry = serve(Bearer(*USER))
    registry.fault("GET", "^/token", fault)
    with pytest.raises(PrewarmError, match=problem) as caught:
        client(registry, login=LOGIN).resolve(reference())
    assert str(caught.value).startswith("docker.io/library/a:1: ")
    assert_no_secret(caught.value)


@pytest.mark.parametrize(
    "expiry", ["-5", "0", "NaN", "1e999", "1" * 400, '"soon"', "null", "true", "[]", '"60"']
)
def test_an_odd_lifetime_is_no_problem(serve: Serve, expiry: str) -> None:
    registry = serve()
    challenge = f'Bearer realm="{registry.url}/token"'
    registry.fault("HEAD", "", Fault.status(401, WWW_Authenticate=challenge), times=1)
    answer = f'{{"token": "x", "expires_in": {expiry}}}'.encode()
    registry.fault("GET", "^/token", Fault.status(200, answer))
    assert client(registry).resolve(reference()) == A


@pytest.mark.parametrize("fault", [Fault.status(503), Fault.try_later(429, 0), Fault.reset()])
def test_a_token_server_that_recovers_is_asked_again(serve: Serve, fault: Fault) -> None:
    registry = serve(Bearer(*USER))
    registry.fault("GET", "^/token", fault, times=1)
    assert client(registry, login=LOGIN).resolve(reference()) == A


def test_a_token_server_that_asks_to_wait_long_is_obeyed(serve: Serve) -> None:
    registry = serve(Bearer())
    registry.fault("GET", "^/token", Fault.try_later(429, 3600))
    with pytest.raises(TransferError) as caught:
        client(registry).resolve(reference())
    assert caught.value.retry_after == 3600
    assert registry.count("GET", "^/token") == 1


# Which token servers may be asked


def answer_challenge(registry: str, realm: str) -> str:
    """What is sent to a registry that names this token server; nothing goes over the network."""
    endpoint = Endpoint.parse(registry)
    request = Request("GET", f"{registry}/v2/a/manifests/1", endpoint, "a:1")
    authorizer = Authorizer(Transport(QUICK, 1))
    challenge = f'Bearer realm="{realm}"'
    return authorizer.answer(request, "a", challenge, Credential("me", "hunter2", source="x"))


@pytest.mark.parametrize(
    ("registry", "realm", "problem"),
    [
        ("https://a.example", "http://a.example/token", "is not https as the registry is"),
        ("https://a.example", "http://127.0.0.1/token", "is not https as the registry is"),
        ("https://a.example", "https://127.0.0.1/token", "on a private address"),
        ("https://a.example", "https://localhost/token", "on a private address"),
        ("https://a.example", "https://10.0.0.1/token", "on a private address"),
        ("https://a.example", "https://169.254.169.254/latest", "on a private address"),
        ("https://a.example", "https://[fe80::1]/token", "on a private address"),
        ("https://a.example", "https://[::ffff:10.0.0.1]/token", "on a private address"),
        ("https://a.example", "https://2852039166/latest", "on a private address"),
        ("https://a.example", "https://0x7f.1/token", "on a private address"),
        ("http://10.0.0.1:5000", "http://10.0.0.2/token", "on a private address"),
        ("http://10.0.0.1:5000", "http://169.254.169.254/", "on a private address"),
        ("https://a.example", "ftp://a.example/token", "names no usable token server"),
        ("https://a.example", "file:///etc/passwd", "names no usable token server"),
        ("https://a.example", "/token", "names no usable token server"),
        ("https://a.example", "", "names no usable token server"),
        ("https://a.example", "https://", "names no usable token server"),
        ("https://a.example", "https://[::1/token", "names no usable token server"),
        ("https://a.example", "https://[nothing]/token", "names no usable token server"),
    ],
)
def test_a_token_server_that_must_not_be_asked_is_not(
    registry: str, realm: str, problem: str
) -> None:
    with pytest.raises(ContentError, match=problem) as caught:
        answer_challenge(registry, realm)
    assert_no_secret(caught.value)


@pytest.mark.parametrize(
    ("registry", "realm"),
    [
        ("https://a.example", "https://auth.example/token"),
        ("https://a.example", "https://a.example:8443/token"),
        ("http://a.example", "http://auth.example/token"),
    ],
)
def test_other_token_servers_are_asked(registry: str, realm: str) -> None:
    with pytest.raises(TransferError, match="the host is not known"):
        answer_challenge(registry, realm)


def test_a_registry_with_tls_may_not_name_a_plain_token_server(
    serve: Serve, tmp_path: Path
) -> None:
    certificate = make_certificate(tmp_path)
    auth = Bearer(*USER)
    plain, registry = serve(auth), serve(auth, certificate)
    auth.realm = f"{plain.url}/token"
    with pytest.raises(ContentError, match="is not https as the registry is"):
        client(registry, login=LOGIN, ca_file=certificate).resolve(reference())
    assert plain.requests == []
    auth.realm = ""
    assert client(registry, login=LOGIN, ca_file=certificate).resolve(reference()) == A


# Redirects


def test_authorization_does_not_follow_to_another_host(serve: Serve) -> None:
    elsewhere, registry = serve(), serve(Basic(*USER))
    registry.fault("", "/manifests/", Fault.redirect(f"{elsewhere.url}/"))
    assert client(registry, login=LOGIN).resolve(reference()) == A
    assert authorizations(registry) == ["-", "Basic"]
    assert authorizations(elsewhere) == ["-"]


def test_a_password_does_not_follow_a_token_server_to_another_host(serve: Serve) -> None:
    auth = Bearer(*USER, identity="refresh-token")
    elsewhere, registry = serve(Bearer()), serve(auth)
    registry.fault("", "^/token", Fault.redirect(f"{elsewhere.url}/"))
    for identity in ("", "refresh-token"):
        source = client(registry, login=LOGIN)
        if identity:
            known = Credential("me", "", identity)
            source._credentials = _Always(known)  # type: ignore[assignment]
        source.resolve(reference())
    assert [seen.method for seen in elsewhere.requests] == ["GET", "POST"]
    assert set(authorizations(elsewhere)) == {"-"}
    assert all((seen.headers["Content-Length"] or "0") == "0" for seen in elsewhere.requests)


class _Always:
    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    def lookup(self, host: str, repository: str) -> Credential:
        return self._credential


@pytest.mark.parametrize("auth", [Bearer(), Basic("me", "hunter2"), Bearer("me", "hunter2")])
def test_a_host_that_a_redirect_leads_to_gets_no_password(serve: Serve, auth: Auth) -> None:
    """It may want a token by itself; only one that anybody gets is fetched for it."""
    elsewhere, registry = serve(auth), serve(Basic(*USER))
    registry.fault("", "/manifests/", Fault.redirect(f"{elsewhere.url}/"))
    source = client(registry, login=LOGIN)
    if isinstance(auth, Bearer) and not auth.user:
        assert source.resolve(reference()) == A
        assert authorizations(elsewhere) == ["-", "-", "Bearer"]
    else:
        with pytest.raises(TransferError, match="access denied without credentials") as caught:
            source.resolve(reference())
        assert_no_secret(caught.value)
        assert set(authorizations(elsewhere)) == {"-"}


def test_a_host_that_a_redirect_leads_to_cannot_have_the_password_sent(serve: Serve) -> None:
    thief, elsewhere, registry = serve(), serve(Bearer(realm="")), serve(Basic(*USER))
    assert isinstance(elsewhere.auth, Bearer)
    elsewhere.auth.realm = f"{thief.url}/token"
    registry.fault("", "/manifests/", Fault.redirect(f"{elsewhere.url}/"))
    with pytest.raises(PrewarmError):
        client(registry, login=LOGIN).resolve(reference())
    assert authorizations(thief) == ["-"]
    assert set(authorizations(elsewhere)) == {"-"}
