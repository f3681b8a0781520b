from __future__ import annotations

import json
import ssl
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from prewarm.demo.answer import Request
from prewarm.demo.images import Contents, Image, Layer, build
from tests.fake_registry import Basic, Bearer, FakeRegistry, Fault, Quota
from tests.fake_registry.auth import Auth
from tests.fake_registry.client import ask
from tests.fake_registry.tls import make_certificate

MANIFEST = "/v2/library/alpine/manifests/3.20"


@pytest.fixture(scope="module")
def contents() -> Contents:
    return build(
        [
            Image("alpine:3.20", (Layer("alpine", 20_000),)),
            Image("debian:12", (Layer("debian", 200),), ("linux/amd64", "linux/arm64")),
        ]
    )


def token(registry: FakeRegistry, repository: str, key: str = "token", login: str = "") -> str:
    scope = quote(f"repository:{repository}:pull")
    answer = ask(registry, f"/token?service=fake&scope={scope}", Authorization=login)
    return f"Bearer {json.loads(answer.body)[key]}"


def test_basic_wants_the_password_each_time(contents: Contents) -> None:
    with FakeRegistry(contents, auth=Basic("me", "secret")) as registry:
        refused = ask(registry, MANIFEST)
        assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="fake"')
        assert ask(registry, MANIFEST, Authorization="Basic bWU6d3Jvbmc=").status == 401
        assert ask(registry, MANIFEST, Authorization="Basic bWU6c2VjcmV0").status == 200


def test_a_bearer_token_is_for_one_scope(contents: Contents) -> None:
    with FakeRegistry(contents, auth=Bearer()) as registry:
        assert ask(registry, "/v2/").headers["WWW-Authenticate"] == (
            f'Bearer realm="{registry.url}/token",service="fake"'
        )
        assert (
            ask(registry, MANIFEST)
            .headers["WWW-Authenticate"]
            .endswith(',scope="repository:library/alpine:pull"')
        )
        alpine = token(registry, "library/alpine")
        assert ask(registry, MANIFEST, Authorization=alpine).status == 200
        assert ask(registry, "/v2/", Authorization=alpine).status == 200
        other = ask(registry, "/v2/library/debian/manifests/12", Authorization=alpine)
        assert (other.status, other.headers["WWW-Authenticate"][-26:]) == (
            401,
            'error="insufficient_scope"',
        )
        assert ask(registry, MANIFEST, Authorization="Bearer token-9").status == 401
        assert registry.count("GET", "^/token") == 1


@pytest.mark.parametrize(
    ("auth", "said"),
    [
        (Bearer(lifetime=0.2, stated=60), {"token", "expires_in"}),
        (Bearer(lifetime=0.2, stated=0), {"token"}),
        (Bearer(uses=2, answer_key="access_token"), {"access_token", "expires_in"}),
    ],
)
def test_a_bearer_token_dies(contents: Contents, auth: Bearer, said: set[str]) -> None:
    with FakeRegistry(contents, auth=auth) as registry:
        answer = ask(registry, "/token?scope=repository:library/alpine:pull")
        assert set(json.loads(answer.body)) == said
        mine = token(registry, "library/alpine", auth.answer_key)
        assert [ask(registry, MANIFEST, Authorization=mine).status for _ in range(2)] == [200, 200]
        time.sleep(0.25)
        assert ask(registry, MANIFEST, Authorization=mine).status == 401


def test_a_token_costs_credentials_where_there_is_a_user(contents: Contents) -> None:
    auth = Bearer("me", "secret", identity="refresh")
    path, scope = "/token?service=fake", "&scope=repository:library/alpine:pull"
    with FakeRegistry(contents, auth=auth) as registry:
        assert ask(registry, path).status == 401
        assert ask(registry, path, Authorization="Basic bWU6d3Jvbmc=").status == 401
        mine = token(registry, "library/alpine", login="Basic bWU6c2VjcmV0")
        assert ask(registry, MANIFEST, Authorization=mine).status == 200
        for form, status in (
            ("grant_type=refresh_token&refresh_token=refresh&service=fake&client_id=x", 200),
            ("grant_type=refresh_token&refresh_token=other&service=fake&client_id=x", 401),
            ("grant_type=refresh_token&refresh_token=refresh&service=fake", 401),
            ("grant_type=refresh_token&refresh_token=refresh&client_id=x", 401),
            ("grant_type=password&username=me&password=secret", 200),
            ("grant_type=password&username=me&password=wrong", 401),
        ):
            assert ask(registry, "/token", "POST", body=form + scope).status == status


def test_wrong_credentials_are_worse_than_none(contents: Contents) -> None:
    with FakeRegistry(contents, auth=Bearer()) as registry:
        assert ask(registry, "/token").status == 200
        assert ask(registry, "/token", Authorization="Basic bWU6d3Jvbmc=").status == 401


def test_faults_strike_only_who_may_come_in(contents: Contents) -> None:
    with FakeRegistry(contents, auth=Bearer()) as registry:
        registry.fault("GET", "/manifests/", Fault.status(401), times=1)
        assert "error" not in ask(registry, MANIFEST).headers["WWW-Authenticate"]
        mine = token(registry, "library/alpine")
        again = ask(registry, MANIFEST, Authorization=mine)
        assert again.status == 401
        assert again.headers["WWW-Authenticate"].endswith('error="invalid_token"')
        assert ask(registry, MANIFEST, Authorization=mine).status == 200
        registry.fault("GET", "^/token", Fault.status(503), times=1)
        assert ask(registry, "/token").status == 503


def test_tokens_may_come_from_elsewhere(contents: Contents) -> None:
    auth = Bearer()
    with FakeRegistry(contents, auth=auth) as registry, FakeRegistry(contents, auth=auth) as tokens:
        auth.realm = f"{tokens.url}/token"
        assert f'realm="{tokens.url}/token"' in ask(registry, "/v2/").headers["WWW-Authenticate"]
        mine = token(tokens, "library/alpine")
        assert ask(registry, MANIFEST, Authorization=mine).status == 200


def test_an_https_registry_may_name_a_plain_realm(contents: Contents, tmp_path: Path) -> None:
    auth = Bearer(realm="http://127.0.0.1:1/token")
    with FakeRegistry(contents, auth=auth, tls=make_certificate(tmp_path)) as registry:
        assert registry.url.startswith("https://")
        assert 'realm="http://' in ask(registry, MANIFEST).headers["WWW-Authenticate"]
        registry.fault("GET", "", Fault.reset())
        mine = token_of_anyone(auth)
        with pytest.raises((ConnectionResetError, ssl.SSLError)):
            ask(registry, MANIFEST, Authorization=mine)


def token_of_anyone(auth: Auth) -> str:
    issued = auth.issue(Request("GET", "/token?scope=repository:library/alpine:pull"))
    assert issued is not None
    return f"Bearer {json.loads(issued.body)['token']}"


def test_a_quota_is_spent_by_getting_manifests(contents: Contents) -> None:
    with FakeRegistry(contents, quota=Quota(remaining=2)) as registry:
        for method, left in (("HEAD", 2), ("GET", 1), ("HEAD", 1), ("GET", 0), ("HEAD", 0)):
            answer = ask(registry, MANIFEST, method)
            assert answer.status == 200
            assert answer.headers["ratelimit-remaining"] == f"{left};w=21600"
            assert answer.headers["ratelimit-limit"] == "100;w=21600"
            assert ask(registry, "/v2/").headers["ratelimit-limit"] is None
        used_up = ask(registry, MANIFEST)
        assert (used_up.status, used_up.headers["ratelimit-remaining"]) == (429, "0;w=21600")
        assert json.loads(used_up.body)["errors"][0]["code"] == "TOOMANYREQUESTS"


@pytest.mark.parametrize(
    ("path", "fault"), [(MANIFEST, Fault.status(503)), ("/v2/a/manifests/b", Fault())]
)
def test_what_fails_costs_no_quota(contents: Contents, path: str, fault: Fault) -> None:
    with FakeRegistry(contents, quota=Quota()) as registry:
        registry.fault("GET", MANIFEST, fault, times=1)
        ask(registry, path)
        assert registry.quota == Quota(remaining=100)
