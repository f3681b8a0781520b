"""Credential helper programs: real ones, that answer, fail, hang, chatter, and leave children."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewarm.errors import TransferError
from prewarm.registry.helpers import MAX_OUTPUT, Answer, Helpers, is_helper

from .programs import SYSTEM, helper, saying

SECRET = "hunter2"


def ask(
    folder: Path, script: str, *, time_limit: float = 5, server: str = "q.io", **environ: str
) -> Answer:
    path = helper(folder, "x", script)
    return Helpers(time_limit).get("x", server, {"PATH": path, **environ})


def problem(folder: Path, script: str, *, time_limit: float = 5) -> str:
    with pytest.raises(TransferError) as caught:
        ask(folder, script, time_limit=time_limit)
    assert caught.value.subject == "docker-credential-x"
    assert caught.value.status == 401
    assert SECRET not in str(caught.value)
    return caught.value.problem


def gone(process: int, within: float = 2) -> bool:
    """Whether a process ends soon; one that is dead but not yet collected has ended."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.01)
    return False


# What they say


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        (saying("me", SECRET), Answer("me", SECRET)),
        (saying("<token>", SECRET), Answer("<token>", SECRET)),
        (saying("mé", "ü"), Answer("mé", "ü")),
        ("""echo '{"username": "me", "SECRET": "pw"}'""", Answer("me", "pw")),
        ("""echo '{"Username": "", "Secret": ""}'""", Answer()),
        ("echo '{}'", Answer()),
        ("echo credentials not found in native keychain; exit 1", Answer()),
        ("echo chatter >&2; " + saying("me", "pw"), Answer("me", "pw")),
        ("exec 0<&-; sleep 0.1; " + saying("me", "pw").partition("; ")[2], Answer("me", "pw")),
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_answer_is_read(tmp_path: Path, script: str, answer: Answer) -> None:
    assert ask(tmp_path, script) == answer


def test_the_server_is_told_as_docker_tells_it(tmp_path: Path) -> None:
    script = f'echo "$# $*" >{tmp_path}/words; cat >{tmp_path}/server; echo "{{}}"'
    ask(tmp_path, script, server="https://index.docker.io/v1/")
    assert (tmp_path / "words").read_text() == "1 get\n"
    assert (tmp_path / "server").read_text() == "https://index.docker.io/v1/"


def test_a_helper_is_not_given_the_credentials_of_the_environment(tmp_path: Path) -> None:
    script = f'env >{tmp_path}/environment; echo "{{}}"'
    ask(tmp_path, script, PREWARM_AUTH_Q_IO=f"me:{SECRET}", AWS_PROFILE="work")
    environment = (tmp_path / "environment").read_text()
    assert "AWS_PROFILE=work" in environment
    assert SECRET not in environment


# What goes wrong


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (f"echo {SECRET}; echo {SECRET} >&2; exit 3", "failed for q.io (exit code 3)"),
        ("exit 1", "failed for q.io (exit code 1)"),
        ("kill -9 $$", "failed for q.io (killed by signal 9)"),
        (saying("me", SECRET) + "; exit 1", "failed for q.io (exit code 1)"),
        (f"echo {SECRET}", "what it said about q.io is not a credential"),
        ("true", "what it said about q.io is not a credential"),
        ("echo '[]'", "what it said about q.io is not a credential"),
        ("""echo '{"Username": 5}'""", "what it said about q.io is not a credential"),
        (r"printf '\377'", "what it said about q.io is not a credential"),
        ("head -c 50000 /dev/zero | tr '\\0' '['", "what it said about q.io is not a credential"),
        ("echo credentials not found in native keychain", "what it said about q.io is not a cred"),
        ("yes", f"said more than {MAX_OUTPUT} bytes about q.io"),
    ],
)
def test_a_failure_is_told_without_what_was_said(
    tmp_path: Path, script: str, expected: str
) -> None:
    assert problem(tmp_path, script).startswith(expected)


def test_a_program_that_cannot_be_run_is_told(tmp_path: Path) -> None:
    program = tmp_path / "docker-credential-x"
    program.write_bytes(b"\0not a program")
    program.chmod(0o755)
    with pytest.raises(TransferError, match="cannot be run: Exec format error"):
        Helpers().get("x", "q.io", {"PATH": str(tmp_path)})


@pytest.mark.parametrize(
    "script",
    [
        "sleep 60",
        "trap '' TERM INT; sleep 60",
        "sleep 60 & echo $! >CHILD; wait",
        "sleep 60 & echo $! >CHILD; echo '{}'",
        "exec >&-; sleep 60 & echo $! >CHILD; wait",
        "while true; do echo; sleep 0.05; done",
    ],
    ids=["sleeps", "ignores", "with a child", "leaves a child", "says it is done", "drips"],
)
def test_a_helper_that_hangs_is_ended_with_its_children(tmp_path: Path, script: str) -> None:
    child = tmp_path / "child"
    script = f"echo $$ >{tmp_path}/own\n" + script.replace("CHILD", str(child))
    began = time.monotonic()
    assert problem(tmp_path, script, time_limit=0.4) == "no answer for q.io within 0.4 seconds"
    assert time.monotonic() - began < 3
    assert gone(int((tmp_path / "own").read_text()))
    assert not child.exists() or gone(int(child.read_text()))


def test_a_helper_that_says_too_much_is_ended_with_its_children(tmp_path: Path) -> None:
    problem(tmp_path, f"sleep 60 & echo $! >{tmp_path}/child; yes")
    assert gone(int((tmp_path / "child").read_text()))


# Which programs are run


@pytest.mark.parametrize("name", ["x", "ecr-login", "desktop.exe", "osxkeychain", "a_b", "2"])
def test_a_plain_name_is_a_helper(name: str) -> None:
    assert is_helper(name)


@pytest.mark.parametrize(
    "name",
    ["", "-x", ".x", "..", "a/b", "../x", "/x", "x y", "x;y", "x\n", "x\0", "$x", "x" * 101, "é"],
)
def test_anything_else_is_not(name: str) -> None:
    assert not is_helper(name)


@given(st.text())
def test_no_helper_has_a_folder(name: str) -> None:
    if is_helper(name):
        assert Path("/a", f"docker-credential-{name}").parent == Path("/a")


@pytest.mark.parametrize("path", [None, "", ".", ":", f"{SYSTEM}:", "bin", "./bin", ":bin:."])
def test_only_the_path_is_searched_and_never_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str | None
) -> None:
    (tmp_path / "bin").mkdir()
    for folder in (tmp_path, tmp_path / "bin"):
        helper(folder, "x", f"touch {tmp_path}/ran; {saying('me', 'pw')}")
    monkeypatch.chdir(tmp_path)
    environ = {} if path is None else {"PATH": path}
    with pytest.raises(TransferError, match="docker-credential-x: not found on PATH"):
        Helpers().get("x", "q.io", environ)
    assert not (tmp_path / "ran").exists()


# How often


@pytest.mark.parametrize("ending", ["", "; exit 1"], ids=["answers", "fails"])
def test_many_threads_run_a_helper_once_for_a_server(tmp_path: Path, ending: str) -> None:
    script = f"sleep 0.2; echo $(cat) >>{tmp_path}/runs; {saying('me', 'pw')}{ending}"
    environ = {"PATH": helper(tmp_path, "x", script)}
    helpers = Helpers()

    def get(number: int) -> str:
        try:
            return helpers.get("x", f"{number % 2}.io", environ).user
        except TransferError as error:
            return error.problem

    with ThreadPoolExecutor(12) as pool:
        said = set(pool.map(get, range(24)))
    assert sorted((tmp_path / "runs").read_text().split()) == ["0.io", "1.io"]
    assert said == (
        {"failed for 0.io (exit code 1)", "failed for 1.io (exit code 1)"} if ending else {"me"}
    )


def test_servers_are_asked_for_side_by_side(tmp_path: Path) -> None:
    environ = {"PATH": helper(tmp_path, "x", f"sleep 0.5; {saying('me', 'pw')}")}
    helpers = Helpers()
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(lambda n: helpers.get("x", f"{n}.io", environ), range(4)))) == 4
    assert time.monotonic() - began < 1.5


def test_what_was_said_can_be_told_without_secrets(tmp_path: Path) -> None:
    environ = {"PATH": helper(tmp_path, "x", saying("me", SECRET))}
    helpers = Helpers()
    assert helpers.told("q.io") == {}
    helpers.get("x", "q.io", environ)
    with pytest.raises(TransferError):
        helpers.get("y", "q.io", {"PATH": os.devnull})
    told = helpers.told("q.io")
    assert told["docker-credential-x"].user == "me"
    assert told["docker-credential-y"].problem == "not found on PATH"
    assert SECRET not in repr(told)
    assert SECRET not in repr(helpers)
