"""What other processes do to the store is seen at once, and never half."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from prewarm.demo.images import Contents, Image, Layer, build
from prewarm.layout import LayoutReader, LayoutWriter
from prewarm.oci import digest_of
from tests.serve.asking import Answer, Mirror
from tests.serve.stores import write_store

NAME = "docker.io/library/app:1"
TARGET = "/v2/library/app/manifests/1"


@pytest.fixture
def contents() -> Contents:
    return build([Image("app:1", (Layer("one"),)), Image("other:1", (Layer("two"),))])


@pytest.fixture
def store(contents: Contents, tmp_path: Path) -> LayoutWriter:
    return write_store(tmp_path / "store", contents)


def digest_in(answer: Answer) -> str:
    assert answer.status == 200
    return answer.headers["docker-content-digest"]


def test_a_name_that_another_process_moves_is_seen_by_the_next_request(
    store: LayoutWriter, contents: Contents
) -> None:
    mirror = Mirror(LayoutReader.open(store.root))
    other = contents.names["docker.io/library/other:1"]
    assert digest_in(mirror.ask(TARGET)) == contents.names[NAME].digest
    program = (
        "import sys; from pathlib import Path; from prewarm.layout import LayoutWriter; "
        "store = LayoutWriter.create(Path(sys.argv[1])); "
        "store.name_images({sys.argv[2]: store.named(sys.argv[3])})"
    )
    words = [sys.executable, "-c", program, str(store.root), NAME, "docker.io/library/other:1"]
    subprocess.run(words, check=True)
    assert digest_in(mirror.ask(TARGET)) == other.digest


def test_names_come_and_go(store: LayoutWriter, contents: Contents) -> None:
    mirror = Mirror(LayoutReader.open(store.root))
    assert mirror.ask("/v2/library/new/manifests/1").status == 404
    store.name_images({"docker.io/library/new:1": contents.names[NAME]})
    assert digest_in(mirror.ask("/v2/library/new/manifests/1")) == contents.names[NAME].digest
    index = store.read_index()
    index["manifests"] = []
    replacement = store.root / "replacement"
    replacement.write_text(json.dumps(index))
    replacement.rename(store.root / "index.json")
    for repository in ("new", "app"):
        assert mirror.ask(f"/v2/library/{repository}/manifests/1").status == 404


def lose(path: Path) -> None:
    path.unlink()


def make_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def write_no_index(path: Path) -> None:
    path.write_text('{"manifests": {}}')


def write_no_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe" * 100)


def nest_deeply(path: Path) -> None:
    path.write_text("[" * 200_000)


@pytest.mark.parametrize(
    "damage", [lose, make_a_folder, cut, empty, write_no_index, write_no_text, nest_deeply]
)
def test_a_damaged_index_is_503_that_says_nothing_of_the_place(
    store: LayoutWriter, damage: Callable[[Path], None]
) -> None:
    mirror = Mirror(LayoutReader.open(store.root))
    assert mirror.ask(TARGET).status == 200
    sound = (store.root / "index.json").read_bytes()
    damage(store.root / "index.json")
    for target in (TARGET, "/v2/library/app/tags/list", f"/v2/library/app/blobs/sha256:{'0' * 64}"):
        answer = mirror.ask(target)
        assert (answer.status, answer.code) == (503, "UNKNOWN")
        assert answer.headers["content-type"] == "application/json"
        said = str((answer.headers, answer.body))
        assert str(store.root) not in said and "index.json" not in said and "Error" not in said
    assert mirror.ask(TARGET, "HEAD").body == b""
    assert mirror.ask("/v2/").status == 200
    if (store.root / "index.json").is_dir():
        (store.root / "index.json").rmdir()
    (store.root / "index.json").write_bytes(sound)
    assert mirror.ask(TARGET).status == 200


def test_answers_are_right_while_names_move(store: LayoutWriter, contents: Contents) -> None:
    """Readers in many threads never see a name half moved, and its mover sees it moved at once."""
    one, two = contents.names[NAME], contents.names["docker.io/library/other:1"]
    mirror = Mirror(LayoutReader.open(store.root))
    ended = threading.Event()

    def read() -> int:
        count = 0
        while not ended.is_set():
            answer = mirror.ask(TARGET)
            assert digest_in(answer) in (one.digest, two.digest)
            assert digest_of(answer.body) == digest_in(answer)
            assert mirror.ask("/v2/library/other/manifests/1").body == contents.blobs[two.digest]
            assert mirror.ask("/v2/library/app/tags/list").document["tags"] == ["1"]
            count += 1
        return count

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        try:
            for moved in range(30):
                target = (two, one)[moved % 2]
                store.name_images({NAME: target})
                assert digest_in(mirror.ask(TARGET)) == target.digest
        finally:
            ended.set()
        assert all(reader.result() for reader in readers)
