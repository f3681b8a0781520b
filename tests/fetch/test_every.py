"""`fetch --every`: rounds that move what drifted, survive failures, and stop when told to."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from prewarm.commands.rounds import parse_interval
from prewarm.demo.images import Image, Layer, build
from prewarm.errors import ContentError, UsageError
from prewarm.fetch import Outcome
from prewarm.oci import OCI_INDEX, Descriptor
from prewarm.reference import Reference
from prewarm.report.rounds import round_text
from tests.fake_registry import FakeRegistry, Fault
from tests.fetch.running import named, run, settings

APP = "docker.io/library/app"
PROGRAM = (
    "import prewarm.commands.rounds as rounds; rounds.SHORTEST = 0;"
    "from prewarm.cli import main; main()"
)


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    images = [Image(f"{APP}:{tag}", (Layer(tag, 5000),)) for tag in ("1", "2")]
    with FakeRegistry(build(images), host="docker.io") as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, registry: FakeRegistry) -> Path:
    (tmp_path / "prewarm.toml").write_text(settings(registry.url, "[fetch]\ntries = 1"))
    return tmp_path


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str, every: str = "0.2s") -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PROGRAM, "fetch", "--every", every, *arguments]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, text=True))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


Start = Callable[..., "subprocess.Popen[str]"]


def read_until(process: subprocess.Popen[str], text: str) -> list[str]:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if text in line:
            return lines
    raise AssertionError(lines)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def move(registry: FakeRegistry, tag: str, other: str) -> None:
    target = registry.contents.names[f"{APP}:{other}"]
    raw = registry.contents.blobs[target.digest]
    registry.contents.publish(f"{APP}:{tag}", target.media_type, raw)


def test_what_moves_is_said_and_what_stays_costs_heads(
    folder: Path, registry: FakeRegistry, start: Start
) -> None:
    process = start("app:1")
    first = read_until(process, "in the store")
    assert first[0].startswith(f"new    {APP}:1 ")
    assert "1 image in the store, 1 changed" in first[1]
    registry.requests.clear()
    assert "0 changed, 0 B moved" in read_until(process, "in the store")[0]
    assert {seen.method for seen in registry.requests} == {"HEAD"}
    move(registry, "1", "2")
    moved = read_until(process, "1 changed")
    assert any(line.startswith(f"moved  {APP}:1 ") and " -> " in line for line in moved)
    assert named(folder)[f"{APP}:1"] == registry.contents.names[f"{APP}:2"].digest


def test_a_round_that_fails_is_followed_by_one_that_does_not(
    folder: Path, registry: FakeRegistry, start: Start
) -> None:
    registry.fault("HEAD", "manifests", Fault.status(500), times=2)
    process = start("app:1")
    read_until(process, "1 failed")
    read_until(process, "1 changed")
    assert f"{APP}:1" in named(folder)


def test_a_list_that_breaks_meanwhile_is_told_and_read_again(
    folder: Path, registry: FakeRegistry, start: Start
) -> None:
    (folder / "list").write_text("app:1\n")
    process = start("--from", "list")
    read_until(process, "in the store")
    (folder / "list").write_text("NOT\n")
    assert process.stderr is not None
    said = next(line for line in process.stderr if "list:1" in line)
    assert "not an image reference" in said
    assert "the next will come" in process.stderr.readline()
    (folder / "list").write_text("app:1\napp:2\n")
    read_until(process, f"new    {APP}:2")


def test_a_mistake_at_the_beginning_ends_it(start: Start) -> None:
    process = start("--from", "nothere")
    assert process.wait(20) == 2


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [(signal.SIGTERM, 0, "stopped"), (signal.SIGINT, 130, "interrupted")],
)
def test_a_signal_between_rounds_ends_it(
    start: Start, number: signal.Signals, code: int, said: str
) -> None:
    process = start("app:1", every="1h")
    read_until(process, "in the store")
    process.send_signal(number)
    assert process.wait(10) == code
    assert process.stderr is not None
    assert f"prewarm: {said}; what is complete is kept" in process.stderr.read()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_in_a_round_does_not_wait_for_the_upstream(
    folder: Path, registry: FakeRegistry, start: Start, number: signal.Signals, code: int
) -> None:
    registry.fault("GET", "blobs", Fault.stall())
    process = start("app:1", every="1h")
    wait_for(lambda: registry.count("GET", "blobs") > 0)
    process.send_signal(number)
    assert process.wait(5) == code
    registry.heal()
    assert named(folder) == {}


def test_for_machines_each_round_is_a_line(start: Start) -> None:
    process = start("app:1", "--format", "json")
    lines = [*read_until(process, "version"), *read_until(process, "version")]
    moved = [json.loads(line)["images"][0]["moved"] > 0 for line in lines]
    assert moved == [True, False]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60s", 60), ("1m", 60), ("1.5h", 5400), (" 6 h ", 21600), ("1d", 86400)],
)
def test_a_pause_has_a_unit(text: str, seconds: float) -> None:
    assert parse_interval(text) == seconds


@pytest.mark.parametrize("text", ["", "6", "h", "59s", "0m", "-1h", "1w", "1h30m", "9999999d"])
def test_what_is_no_pause_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="--every"):
        parse_interval(text)


def test_it_does_not_go_with_a_plan(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(UsageError, match="neither with --referrers nor with --every"):
        run("fetch", "--plan", "--every", "6h", "app:1")


def test_a_round_in_words() -> None:
    def outcome(tag: str, digit: str, moved: int = 0) -> Outcome:
        root = Descriptor(OCI_INDEX, "sha256:" + digit * 64, 10)
        return Outcome(Reference.parse(f"app:{tag}"), root, moved)

    failed = Outcome(Reference.parse("app:5"), error=ContentError("app", "is bad"))
    outcomes = [outcome("1", "a"), outcome("2", "b", 7), outcome("3", "c", 9), failed]
    before = {f"{APP}:1": "sha256:" + "a" * 64, f"{APP}:2": "sha256:" + "f" * 64}
    before[f"{APP}:3"] = "sha256:" + "c" * 64
    assert round_text(outcomes, before, "NOW").splitlines() == [
        f"moved  {APP}:2 sha256:ffffffffffff -> sha256:bbbbbbbbbbbb",
        f"filled {APP}:3 9 B",
        "NOW 3 images in the store, 2 changed, 16 B moved, 1 failed",
    ]
