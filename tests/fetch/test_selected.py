"""Selections of the settings and lists of `--from`: what a fetch then brings in, and what fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from prewarm.config import parse_settings
from prewarm.demo.images import Image, Layer, build
from prewarm.errors import UsageError
from prewarm.oci import Platform
from prewarm.reference import Reference
from prewarm.selection import Selection
from prewarm.versions import Range
from tests.fake_registry import FakeRegistry, Fault
from tests.fetch.running import named, run, settings

FILE = Path("prewarm.toml")
BOTH = ("linux/amd64", "linux/arm64")
APP, WEB = "docker.io/library/app", "docker.io/library/web"
IMAGES = [
    *(Image(f"{APP}:{tag}", (Layer(tag, 500),), BOTH) for tag in ("1.0", "1.1", "1.2", "2.0")),
    Image(f"{APP}:edge", (Layer("edge", 500),), BOTH),
    Image(f"{WEB}:1", (Layer("web", 500),)),
]
SELECT = '[[select]]\nrepository = "app"\ntags = ["1.*"]\nnewest = 2\n'


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with FakeRegistry(build(IMAGES), host="docker.io") as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "prewarm.toml").write_text(settings(registry.url, SELECT))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_part_of_a_selection_is_read() -> None:
    text = """\
[[select]]
repository = "quay.io/org/app"
tags = ["1.*"]
exclude = ["*-rc*"]
semver = ">=1.27 <2"
newest = 3
platforms = ["linux/arm64"]

[[select]]
repository = "busybox"
"""
    assert parse_settings(text, FILE).selections == (
        Selection(
            Reference.parse("quay.io/org/app"),
            ("1.*",),
            ("*-rc*",),
            Range.parse(">=1.27 <2"),
            3,
            (Platform("linux", "arm64"),),
        ),
        Selection(Reference.parse("busybox")),
    )


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("tags = []", "1: select.repository is missing: write repository ="),
        ("repository = 'a:1'", "2: select.repository must be without tag and digest"),
        ("repository = 'A'", "2: select.repository 'A' is not an image reference"),
        ("repository = 'a'\ntag = ['1']", "3: select.tag is not a setting: did you mean 'tags'?"),
        ("repository = 'a'\nsemver = 'new'", "3: select.semver 'new' is not a range of versions"),
        ("repository = 'a'\nnewest = 0", "3: select.newest must be a number, 1 or more"),
        ("repository = 'a'\nnewest = true", "3: select.newest must be a number"),
        ("repository = 'a'\nplatforms = ['x']", "3: select.platforms 'x' is not a platform"),
    ],
)
def test_a_mistake_in_a_selection_is_told(line: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_settings(f"[[select]]\n{line}\n", FILE)
    assert str(caught.value).startswith(f"{FILE}:{problem}")


def test_selections_join_what_the_scan_finds(folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM web:1\n")
    done = run("fetch")
    assert done.exit_code == 0, done.output
    assert set(named(folder)) == {f"{WEB}:1", f"{APP}:1.1", f"{APP}:1.2"}


def test_selections_are_enough_and_can_be_left_out(folder: Path) -> None:
    with pytest.raises(UsageError, match="the scan found no image"):
        run("fetch", "--no-select")
    assert run("fetch").exit_code == 0
    assert set(named(folder)) == {f"{APP}:1.1", f"{APP}:1.2"}


def test_a_lock_stays_beside_selections_and_pins_them(folder: Path, registry: FakeRegistry) -> None:
    (folder / "Dockerfile").write_text("FROM app:1.2\n")
    run("lock")
    locked = registry.contents.names[f"{APP}:1.2"]
    other = registry.contents.names[f"{APP}:edge"]
    registry.contents.publish(f"{APP}:1.2", other.media_type, registry.contents.blobs[other.digest])
    assert run("fetch").exit_code == 0
    assert named(folder)[f"{APP}:1.2"] == locked.digest
    registry.requests.clear()
    assert run("fetch", "--no-select").exit_code == 0
    assert registry.requests == []


def test_references_given_leave_selections_out(folder: Path, registry: FakeRegistry) -> None:
    assert run("fetch", "web:1").exit_code == 0
    assert set(named(folder)) == {f"{WEB}:1"}
    assert registry.count(path="tags/list") == 0


def test_a_repository_that_fails_spoils_its_selection_alone(
    folder: Path, registry: FakeRegistry
) -> None:
    more = '[[select]]\nrepository = "nothere"\n[[select]]\nrepository = "web"\ntags = ["9"]\n'
    (folder / "prewarm.toml").write_text(settings(registry.url, SELECT + more))
    done = run("fetch", "--format", "json")
    assert done.exit_code == 3
    assert "docker.io/library/nothere: list of tags not found at" in done.stderr
    assert f"{WEB}: no tag is selected of the 1 that it has" in done.stderr
    failed = [i["reference"] for i in json.loads(done.stdout)["images"] if i["error"]]
    assert failed == ["docker.io/library/nothere", WEB]
    assert set(named(folder)) == {f"{APP}:1.1", f"{APP}:1.2"}


def test_a_selection_has_platforms_of_its_own(folder: Path, registry: FakeRegistry) -> None:
    more = SELECT + 'platforms = ["linux/arm64"]\n'
    (folder / "prewarm.toml").write_text(settings(registry.url, more))
    assert run("fetch").exit_code == 0
    root = registry.contents.names[f"{APP}:1.2"]
    amd64, arm64 = json.loads(registry.contents.blobs[root.digest])["manifests"]
    held = {path.name for path in (folder / "store" / "blobs" / "sha256").iterdir()}
    assert arm64["digest"].partition(":")[2] in held
    assert amd64["digest"].partition(":")[2] not in held


def test_one_list_of_tags_serves_all_selections_of_a_repository(
    folder: Path, registry: FakeRegistry
) -> None:
    more = '[[select]]\nrepository = "app"\ntags = ["edge"]\n'
    (folder / "prewarm.toml").write_text(settings(registry.url, SELECT + more))
    assert run("fetch").exit_code == 0
    assert set(named(folder)) == {f"{APP}:1.1", f"{APP}:1.2", f"{APP}:edge"}
    assert registry.count("GET", "tags/list") == 1


def test_lists_and_references_come_together_and_nothing_else(
    folder: Path, registry: FakeRegistry
) -> None:
    (folder / "names.txt").write_text("app:edge\n")
    (folder / "sync.yaml").write_text("docker.io:\n  images-by-tag-regex:\n    app: ^2\n")
    (folder / "Dockerfile").write_text("FROM app:1.0\n")
    done = run("fetch", "--from", "names.txt", "--from", "sync.yaml", "web:1")
    assert done.exit_code == 0, done.output
    assert set(named(folder)) == {f"{WEB}:1", f"{APP}:edge", f"{APP}:2.0"}


def test_a_list_that_is_wrong_fetches_nothing(folder: Path, registry: FakeRegistry) -> None:
    (folder / "names.txt").write_text("app:edge\nNOT:1\n")
    with pytest.raises(UsageError, match=r"^names\.txt:2: the line 'NOT:1' is not"):
        run("fetch", "--from", "names.txt")
    assert registry.requests == []
    assert not (folder / "store").exists()


def test_a_plan_knows_selections(folder: Path, registry: FakeRegistry) -> None:
    registry.fault("GET", "web/tags", Fault.status(500))
    planned = json.loads(run("fetch", "--plan", "--format", "json").stdout)
    assert [i["reference"] for i in planned["images"]] == [f"{APP}:1.1", f"{APP}:1.2"]
    assert not (folder / "store").exists()
