"""Who we are to a host: variables, docker's file, podman's file, helpers; most specific first."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewarm.errors import TransferError, UsageError
from prewarm.registry.authfile import AuthFile
from prewarm.registry.credentials import Credential, Credentials, variable_of

from .programs import helper, knowing, saying


def auth(user: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def of(folder: Path, auths: dict[str, Any], **environ: str) -> Credentials:
    (folder / "config.json").write_text(json.dumps({"auths": auths}))
    return Credentials.of_environment({"DOCKER_CONFIG": str(folder), **environ})


def found(credentials: Credentials, host: str, repository: str = "a/b") -> str | None:
    credential = credentials.lookup(host, repository)
    if credential is None:
        return None
    tokens = credential.identity_token + credential.registry_token
    return f"{credential.user}:{credential.password}{tokens}"


@pytest.mark.parametrize(
    ("key", "host"),
    [
        ("quay.io", "quay.io"),
        ("https://quay.io", "quay.io"),
        ("https://quay.io/", "quay.io"),
        ("https://quay.io/v1/", "quay.io"),
        ("https://quay.io/v2/", "quay.io"),
        ("https://quay.io/v2", "quay.io"),
        ("http://quay.io", "quay.io"),
        ("quay.io/a", "quay.io"),
        ("quay.io/a/b", "quay.io"),
        ("localhost:5000", "localhost:5000"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("https://index.docker.io/v1", "docker.io"),
        ("index.docker.io", "docker.io"),
        ("docker.io", "docker.io"),
        ("registry-1.docker.io", "docker.io"),
    ],
)
def test_a_key_is_known_by_every_spelling(tmp_path: Path, key: str, host: str) -> None:
    credentials = of(tmp_path, {key: auth("me", "pw")})
    assert found(credentials, host) == "me:pw"
    assert found(credentials, "other.example") is None


def test_the_most_specific_key_counts(tmp_path: Path) -> None:
    auths = {key: auth(key, "x") for key in ("q.io", "q.io/a", "q.io/a/b", "https://q.io")}
    credentials = of(tmp_path, auths)
    assert found(credentials, "q.io", "a/b") == "q.io/a/b:x"
    assert found(credentials, "q.io", "a/b/c") == "q.io/a/b:x"
    assert found(credentials, "q.io", "a/c") == "q.io/a:x"
    assert found(credentials, "q.io", "ab") == "q.io:x"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (auth("me", "pw"), "me:pw"),
        (auth("me", "p:w:"), "me:p:w:"),
        (auth("me", "pw\0\0"), "me:pw"),
        ({"username": "me", "password": "pw"}, "me:pw"),
        ({**auth("me", ""), "identitytoken": "T"}, "me:T"),
        ({"identitytoken": "T"}, ":T"),
        ({"registrytoken": "R"}, ":R"),
        ({**auth("me", "pw"), "registrytoken": "R"}, "me:pwR"),
        ({"registrytoken": "R\r\nX: y"}, None),
        ({"identitytoken": "T T"}, None),
        ({"username": 5, "password": ["pw"]}, None),
        ({}, None),
        ({"auth": ""}, None),
        ({"auth": "!!!"}, None),
        ({"auth": base64.b64encode(b"nocolon").decode()}, None),
        ({"auth": base64.b64encode(b"\xff\xfe:x").decode()}, None),
        ({"auth": 5, "identitytoken": []}, None),
        (None, None),
        ("text", None),
    ],
    ids=str,
)
def test_an_entry_is_read(tmp_path: Path, entry: object, expected: str | None) -> None:
    assert found(of(tmp_path, {"q.io": entry}), "q.io") == expected


def test_docker_comes_before_podman(tmp_path: Path) -> None:
    docker, runtime, home = (tmp_path / name for name in ("docker", "run", "home"))
    for folder in (docker, runtime / "containers", home / ".config" / "containers"):
        folder.mkdir(parents=True)
    everywhere = {"HOME": str(home), "XDG_RUNTIME_DIR": str(runtime), "DOCKER_CONFIG": str(docker)}
    files = {
        "home": home / ".config" / "containers" / "auth.json",
        "runtime": runtime / "containers" / "auth.json",
        "docker": docker / "config.json",
    }
    for name, file in files.items():
        file.write_text(json.dumps({"auths": {"q.io": auth(name, "x")}}))
        assert found(Credentials.of_environment(everywhere), "q.io") == f"{name}:x"
    named = tmp_path / "named.json"
    named.write_text(json.dumps({"auths": {"q.io": auth("named", "x")}}))
    files["docker"].unlink()
    chosen = {**everywhere, "REGISTRY_AUTH_FILE": str(named)}
    assert found(Credentials.of_environment(chosen), "q.io") == "named:x"
    home_alone = {"HOME": str(home)}
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").write_text(json.dumps({"auths": {"q.io": auth("d", "x")}}))
    assert found(Credentials.of_environment(home_alone), "q.io") == "d:x"


def test_no_files_are_no_credentials(tmp_path: Path) -> None:
    assert found(Credentials.of_environment({"HOME": str(tmp_path)}), "q.io") is None
    assert found(Credentials.of_environment({}), "q.io") is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("", "not JSON"),
        ("\udcff", "not JSON"),
    ],
    ids=["cut", "deep", "empty", "no text"],
)
def test_a_file_that_cannot_be_understood_is_told(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "config.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    credentials = Credentials.of_environment({"DOCKER_CONFIG": str(tmp_path)})
    with pytest.raises(UsageError, match=problem) as caught:
        credentials.lookup("q.io", "a")
    assert str(caught.value).startswith(str(tmp_path / "config.json"))


@pytest.mark.parametrize("text", ["{}", "[]", '{"auths": []}', '{"auths": null}', "5"])
def test_a_file_without_credentials_has_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    assert found(Credentials.of_environment({"DOCKER_CONFIG": str(tmp_path)}), "q.io") is None


def test_a_file_is_read_once(tmp_path: Path) -> None:
    credentials = of(tmp_path, {"q.io": auth("me", "pw")})
    assert found(credentials, "q.io") == "me:pw"
    (tmp_path / "config.json").unlink()
    assert found(credentials, "q.io") == "me:pw"


def test_the_environment_comes_first(tmp_path: Path) -> None:
    credentials = of(tmp_path, {"q.io": auth("me", "pw")}, PREWARM_AUTH_Q_IO="you:a:b")
    assert found(credentials, "q.io") == "you:a:b"
    credential = credentials.lookup("q.io", "a")
    assert credential is not None and credential.source == "PREWARM_AUTH_Q_IO"


def test_a_variable_without_a_colon_is_told_without_its_value() -> None:
    credentials = Credentials.of_environment({"PREWARM_AUTH_Q_IO": "secret"})
    with pytest.raises(UsageError) as caught:
        credentials.lookup("q.io", "a")
    assert str(caught.value) == "PREWARM_AUTH_Q_IO: holds no colon: set it to user:password"


@pytest.mark.parametrize(
    ("host", "variable"),
    [
        ("docker.io", "PREWARM_AUTH_DOCKER_IO"),
        ("quay.io", "PREWARM_AUTH_QUAY_IO"),
        ("127.0.0.1:5000", "PREWARM_AUTH_127_0_0_1_5000"),
        ("localhost:5000", "PREWARM_AUTH_LOCALHOST_5000"),
        ("my-registry.example", "PREWARM_AUTH_MY__REGISTRY_EXAMPLE"),
    ],
)
def test_a_host_has_a_variable(host: str, variable: str) -> None:
    assert variable_of(host) == variable


def test_no_other_host_can_ask_for_a_variable() -> None:
    hosts = [
        "a.b.example",
        "a-b.example",
        "a--b.example",
        "a.b-example",
        "a-b-example",
        "a.bexample",
    ]
    assert len({variable_of(host) for host in hosts}) == len(hosts)


def test_secrets_are_not_shown() -> None:
    credential = Credential("me", "secret-password", "secret-token", "secret-token")
    assert "secret" not in repr(credential)
    credentials = Credentials({"PREWARM_AUTH_Q_IO": "me:secret"}, ())
    assert credentials.lookup("q.io", "a") is not None
    assert "secret" not in repr(credentials)


def test_any_bytes_make_a_password() -> None:
    password = os.fsdecode(b"\xff\xe9")
    basic = Credential("me", password).basic
    assert base64.b64decode(basic.removeprefix("Basic ")) == b"me:\xff\xe9"
    assert Credential("mé", "ü").basic == "Basic " + base64.b64encode("mé:ü".encode()).decode()


@pytest.mark.parametrize(
    ("credential", "kind"),
    [
        (Credential("me", "pw"), "password"),
        (Credential("me", ""), "password"),
        (Credential("me", "", "T"), "identity token"),
        (Credential("me", "pw", "T", "R"), "registry token"),
    ],
)
def test_a_credential_has_a_kind(credential: Credential, kind: str) -> None:
    assert credential.kind == kind
    without_password = kind != "password" and not credential.password
    assert (credential.basic == "") is without_password


_HOSTS = st.from_regex(r"[a-c]{1,2}(\.[a-c]{1,2}){0,2}(:[1-3])?", fullmatch=True)
_PATHS = st.lists(st.sampled_from(["a", "b", "v1", "v2"]), max_size=2).map("/".join)


@given(_HOSTS, _PATHS, _HOSTS, _PATHS)
def test_no_host_is_given_what_is_filed_for_another(
    host: str, path: str, other: str, repository: str
) -> None:
    for scheme in ("", "https://", "http://"):
        key = f"{scheme}{host}/{path}"
        file = AuthFile({key.rstrip("/"): Credential("me", "pw")})
        if file.credential(other, repository or "a") is not None:
            assert host == other


# Helpers

HUB = "https://index.docker.io/v1/"


def with_helpers(folder: Path, document: dict[str, Any], **scripts: str) -> Credentials:
    """Credentials of a docker file with these programs on the PATH."""
    (folder / "config.json").write_text(json.dumps(document))
    path = "/usr/bin:/bin"
    for name, script in scripts.items():
        path = helper(folder, name, script)
    return Credentials.of_environment({"DOCKER_CONFIG": str(folder), "PATH": path})


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"credHelpers": {"q.io": "one"}}, "one:pw"),
        ({"credsStore": "one"}, "one:pw"),
        ({"credHelpers": {"q.io": "two"}, "credsStore": "one"}, "two:pw"),
        ({"credHelpers": {"other.io": "two"}, "credsStore": "one"}, "one:pw"),
        ({"credHelpers": {"q.io": ""}, "credsStore": "one"}, None),
        ({"credHelpers": {"q.io": ""}, "credsStore": "one", "auths": "FILE"}, "file:pw"),
        ({"credHelpers": {"q.io": "one"}, "auths": "FILE"}, "one:pw"),
        ({"credsStore": "one", "auths": "FILE"}, "one:pw"),
        ({"credsStore": "none", "auths": "FILE"}, None),
        ({"credsStore": "none", "auths": {"q.io": {"registrytoken": "R"}}}, ":R"),
        ({"credsStore": "fails", "auths": {"q.io": {"registrytoken": "R"}}}, ":R"),
        ({"credHelpers": {"other.io": "fails"}, "auths": "FILE"}, "file:pw"),
        ({"credsStore": "token"}, ":T"),
        ({"credHelpers": ["q.io"], "credsStore": 5, "auths": "FILE"}, "file:pw"),
        ({"credHelpers": {"q.io": 5}, "auths": "FILE"}, "file:pw"),
    ],
    ids=str,
)
def test_a_helper_comes_before_the_entries_as_with_docker(
    tmp_path: Path, document: dict[str, Any], expected: str | None
) -> None:
    if document.get("auths") == "FILE":
        document = {**document, "auths": {"q.io": auth("file", "pw")}}
    credentials = with_helpers(
        tmp_path,
        document,
        one=saying("one", "pw"),
        two=saying("two", "pw"),
        none=knowing("nowhere", "", ""),
        token=saying("<token>", "T"),
        fails="exit 1",
    )
    assert found(credentials, "q.io") == expected


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (HUB, HUB),
        ("https://index.docker.io/v1", HUB),
        ("index.docker.io", HUB),
        (None, HUB),
        ("docker.io", "docker.io"),
    ],
)
def test_a_helper_knows_docker_hub_as_docker_or_podman_told_it(
    tmp_path: Path, key: str | None, name: str
) -> None:
    document = {"credHelpers": {key: "x"}} if key else {"credsStore": "x"}
    credentials = with_helpers(tmp_path, document, x=knowing(name, "me", "pw"))
    assert found(credentials, "docker.io", "library/a") == "me:pw"
    assert credentials.told("docker.io")["docker-credential-x"].user == "me"
    assert found(credentials, "index.docker.io.example") is None


def test_where_a_helper_knows_nothing_the_next_file_is_asked(tmp_path: Path) -> None:
    credentials = with_helpers(tmp_path, {"credsStore": "x"}, x=knowing("q.io", "x", "pw"))
    podman = tmp_path / "auth.json"
    podman.write_text(json.dumps({"auths": {h: auth("p", "pw") for h in ("q.io", "r.io")}}))
    both = Credentials(credentials.environ, (*credentials.files[:1], podman))
    assert found(both, "q.io") == "x:pw"
    assert found(both, "r.io") == "p:pw"
    assert {p: a.secret for p, a in both.told("r.io").items()} == {"docker-credential-x": ""}


def test_a_helper_that_fails_is_told_and_its_entry_not_used(tmp_path: Path) -> None:
    document = {"credsStore": "x", "auths": {"q.io": auth("me", "hunter2")}}
    credentials = with_helpers(tmp_path, document, x="echo hunter2; exit 1")
    for _ in range(2):
        with pytest.raises(TransferError) as caught:
            credentials.lookup("q.io", "a")
        assert str(caught.value) == (
            "docker-credential-x: failed for q.io (exit code 1): see whether "
            "`docker-credential-x list` works, or take it out of docker's config.json"
        )


@pytest.mark.parametrize("name", ["../x", "/bin/x", "-x", "a b"])
def test_a_name_that_no_helper_has_is_told(tmp_path: Path, name: str) -> None:
    credentials = with_helpers(tmp_path, {"credsStore": name})
    with pytest.raises(UsageError) as caught:
        credentials.lookup("q.io", "a")
    assert str(caught.value).startswith(f"{tmp_path / 'config.json'}: {name!r} cannot be the name")


def test_the_environment_comes_before_a_helper(tmp_path: Path) -> None:
    with_helpers(tmp_path, {"credsStore": "x"})
    known = {"DOCKER_CONFIG": str(tmp_path), "PREWARM_AUTH_Q_IO": "you:pw"}
    assert found(Credentials.of_environment(known), "q.io") == "you:pw"


# GitHub's token


@pytest.mark.parametrize(
    ("environ", "host", "expected"),
    [
        ({"GITHUB_TOKEN": "ghs"}, "ghcr.io", None),
        ({"GITHUB_TOKEN": "ghs", "PREWARM_GITHUB_TOKEN": "0"}, "ghcr.io", None),
        ({"GITHUB_TOKEN": "ghs", "PREWARM_GITHUB_TOKEN": ""}, "ghcr.io", None),
        ({"GITHUB_TOKEN": "ghs", "PREWARM_GITHUB_TOKEN": "1"}, "ghcr.io", "github:ghs"),
        (
            {"GITHUB_TOKEN": "ghs", "PREWARM_GITHUB_TOKEN": "1", "GITHUB_ACTOR": "me"},
            "ghcr.io",
            "me:ghs",
        ),
        ({"GITHUB_TOKEN": "ghs", "PREWARM_GITHUB_TOKEN": "1"}, "ghcr.io:443", None),
        ({"GITHUB_TOKEN": "ghs", "PREWARM_GITHUB_TOKEN": "1"}, "x.ghcr.io", None),
        ({"GITHUB_TOKEN": "ghs", "PREWARM_GITHUB_TOKEN": "1"}, "docker.io", None),
        ({"PREWARM_GITHUB_TOKEN": "secret"}, "docker.io", None),
        (
            {"GITHUB_TOKEN": "t", "PREWARM_GITHUB_TOKEN": "1", "PREWARM_AUTH_GHCR_IO": "a:b"},
            "ghcr.io",
            "a:b",
        ),
    ],
    ids=str,
)
def test_the_token_of_github_is_for_its_registry_and_only_when_asked(
    environ: dict[str, str], host: str, expected: str | None
) -> None:
    assert found(Credentials(environ, ()), host) == expected


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        (
            {"PREWARM_GITHUB_TOKEN": "ghs_secret"},
            "PREWARM_GITHUB_TOKEN: neither 0 nor 1: the token is for GITHUB_TOKEN",
        ),
        (
            {"PREWARM_GITHUB_TOKEN": "1"},
            "PREWARM_GITHUB_TOKEN: there is no GITHUB_TOKEN: set it in the step's env",
        ),
    ],
)
def test_a_token_of_github_that_is_not_there_is_told(environ: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Credentials(environ, ()).lookup("ghcr.io", "a/b")
    assert str(caught.value) == message
