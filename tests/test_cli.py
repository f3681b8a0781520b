"""The command line as a person meets it: exit codes, one line for each problem, never a trace."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from prewarm import __version__
from prewarm.cli import COMMANDS, main
from prewarm.layout import LayoutReader
from prewarm.oci import OCI_MANIFEST
from tests.fake_registry import Basic, FakeRegistry, Fault
from tests.fake_registry.documents import NOT_JSON
from tests.real.soundness import names_in, problems_of

from .fetch.runs import contents

CONTENTS = contents()
QUICK = ("--tries", "1", "--timeout", "0.5")


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left: its exit code, and its two streams."""

    code: int
    out: str
    err: str

    @property
    def problems(self) -> list[str]:
        """The lines on stderr that are not progress."""
        assert "Traceback" not in self.err
        return [line for line in self.err.splitlines() if " to fetch, " not in line]

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document


Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs the whole of `prewarm` in an empty folder, as its entry point does."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["prewarm", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        return Done(int(ended.value.code or 0), out, err)

    return command


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with FakeRegistry(CONTENTS) as running:
        yield running


@pytest.fixture
def fetch(run: Run, registry: FakeRegistry, tmp_path: Path) -> Run:
    """`fetch` from the fake registry, by its short names, into `store`."""

    def command(*arguments: str) -> Done:
        words = [
            registry.name(f"library/{word}") if word[0].isalpha() and ":" in word else word
            for word in arguments
        ]
        return run("fetch", "--store", "store", *QUICK, *words)

    return command


# Bad input


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["fetch", "Foo"], "'Foo': not an image reference: repository names are lower case"),
        (["fetch", "nginx:"], "'nginx:': not an image reference: '' is not a tag"),
        (["fetch", "nginx\n1"], "not an image reference"),
        (["fetch", "--platform", "linux", "nginx"], "'linux': not a platform: write os/arch"),
        (["fetch", "--config", "none.toml", "a"], "none.toml: cannot be read: No such file"),
        (["fetch"], "fetch: the scan found no image: name images, or see prewarm scan"),
    ],
)
def test_what_cannot_be_understood_is_one_line(
    run: Run, tmp_path: Path, arguments: list[str], problem: str
) -> None:
    done = run(*arguments, "--store", "store")
    assert done.code == 2
    (line,) = done.problems
    assert line.startswith("prewarm: ") and problem in line
    assert done.out == ""
    assert list(tmp_path.iterdir()) == []


def test_every_bad_reference_is_told_and_nothing_is_fetched(fetch: Run, tmp_path: Path) -> None:
    done = fetch("other:1", "Foo", "a b", "nginx@1")
    assert done.code == 2
    assert [line.split(":")[1] for line in done.problems] == [" 'Foo'", " 'a b'", " 'nginx@1'"]
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["fetch", "--stor", "x"], "No such option"),
        (["fetch", "--jobs", "0", "a"], "Invalid value for '--jobs'"),
        (["fetch", "--jobs", "many", "a"], "Invalid value for '--jobs'"),
        (["fetch", "--format", "xml", "a"], "Invalid value for '--format'"),
        (["ls", "surplus"], "Got unexpected extra argument"),
        (["fecth"], "No such command 'fecth'"),
    ],
)
def test_what_click_refuses_is_usage(run: Run, arguments: list[str], problem: str) -> None:
    done = run(*arguments)
    assert done.code == 2 and problem in done.err and done.out == ""
    assert "Traceback" not in done.err


SETTINGS = {
    "stor = 'x'\n": ":1: stor is not a setting: did you mean 'store'?",
    "\nplatforms = 5\n": ":2: platforms must be a list",
    "store = \n": ": not TOML: ",
    "[registry.'q.io']\nendpoints = ['ftp://x']\n": ": registry.\"q.io\": 'ftp://x' is not an end",
    "[registry.'q.io']\nendpoints = ['https://me:hunter2@x']\n": "'https://…@x' is not an endpoint",
    "[registry.'q.io']\nca-file = 'none.pem'\n": "none.pem is not a file: name a PEM file as ca-",
}


@pytest.mark.parametrize(("text", "problem"), SETTINGS.items(), ids=lambda text: text[:40])
def test_bad_settings_are_told_with_their_file(
    run: Run, tmp_path: Path, text: str, problem: str
) -> None:
    (tmp_path / "prewarm.toml").write_text(text)
    done = run("fetch", "--store", "store", "q.io/a:1")
    assert done.code == 2
    (line,) = done.problems
    assert line.startswith(f"prewarm: {tmp_path.resolve()}/prewarm.toml") and problem in line
    assert "hunter2" not in line
    assert not (tmp_path / "store").exists()


# What fails


def test_an_unknown_host_is_told(run: Run) -> None:
    done = run("fetch", "--store", "store", *QUICK, "registry.example/a:1")
    assert done.code == 1
    assert done.problems == [
        "prewarm: registry.example/a:1: https://registry.example/v2/a/manifests/1: "
        "the host is not known"
    ]


def test_a_wrong_password_is_told_without_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeRegistry(CONTENTS, auth=Basic("me", "right")) as registry:
        variable = f"PREWARM_AUTH_127_0_0_1_{registry.port}"
        monkeypatch.setenv(variable, "me:hunter2")
        done = run("fetch", "--store", "store", registry.name("library/a:1"))
        assert done.code == 1
        (line,) = done.problems
        assert f"access denied with the credential from {variable}: check user" in line
        assert "hunter2" not in done.err + done.out
        monkeypatch.setenv(variable, "me:right")
        assert run("fetch", "--store", "store", registry.name("library/a:1")).code == 0
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"right" not in path.read_bytes()


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Fault.document(b"{}", OCI_MANIFEST), "its config is not a descriptor"),
        (Fault.document(NOT_JSON, OCI_MANIFEST), "the manifest is not JSON"),
        (Fault.digest_header("sha256:" + "0" * 64), "manifest not found"),
        (Fault.status(404), "manifest not found at http://127.0.0.1"),
        (Fault.status(503), "answered 503 for the manifest: try again later"),
    ],
)
def test_an_upstream_that_lies_or_fails_is_one_line(
    fetch: Run, registry: FakeRegistry, fault: Fault, problem: str
) -> None:
    registry.fault("", "/a/manifests/", fault)
    alone = fetch("a:1")
    assert alone.code == 1 and len(alone.problems) == 1 and problem in alone.problems[0]
    beside = fetch("a:1", "other:1")
    assert beside.code == 3 and len(beside.problems) == 1 and problem in beside.problems[0]
    assert problems_of(Path("store")) == []
    assert names_in(Path("store")) == [f"{registry.address}/library/other:1"]


def test_the_exit_code_says_how_much_failed(fetch: Run) -> None:
    assert fetch("a:1", "other:1").code == 0
    assert fetch("a:1", "none:1").code == 3
    assert fetch("none:1", "none:2").code == 1
    assert fetch("a:1", "a:1", "other:1").code == 0


def test_a_folder_that_is_no_store_is_told(run: Run, fetch: Run, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "precious.txt").write_text("kept")
    problem = "not an OCI image layout, and not empty: name another --store"
    done = fetch("a:1")
    assert (done.code, done.out) == (1, "")
    assert done.problems == [f"prewarm: store: {problem}"]
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["precious.txt"]
    shown = run("ls", "--store", "store")
    assert shown.code == 1
    assert shown.problems == [
        "prewarm: store: not an OCI image layout: run prewarm fetch, or name another --store"
    ]


def test_a_damaged_store_is_told_before_anything_is_fetched(
    fetch: Run, registry: FakeRegistry, tmp_path: Path
) -> None:
    assert fetch("a:1").code == 0
    (tmp_path / "store" / "index.json").write_text("{")
    registry.requests.clear()
    done = fetch("other:1")
    assert done.code == 1 and len(done.problems) == 1
    assert "index.json: not JSON" in done.problems[0] and "put back" in done.problems[0]
    assert registry.count("GET") == 0


def test_no_home_folder_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "relative")
    done = run("ls")
    assert done.code == 2
    assert done.problems == [
        "prewarm: the store: there is no home folder for it: name one with --store"
    ]


def test_a_bug_of_ours_is_told_as_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(root: Path) -> LayoutReader:
        raise ZeroDivisionError

    monkeypatch.setattr(LayoutReader, "open", broken)
    done = run("ls")
    assert done.code == 70
    assert "Traceback" in done.err and "ZeroDivisionError" in done.err
    assert done.err.splitlines()[-1].startswith(f"prewarm {__version__}: this is a bug of ours")


# What succeeds


def test_a_fetch_is_told_as_a_table(fetch: Run, registry: FakeRegistry) -> None:
    done = fetch("a:1", "none:1")
    head, first, second, *_, summary = done.out.splitlines()
    assert head.split()[:4] == ["STATE", "IMAGE", "DIGEST", "MOVED"]
    assert first.split()[:2] == ["fetched", f"{registry.address}/library/a:1"]
    assert second.split()[:2] == ["failed", f"{registry.address}/library/none:1"]
    assert "1 failed" in summary
    again = fetch("a:1")
    assert again.out.splitlines()[1].startswith("held") and again.err == ""


def test_json_is_all_that_stands_on_stdout(fetch: Run, registry: FakeRegistry) -> None:
    done = fetch("--format", "json", "a:1", "none:1")
    assert done.code == 3 and len(done.problems) == 1
    document = done.json
    assert document["version"] == 1
    good, bad = document["images"]
    assert good["reference"] == f"{registry.address}/library/a:1"
    assert good["digest"] == CONTENTS.names["docker.io/library/a:1"].digest
    assert good["moved"] > 0 and good["error"] is None
    assert bad["digest"] is None and "not found" in str(bad["error"])


def test_quiet_leaves_only_what_went_wrong(fetch: Run) -> None:
    assert fetch("--quiet", "a:1").err == ""
    done = fetch("--quiet", "none:1")
    assert done.err.splitlines() == done.problems and len(done.problems) == 1


def test_ls_shows_what_is_there_and_what_is_broken(
    run: Run, fetch: Run, registry: FakeRegistry, tmp_path: Path
) -> None:
    fetch("--platform", "all", "a:1", "multi:1")
    shown = run("ls", "--store", "store")
    assert (shown.code, shown.err) == (0, "")
    assert "linux/amd64, linux/arm64" in shown.out
    assert shown.out.splitlines()[-1].startswith("2 images, ")
    a, multi = run("ls", "--store", "store", "--format", "json").json["images"]
    assert (a["name"], a["whole"]) == (f"{registry.address}/library/a:1", True)
    assert multi["platforms"] == ["linux/amd64", "linux/arm64"]
    LayoutReader(tmp_path / "store").blob_path(a["digest"]).unlink()
    broken = run("ls", "--store", "store", "--format", "json")
    assert broken.code == 0
    assert [image["whole"] for image in broken.json["images"]] == [False, True]
    assert "broken: " in run("ls", "--store", "store").out


def test_where_the_store_is(
    run: Run, registry: FakeRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Option, then environment, then settings, then the cache folder."""
    name = registry.name("library/other:1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert run("fetch", name).code == 0
    assert names_in(tmp_path / "cache" / "prewarm" / "store") == [name]
    (tmp_path / "prewarm.toml").write_text("store = 'set'\n")
    assert run("fetch", name).code == 0
    assert names_in(tmp_path / "set") == [name]
    monkeypatch.setenv("PREWARM_STORE", str(tmp_path / "variable"))
    assert run("fetch", name).code == 0
    assert names_in(tmp_path / "variable") == [name]
    assert run("fetch", "--store", "option", name).code == 0
    assert names_in(tmp_path / "option") == [name]


def test_the_settings_are_used(run: Run, registry: FakeRegistry, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.toml").write_text(
        f'store = "s"\nplatforms = ["linux/arm64"]\n'
        f'[registry."docker.io"]\nendpoints = ["http://127.0.0.1:1", "{registry.url}"]\n'
    )
    assert run("fetch", "--config", "elsewhere.toml", "multi:1").code == 0
    (image,) = run("ls", "--config", "elsewhere.toml", "--format", "json").json["images"]
    assert (image["name"], image["platforms"]) == ("docker.io/library/multi:1", ["linux/arm64"])


def test_what_the_scan_finds_is_fetched(run: Run, registry: FakeRegistry, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {registry.name('library/other:1')}\n")
    assert run("fetch", "--store", "store").code == 0
    assert names_in(tmp_path / "store") == [registry.name("library/other:1")]


def test_version_and_help(run: Run) -> None:
    assert run("--version").out == f"prewarm {__version__}\n"
    shown = run("--help")
    assert shown.code == 0 and "130 interrupted" in shown.out
    for command in COMMANDS:
        assert command in shown.out
        helped = run(command, "-h")
        assert helped.code == 0 and f"prewarm {command} [OPTIONS]" in helped.out


# As a process of its own


def start(folder: Path, *arguments: str, out: int = subprocess.PIPE) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "prewarm", *arguments],
        cwd=folder,
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("path", ["/lone/manifests/", "/lone/blobs/"])
def test_an_interrupt_ends_it_at_once(registry: FakeRegistry, tmp_path: Path, path: str) -> None:
    """The upstream stalls; what was complete by then is kept."""
    registry.fault("GET", path, Fault.stall())
    names = [registry.name(f"library/{name}") for name in ("other:1", "lone:1")]
    process = start(tmp_path, "fetch", "--store", "store", *names)
    store = tmp_path / "store"
    wait_for(lambda: registry.count("GET", path))
    if "blobs" in path:
        wait_for(lambda: names_in(store))
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert time.monotonic() - began < 3
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "prewarm: interrupted; what is complete is kept"
    assert "Traceback" not in err
    assert problems_of(store) == []
    assert names_in(store) == (names[:1] if "blobs" in path else [])
    registry.heal()
    again = start(tmp_path, "fetch", "--store", "store", *names)
    assert again.communicate(timeout=60) and again.returncode == 0
    assert names_in(store) == sorted(names)


def test_a_reader_that_goes_away_is_no_error(registry: FakeRegistry, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = start(
        tmp_path, "fetch", registry.name("library/other:1"), "--store", "s", out=writing
    )
    os.close(writing)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0 and "Traceback" not in err
    assert "Exception ignored" not in err
    assert names_in(tmp_path / "s") == [registry.name("library/other:1")]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_an_output_that_is_full_is_told(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        process = start(tmp_path, "--help", out=full.fileno())
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert err == "prewarm: the output: No space left on device\n"
