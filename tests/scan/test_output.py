"""What `prewarm scan` prints: every format, the exit codes, and texts that try to break out."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from prewarm.cli import cli
from prewarm.report.annotations import scan_annotations
from prewarm.report.markdown import code, plain
from prewarm.scan.finding import Scan, Skipped

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "scan.json"
COMPOSE = """\
services:
  web:
    image: nginx:1.27
  other:
    image: nginx:1.26
  db:
    image: postgres
  app:
    image: registry.example/app:${TAG}
"""


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["scan", *arguments], catch_exceptions=False)


def test_json_keeps_to_its_schema() -> None:
    document = json.loads(run("--format", "json").stdout)
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    assert document["version"] == 1
    assert [image["reference"] for image in document["images"]] == [
        "docker.io/library/nginx:1.26",
        "docker.io/library/nginx:1.27",
        "docker.io/library/postgres:latest",
    ]
    assert document["images"][1]["uses"] == [
        {
            "file": "compose.yaml",
            "line": 3,
            "column": 12,
            "kind": "service",
            "written": "nginx:1.27",
            "platform": None,
            "class": "pull",
            "via": [],
            "guess": False,
        }
    ]
    (unresolved,) = document["unresolved"]
    assert unresolved["variables"] == ["TAG"]
    assert unresolved["line"] == 9
    assert {a["code"] for a in document["advice"]} == {"latest", "several-versions"}


def test_list_is_one_reference_a_line() -> None:
    assert run("--format", "list").stdout.splitlines() == [
        "docker.io/library/nginx:1.26",
        "docker.io/library/nginx:1.27",
        "docker.io/library/postgres:latest",
    ]


def test_text_names_every_place_and_what_is_missing() -> None:
    text = run().stdout
    for words in ("compose.yaml:3", "Not resolved:", "TAG", "Worth a look:", "3 images in 1 file"):
        assert words in text


def test_markdown() -> None:
    text = run("--format", "markdown").stdout
    assert "| `docker.io/library/nginx:1.27` | `compose.yaml:3` | service |" in text
    assert "**Not resolved**" in text


def test_sarif_places_every_remark() -> None:
    (scanned,) = json.loads(run("--format", "sarif").stdout)["runs"]
    rules = {rule["id"] for rule in scanned["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in scanned["results"]} <= rules
    found = {r["ruleId"]: r["locations"][0]["physicalLocation"] for r in scanned["results"]}
    assert found["unresolved"]["region"]["startLine"] == 9
    assert found["latest"]["artifactLocation"]["uri"] == "compose.yaml"


def test_annotations_of_github() -> None:
    lines = run("--format", "github").stdout.splitlines()
    assert any(line.startswith("::warning file=compose.yaml,line=9,col=") for line in lines)
    assert any("title=latest::" in line for line in lines)


def test_strict_fails_on_what_is_unresolved_and_a_variable_helps() -> None:
    assert run().exit_code == 0
    assert run("--strict").exit_code == 1
    assert run("--strict", "--variable", "TAG=1").exit_code == 0


def test_an_env_file_gives_values(repository: Path) -> None:
    (repository / "values.env").write_text("TAG=7\n")
    assert "registry.example/app:7" in run("--env-file", "values.env", "--format", "list").stdout


def test_require_digest_remarks_on_tags() -> None:
    assert "not pinned by a digest" not in run().stdout
    assert "nginx:1.27: not pinned by a digest" in run("--require-digest").stdout


def test_why_tells_all_places() -> None:
    assert run("--why", "nginx:1.27").stdout == "compose.yaml:3  service  nginx:1.27\n"
    nothing = run("--why", "busybox")
    assert nothing.exit_code == 1
    assert "nothing here asks for it" in nothing.stderr


def test_extra_images_of_the_settings_are_found(repository: Path) -> None:
    (repository / "prewarm.toml").write_text('\nextra = ["quay.io/a/b:1"]\n')
    assert run("--why", "quay.io/a/b:1").stdout == "prewarm.toml:2  extra  quay.io/a/b:1\n"


def test_settings_of_the_scan(repository: Path) -> None:
    (repository / "prewarm.toml").write_text(
        '[scan]\nexclude = ["compose.yaml"]\n'
        '[[scan.rule]]\nfiles = "*.conf"\npattern = "run (?P<image>\\\\S+)"\nkind = "runtime"\n'
    )
    (repository / "x.conf").write_text("run a:1\n")
    assert run("--why", "a:1").stdout == "x.conf:1  runtime  a:1\n"
    assert run("--format", "list").stdout == "docker.io/library/a:1\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", "`a|b`"),
        ("a`b", "`` a`b ``"),
        ("a\nb", "`a b`"),
        ("``` x", "```` ``` x ````"),
    ],
)
def test_code_spans_hold_whatever_they_are_given(text: str, shown: str) -> None:
    assert code(text) == shown


def test_plain_text_has_no_markup_and_calls_nobody() -> None:
    shown = plain("<img src=x> [a](b) @team **x**")
    assert "<img" not in shown.replace("\\<", "")
    assert "@team" not in shown


def test_annotations_cannot_be_forged_by_a_file_name() -> None:
    text = scan_annotations(Scan(skipped=(Skipped("a\n::error::x,line=1", "r"),)), ())
    assert len(text.splitlines()) == 1
    assert "::error::x" not in text


def test_a_large_repository_is_read_in_several_processes(repository: Path) -> None:
    for number in range(450):
        (repository / f"Dockerfile.{number}").write_text(f"FROM a:{number % 3}\n")
    assert "docker.io/library/a:2" in run("--format", "list").stdout.splitlines()
