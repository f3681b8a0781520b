"""`prewarm auth`: which source wins, whose name it has, what helpers said, what registries say."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from prewarm.cli import cli
from prewarm.errors import UsageError
from prewarm.registry.credentials import variable_of
from prewarm.report.auth import Login, auth_json, auth_text
from tests.fake_registry import Basic, Bearer, FakeRegistry, Fault
from tests.fake_registry.auth import Auth
from tests.fake_registry.server import closed_port
from tests.registry.clients import contents
from tests.registry.programs import helper, knowing, saying

CONTENTS = contents()
USER = ("me", "hunter2")


@pytest.fixture
def serve() -> Iterator[Any]:
    with ExitStack() as stack:

        def start(auth: Auth | None = None) -> FakeRegistry:
            return stack.enter_context(FakeRegistry(CONTENTS, auth=auth))

        yield start


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


def run(*words: str, **environ: str) -> Result:
    return CliRunner(env=environ).invoke(cli, ["auth", *words])


def rows(*words: str, code: int = 0, **environ: str) -> list[dict[str, Any]]:
    result = run(*words, "--format", "json", **environ)
    assert result.exit_code == code, result.output
    document = json.loads(result.output)
    assert document["version"] == 1
    registries: list[dict[str, Any]] = document["registries"]
    return registries


def row(*words: str, code: int = 0, **environ: str) -> dict[str, Any]:
    [only] = rows(*words, code=code, **environ)
    return only


# Which registries


def test_without_a_host_the_settings_and_the_usual_registries_are_shown(tmp_path: Path) -> None:
    settings = '[registry."r.example:5000"]\n[registry."quay.io"]\n'
    (tmp_path / "prewarm.toml").write_text(settings)
    assert [(r["registry"], r["endpoint"]) for r in rows()] == [
        ("r.example:5000", "https://r.example:5000"),
        ("quay.io", "https://quay.io"),
        ("docker.io", "https://registry-1.docker.io"),
        ("ghcr.io", "https://ghcr.io"),
    ]


def test_every_endpoint_of_a_registry_has_a_credential_of_its_own(tmp_path: Path) -> None:
    settings = '[registry."docker.io"]\nendpoints = ["https://m.example/hub", "https://n.example"]'
    (tmp_path / "prewarm.toml").write_text(settings)
    auth = base64.b64encode(b"me:hunter2").decode()
    document = {"auths": {"m.example/hub": {"auth": auth}, "docker.io": {"auth": auth}}}
    (tmp_path / "config.json").write_text(json.dumps(document))
    found = [(r["endpoint"], r["user"]) for r in rows("docker.io")]
    assert found == [("https://m.example/hub", "me"), ("https://n.example", None)]


@pytest.mark.parametrize("host", ["https://quay.io", "a b", "quay.io/a", ""])
def test_what_is_no_host_is_refused(host: str) -> None:
    result = run(host)
    assert isinstance(result.exception, UsageError)
    assert "write registry.example:5000" in str(result.exception)


# Which source


def test_the_source_the_user_and_the_kind_are_told(tmp_path: Path) -> None:
    document = {
        "auths": {
            "b.example": {"auth": base64.b64encode(b"bob:hunter2").decode()},
            "c.example": {"identitytoken": "hunter2"},
            "d.example": {"registrytoken": "hunter2"},
        },
        "credHelpers": {"e.example": "x", "f.example": "x"},
    }
    (tmp_path / "config.json").write_text(json.dumps(document))
    path = helper(tmp_path, "x", knowing("e.example", "eve", "hunter2"))
    hosts = [f"{letter}.example" for letter in "abcdefg"]
    found = rows(*hosts, PATH=path, PREWARM_AUTH_A_EXAMPLE="ann:hunter2")
    file = str(tmp_path / "config.json")
    assert [(r["source"], r["kind"], r["user"], r["helpers"]) for r in found] == [
        ("PREWARM_AUTH_A_EXAMPLE", "password", "ann", []),
        (file, "password", "bob", []),
        (file, "identity token", None, []),
        (file, "registry token", None, []),
        (
            "docker-credential-x",
            "password",
            "eve",
            [{"program": "docker-credential-x", "answer": "answered"}],
        ),
        (None, None, None, [{"program": "docker-credential-x", "answer": "knows no credential"}]),
        (None, None, None, []),
    ]


def test_a_helper_that_fails_is_told_and_the_others_are_shown(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"credHelpers": {"a.example": "x"}}')
    path = helper(tmp_path, "x", "echo hunter2; echo hunter2 >&2; exit 1")
    first, second = rows("a.example", "b.example", PATH=path)
    assert first["problem"].startswith("docker-credential-x: failed for a.example (exit code 1)")
    assert second["problem"] is None
    table = run("a.example", PATH=path).output
    assert table.count("docker-credential-x: failed") == 1
    assert "hunter2" not in table


def test_a_table_has_a_line_for_each() -> None:
    lines = run("a.example", "b.example", PREWARM_AUTH_A_EXAMPLE="me:hunter2").output.splitlines()
    assert [line.split() for line in lines] == [
        ["REGISTRY", "ENDPOINT", "USER", "KIND", "SOURCE"],
        ["a.example", "https://a.example", "me", "password", "PREWARM_AUTH_A_EXAMPLE"],
        ["b.example", "https://b.example", "none"],
    ]


# Whether it is accepted


@pytest.mark.parametrize(
    ("auth", "password", "check", "code"),
    [
        (None, "", "not asked", 0),
        (None, "hunter2", "not asked", 0),
        (Basic(*USER), "hunter2", "accepted", 0),
        (Basic(*USER), "wrong", "refused", 1),
        (Basic(*USER), "", "wanted", 0),
        (Bearer(), "", "anonymous", 0),
        (Bearer(*USER), "hunter2", "accepted", 0),
        (Bearer(*USER), "wrong", "refused", 1),
        (Bearer(*USER), "", "wanted", 0),
    ],
)
def test_a_registry_is_asked(
    serve: Any, auth: Auth | None, password: str, check: str, code: int
) -> None:
    registry = serve(auth)
    environ = {variable_of(registry.address): f"me:{password}"} if password else {}
    found = row("--check", registry.address, code=code, **environ)
    assert (found["check"], found["problem"]) == (check, None)
    assert all(seen.path.partition("?")[0] in ("/v2/", "/token") for seen in registry.requests)
    assert registry.requests[0].headers["Authorization"] is None
    assert registry.count() <= 3


def test_nobody_is_asked_without_being_told_to(serve: Any) -> None:
    registry = serve(Bearer(*USER))
    assert row(registry.address)["check"] is None
    assert registry.requests == []


def test_a_token_for_a_registry_as_such_has_no_scope(serve: Any) -> None:
    registry = serve(Bearer(*USER))
    row("--check", registry.address, code=0, **{variable_of(registry.address): "me:hunter2"})
    [asked] = registry.seen("GET", "^/token")
    assert asked.path == "/token?service=fake"


@pytest.mark.parametrize(
    ("entry", "check", "code"),
    [
        ({"identitytoken": "identity"}, "accepted", 0),
        ({"identitytoken": "wrong"}, "refused", 1),
        ({"registrytoken": "standing"}, "accepted", 0),
        ({"registrytoken": "wrong"}, "refused", 1),
    ],
    ids=str,
)
def test_tokens_are_checked_too(
    serve: Any, tmp_path: Path, entry: dict[str, str], check: str, code: int
) -> None:
    registry = serve(Bearer(*USER, identity="identity", standing="standing"))
    (tmp_path / "config.json").write_text(json.dumps({"auths": {registry.address: entry}}))
    assert row("--check", registry.address, code=code)["check"] == check


def test_a_helper_is_run_once_for_all_endpoints_of_a_host(serve: Any, tmp_path: Path) -> None:
    registry = serve(Basic(*USER))
    endpoints = [registry.url, f"{registry.url}/a"]
    (tmp_path / "prewarm.toml").write_text(f'[registry."quay.io"]\nendpoints = {endpoints}\n')
    (tmp_path / "config.json").write_text('{"credsStore": "x"}')
    path = helper(tmp_path, "x", f"echo run >>{tmp_path}/runs; {saying(*USER)}")
    assert [r["check"] for r in rows("--check", "quay.io", PATH=path)] == ["accepted"] * 2
    assert (tmp_path / "runs").read_text() == "run\n"


def test_one_that_cannot_be_asked_is_told_and_the_others_are_asked(serve: Any) -> None:
    registry, nobody = serve(), f"127.0.0.1:{closed_port()}"
    first, second = rows("--check", nobody, registry.address, code=1)
    assert first["check"] is None
    assert first["problem"] == f"{nobody}: http://{nobody}/v2/: the connection was refused"
    assert second["check"] == "not asked"


@pytest.mark.parametrize("status", [404, 429, 500])
def test_what_answers_oddly_is_told(serve: Any, status: int) -> None:
    registry = serve()
    registry.fault("", "", Fault.status(status))
    problem = row("--check", registry.address, code=1)["problem"]
    assert problem.startswith(f"{registry.address}: {registry.url}/v2/ answered {status}")


def test_a_credential_is_not_shown_where_a_redirect_leads(serve: Any) -> None:
    elsewhere, registry = serve(Basic(*USER)), serve()
    registry.fault("", "", Fault.redirect(f"{elsewhere.url}/"))
    environ = {variable_of(s.address): "me:hunter2" for s in (elsewhere, registry)}
    assert "answered 401" in row("--check", registry.address, code=1, **environ)["problem"]
    assert [seen.headers["Authorization"] for seen in elsewhere.requests] == [None]


# The report


def test_a_name_from_outside_moves_no_cursor() -> None:
    login = Login("q.io", "https://q.io", "file\x1b[2J", "password", "me\x1b[31m\n")
    assert "\x1b" not in auth_text([login], checked=False)
    assert auth_json([login])["registries"][0]["user"] == "me\x1b[31m\n"


def test_a_registry_that_was_not_reached_has_no_verdict() -> None:
    login = Login("q.io", "https://q.io", problem="q.io: the host is not known")
    assert "unknown" in auth_text([login], checked=True)
    assert "unknown" not in auth_text([login], checked=False)
