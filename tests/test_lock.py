"""`prewarm lock`: what it writes, what it asks for, what it says when files and lock disagree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from prewarm.cli import cli
from prewarm.demo.images import Image, Layer, build
from prewarm.errors import UsageError
from prewarm.lockfile import format_lock, parse_lock

from .fake_registry import FakeRegistry

BASE = Layer("base", 20_000)
IMAGES = [
    Image("docker.io/library/nginx:1.27", (BASE, Layer("n", 5000)), ("linux/amd64", "linux/arm64")),
    Image("docker.io/library/redis:7", (BASE, Layer("r", 5000))),
]
COMPOSE = "services:\n  a: {image: 'nginx:1.27'}\n  b: {image: 'redis:7'}\n"


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with FakeRegistry(build(IMAGES), host="docker.io") as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    (tmp_path / "prewarm.toml").write_text(
        f'store = "store"\n[registry."docker.io"]\nendpoints = ["{registry.url}"]\n'
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_a_lock_says_digests_platforms_and_places(folder: Path, registry: FakeRegistry) -> None:
    assert run("lock").exit_code == 0
    document = json.loads((folder / "prewarm.lock").read_text())
    nginx, redis = document["images"]
    assert nginx["reference"] == "docker.io/library/nginx:1.27"
    assert nginx["digest"] == registry.contents.names["docker.io/library/nginx:1.27"].digest
    assert [p["platform"] for p in nginx["platforms"]] == ["linux/amd64", "linux/arm64"]
    assert nginx["usedBy"] == ["compose.yaml:2"]
    assert redis["platforms"] == []


def test_locking_twice_writes_the_same_bytes(folder: Path) -> None:
    run("lock")
    once = (folder / "prewarm.lock").read_bytes()
    (folder / "prewarm.lock").unlink()
    run("lock")
    assert (folder / "prewarm.lock").read_bytes() == once
    lock = parse_lock(once, folder / "prewarm.lock")
    assert format_lock(lock).encode() == once


def test_with_a_lock_and_a_full_store_nobody_is_asked(folder: Path, registry: FakeRegistry) -> None:
    run("lock")
    assert run("fetch").exit_code == 0
    registry.requests.clear()
    assert run("fetch").exit_code == 0
    assert registry.requests == []


def test_a_locked_tag_that_moved_is_fetched_as_it_was(folder: Path, registry: FakeRegistry) -> None:
    run("lock")
    locked = registry.contents.names["docker.io/library/redis:7"].digest
    moved = build([Image("docker.io/library/redis:7", (Layer("new", 3000),))])
    descriptor = moved.names["docker.io/library/redis:7"]
    registry.contents.blobs.update(moved.blobs)
    registry.contents.publish(
        "docker.io/library/redis:7", descriptor.media_type, moved.blobs[descriptor.digest]
    )
    run("fetch")
    named = {
        m["annotations"]["org.opencontainers.image.ref.name"]: m["digest"]
        for m in json.loads((folder / "store" / "index.json").read_text())["manifests"]
    }
    assert named["docker.io/library/redis:7"] == locked
    assert run("lock").stdout == "2 images locked\n"
    assert "moved  docker.io/library/redis:7" in run("lock", "--update").stdout


def test_update_of_one_image_leaves_the_others_alone(folder: Path, registry: FakeRegistry) -> None:
    run("lock")
    registry.requests.clear()
    run("lock", "--update", "redis:7")
    assert registry.requests
    assert all("redis" in seen.path for seen in registry.requests)


def test_check_names_file_and_line_and_asks_nobody(folder: Path, registry: FakeRegistry) -> None:
    run("lock")
    assert run("lock", "--check").exit_code == 0
    moved = "# a line more\n" + COMPOSE.replace("redis:7", "redis:8")
    (folder / "compose.yaml").write_text(moved)
    registry.requests.clear()
    checked = run("lock", "--check")
    assert checked.exit_code == 1
    assert checked.stdout.splitlines() == [
        "compose.yaml:4: docker.io/library/redis:8 is not in prewarm.lock",
        "prewarm.lock: docker.io/library/redis:7 is asked for nowhere (it was by compose.yaml:3)",
    ]
    assert registry.requests == []


def test_lines_that_moved_are_no_difference(folder: Path) -> None:
    run("lock")
    (folder / "compose.yaml").write_text("\n\n" + COMPOSE)
    assert run("lock", "--check").exit_code == 0


def test_an_image_that_cannot_be_resolved_keeps_the_others(folder: Path) -> None:
    (folder / "compose.yaml").write_text(COMPOSE + "  c: {image: 'nothere:1'}\n")
    locked = run("lock")
    assert locked.exit_code == 3
    assert "nothere:1" in locked.stderr
    assert len(json.loads((folder / "prewarm.lock").read_text())["images"]) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a lock"),
        ("[]", "not a lock"),
        ('{"version": 2, "images": []}', "version 2"),
        ('{"version": 1, "images": [{}]}', "no reference"),
        ('{"version": 1, "images": [{"reference": "nginx", "digest": "x"}]}', "no valid digest"),
        ('{"version": 1, "images": [{"reference": "NGINX:1 "}]}', "NGINX"),
    ],
)
def test_a_damaged_lock_is_refused_with_a_word(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_lock(text.encode(), Path("prewarm.lock"))


def test_a_fetch_of_what_scan_finds_tells_what_it_cannot_name(folder: Path) -> None:
    (folder / "compose.yaml").write_text(COMPOSE + "  c: {image: 'a/b:${TAG}'}\n")
    done = run("fetch")
    assert done.exit_code == 0
    assert "1 image that the scan cannot name: compose.yaml:4" in done.stderr
