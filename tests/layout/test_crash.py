"""SIGKILL at every system call that changes the disk, and at random moments: the store is sound.

`PREWARM_CRASH_SEED` chooses the random moments.
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from prewarm.layout import LayoutReader, LayoutWriter
from tests.real.soundness import names_in, problems_of

from .children import running, start, status_of
from .samples import bring_image, image, partials

SEED = os.environ.get("PREWARM_CRASH_SEED", "1")
CHANGES = ("open", "pwrite", "write", "fsync", "fchmod", "rename", "unlink", "mkdir", "ftruncate")
NAMES = ["docker.io/library/a:1", "docker.io/library/b:1"]


def make(root: Path) -> None:
    """A store with two images that share a layer, the second an index."""
    store = LayoutWriter.create(root)
    bring_image(store, image("a"))
    bring_image(store, image("b", indexed=True))


def dying(work: Callable[[], None], number: int) -> Callable[[], None]:
    """Do something, and be killed at call `number` of those that change the disk.

    A write is cut in two: half of its bytes are there.
    """

    def do() -> None:
        left = [number]

        def wrap(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
            def counted(*args: Any, **kwargs: Any) -> Any:
                left[0] -= 1
                if left[0] == 0:
                    if name in ("write", "pwrite"):
                        call(args[0], args[1][: len(args[1]) // 2], *args[2:])
                    os.kill(os.getpid(), signal.SIGKILL)
                return call(*args, **kwargs)

            return counted

        for name in CHANGES:
            setattr(os, name, wrap(name, getattr(os, name)))
        work()

    return do


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: a kill needs no disk, and flushing one is slow."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def test_killed_at_every_change_of_the_disk(memory: Path) -> None:
    number, status = 0, -signal.SIGKILL
    while status == -signal.SIGKILL:
        number += 1
        root = memory / str(number)
        status = status_of(start(dying(partial(make, root), number)))
        assert problems_of(root) == [], f"killed at change {number}"
        make(root)
        assert problems_of(root) == [], f"after being killed at change {number}"
        assert names_in(root) == NAMES and partials(root) == []
    assert status == 0 and number > 50


def test_killed_at_random_moments_beside_another_writer(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    LayoutWriter.create(tmp_path)

    def write_on(who: str) -> None:
        store = LayoutWriter.create(tmp_path)
        for turn in range(1_000_000):
            bring_image(store, image(f"{who}{turn % 30}"))

    with running(partial(write_on, "survivor")):
        for turn in range(25):
            with running(partial(write_on, f"victim{turn % 3}-")):
                time.sleep(chance.uniform(0, 0.06))
            assert problems_of(tmp_path) == []
    assert problems_of(tmp_path) == []
    assert any("survivor" in name for name in names_in(tmp_path))
    make(tmp_path)
    assert set(NAMES) <= set(names_in(tmp_path))


def test_a_lock_dies_with_its_owner(tmp_path: Path) -> None:
    store = LayoutWriter.create(tmp_path)
    ready, tell = os.pipe()

    def hold() -> None:
        with store._index_lock():
            os.write(tell, b"!")
            time.sleep(60)

    with running(hold):
        assert os.read(ready, 1) == b"!"
    make(tmp_path)
    assert names_in(tmp_path) == NAMES


# What a power cut may leave: only what was flushed before counts


class Trace:
    """The calls that matter for what is on disk, in order, with the paths they are about."""

    def __init__(self, patch: pytest.MonkeyPatch, root: Path) -> None:
        self.calls: list[str] = []
        self._root = root
        fsync, rename, pwrite = os.fsync, os.rename, os.pwrite

        def traced_fsync(file: int) -> None:
            self._note("fsync", self._path_of(file))
            fsync(file)

        def traced_rename(old: str, new: str, **more: Any) -> None:
            self._note("rename", Path(new))
            rename(old, new, **more)

        def traced_pwrite(file: int, raw: bytes, at: int) -> int:
            self._note("write", self._path_of(file))
            return pwrite(file, raw, at)

        patch.setattr(os, "fsync", traced_fsync)
        patch.setattr(os, "rename", traced_rename)
        patch.setattr(os, "pwrite", traced_pwrite)

    def _path_of(self, file: int) -> Path:
        return Path(f"/proc/self/fd/{file}").readlink()

    def _note(self, call: str, path: Path) -> None:
        shown = path.relative_to(self._root).as_posix()
        self.calls.append(f"{call} {shown}")

    def last(self, call: str) -> int:
        return max(i for i, known in enumerate(self.calls) if known.startswith(call))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="there is no /proc")
def test_everything_is_flushed_before_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LayoutWriter.create(tmp_path)
    contents = image("a")
    trace = Trace(monkeypatch, tmp_path.resolve())
    bring_image(store, contents)
    named = trace.last("rename index.json")
    for digest in contents.blobs:
        hexadecimal = digest.partition(":")[2]
        partial_file = f".prewarm/partial/{digest.replace(':', '-')}"
        published = trace.last(f"rename blobs/sha256/{hexadecimal}")
        flushed = trace.last(f"fsync {partial_file}")
        assert trace.last(f"write {partial_file}") < flushed < published
        assert published < trace.last("fsync blobs/sha256") < named
    assert trace.last("write .prewarm/index.json.new") < trace.last("fsync .prewarm/index.json.new")
    assert trace.last("fsync .prewarm/index.json.new") < named
    assert trace.calls[named + 1 :] == ["fsync ."]


def test_the_names_are_the_last_thing_to_appear(tmp_path: Path) -> None:
    """A reader that looks all the time sees a name only with everything behind it."""
    LayoutWriter.create(tmp_path)
    with running(partial(make, tmp_path)):
        deadline = time.monotonic() + 20
        while names_in(tmp_path) != NAMES:
            assert time.monotonic() < deadline
            assert problems_of(tmp_path) == []
    assert len(LayoutReader.open(tmp_path).read_entries()) == 2
