"""SIGKILL in the middle of a fetch: whatever the moment, the store is sound and goes on from there.

`PREWARM_KILL_ROUNDS` sets how many random moments are tried, `PREWARM_KILL_SEED` which.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from .command import Prewarm
from .programs import need
from .samples import Sample, Upstreams
from .soundness import digests_in, names_in, problems_of

pytestmark = pytest.mark.real

ROUNDS = int(os.environ.get("PREWARM_KILL_ROUNDS", "20"))
SEED = os.environ.get("PREWARM_KILL_SEED", "1")
MOST_CALLS = 40
"""System calls of one kind after which a small fetch is long over."""


@dataclass(frozen=True, slots=True)
class Course:
    """When an undisturbed fetch makes the store, when it ends, in seconds, and what it leaves."""

    startup: float
    whole: float
    references: tuple[str, ...]
    names: list[str]
    digests: set[str]


@pytest.fixture(scope="module")
def course(
    upstreams: Upstreams, samples: dict[str, Sample], tmp_path_factory: pytest.TempPathFactory
) -> Course:
    folder = tmp_path_factory.mktemp("undisturbed")
    prewarm = Prewarm(folder, upstreams.settings())
    references = tuple(sample.reference for sample in samples.values())
    began = time.monotonic()
    process = prewarm.start("fetch", "--store", str(prewarm.store), *references)
    while not prewarm.store.exists() and process.poll() is None:
        time.sleep(0.002)
    startup = time.monotonic() - began
    assert process.wait(60) == 0
    whole = time.monotonic() - began
    result = Course(startup, whole, references, names_in(prewarm.store), digests_in(prewarm.store))
    shutil.rmtree(folder)
    return result


@pytest.mark.parametrize("number", range(ROUNDS))
def test_killed_at_a_random_moment(
    number: int, course: Course, upstreams: Upstreams, tmp_path: Path
) -> None:
    chance = random.Random(f"{SEED}-{number}")
    prewarm = Prewarm(tmp_path, upstreams.settings())
    for _ in range(1 + number % 2):
        _kill_after(prewarm, chance.uniform(course.startup, course.whole), course)
        assert_sound(prewarm, course)
    prewarm.fetch(*course.references).ok()
    assert_complete(prewarm, course)
    shutil.rmtree(prewarm.store)


@pytest.mark.parametrize("call", ["rename", "fsync", "fchmod"])
def test_killed_at_every_call_that_makes_something_last(
    call: str, upstreams: Upstreams, samples: dict[str, Sample], tmp_path: Path
) -> None:
    """strace kills the process as it enters the first such call, then the second, and so on."""
    strace = need("strace")
    references = tuple(samples[key].reference for key in ("app", "other"))
    survived = False
    for number in range(1, MOST_CALLS):
        prewarm = Prewarm(tmp_path / str(number), upstreams.settings(), PYTHONDONTWRITEBYTECODE="1")
        words = prewarm.words("fetch", "--jobs", "1", "--store", str(prewarm.store), *references)
        killing = ("-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}")
        status = _run_quietly((strace, "-f", "-qq", "-o", "/dev/null", *killing, *words), prewarm)
        assert problems_of(prewarm.store) == [], f"at {call} number {number}"
        if status == 0:
            survived = True
            break
        prewarm.fetch(*references).ok()
        assert names_in(prewarm.store) == sorted(references), f"after {call} number {number}"
        assert problems_of(prewarm.store) == [], f"after {call} number {number}"
    assert survived
    assert number > 1, f"no {call} was seen"


def test_nothing_that_a_reader_sees_is_written_in_place(
    upstreams: Upstreams, samples: dict[str, Sample], tmp_path: Path
) -> None:
    """strace shows every file that is opened for writing: none is a blob or index.json."""
    prewarm = Prewarm(tmp_path, upstreams.settings())
    log = tmp_path / "opened"
    words = prewarm.words("fetch", "--store", str(prewarm.store), samples["app"].reference)
    tracing = ("-f", "-qq", "-e", "trace=openat,open,creat", "-o", str(log))
    assert _run_quietly((need("strace"), *tracing, *words), prewarm) == 0
    opened = re.findall(r'"([^"]+)", [^)]*(?:O_WRONLY|O_RDWR|O_TRUNC)', log.read_text())
    written = {Path(name) for name in opened if name.startswith(str(prewarm.store))}
    assert written, "strace saw no file of the store"
    seen = [path for path in written if prewarm.store / ".prewarm" not in path.parents]
    assert seen == []


def _kill_after(prewarm: Prewarm, seconds: float, course: Course) -> None:
    process = prewarm.start("fetch", "--store", str(prewarm.store), *course.references)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass
    finally:
        process.kill()
        process.wait()


def _run_quietly(words: tuple[str, ...], prewarm: Prewarm) -> int:
    return subprocess.run(
        words,
        env=dict(prewarm.env),
        cwd=prewarm.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    ).returncode


def assert_sound(prewarm: Prewarm, course: Course) -> None:
    """What is there is whole, and nothing is there that a whole fetch would not leave."""
    assert problems_of(prewarm.store) == []
    assert set(names_in(prewarm.store)) <= set(course.names)
    assert digests_in(prewarm.store) <= course.digests


def assert_complete(prewarm: Prewarm, course: Course) -> None:
    assert problems_of(prewarm.store) == []
    assert names_in(prewarm.store) == course.names
    assert digests_in(prewarm.store) == course.digests
