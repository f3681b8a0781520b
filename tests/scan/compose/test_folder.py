"""Compose files among other files: which are taken for one, and a folder as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from prewarm.scan.compose import looks_like
from prewarm.scan.reader import Inputs
from prewarm.scan.scanner import Scanner
from prewarm.scan.tree import Tree
from prewarm.scan.yamltext import parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("services: {web: {image: nginx}}", True),
        ("services: {web: {build: .}}", True),
        ("x-a: 1\nservices:\n  web:\n    extends: {file: a, service: b}", True),
        ("services: {App\\Mailer: {class: Mailer, arguments: [a]}}", False),
        ("services: [docker]", False),
        ("services: {db: {image: mysql}}\nsteps: {a: {image: b}}", False),
        ("apiVersion: v1\nkind: X\nservices: {a: {image: b}}", False),
        ("on: push\njobs: {a: {services: {b: {image: c}}}}", False),
        ("image: nginx", False),
        ("[1, 2]", False),
    ],
)
def test_looks_like(text: str, expected: bool) -> None:
    [document] = parse(text)
    assert document.root is not None
    assert looks_like(document.root) is expected


def test_a_folder_as_a_whole(tmp_path: Path) -> None:
    files = {
        "compose.yaml": "services:\n  a: {extends: {file: common.yml, service: a}}\n"
        "  b: {image: b:1}\n",
        "compose.override.yaml": "services:\n  b: {image: b:2}\n",
        "common.yml": "services:\n  a: {image: a:1}\n  unused: {image: never:1}\n",
        "deploy/stack.yml": "services:\n  s: {image: 's:${TAG}'}\n",
        "deploy/.env": "TAG=3\n",
        "chart/compose-operator.yaml": "apiVersion: v1\nkind: Pod\n"
        "spec: {containers: [{name: c, image: pod:1}]}\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    scan = Scanner(Inputs(), workers=1).scan(Tree.at([tmp_path]))
    found = [(str(f.reference), f"{f.place.file}:{f.place.line}") for f in scan.findings]
    assert found == [
        ("docker.io/library/a:1", "common.yml:2"),
        ("docker.io/library/b:2", "compose.override.yaml:2"),
        ("docker.io/library/pod:1", "chart/compose-operator.yaml:3"),
        ("docker.io/library/s:3", "deploy/stack.yml:2"),
    ]


def test_values_given_by_a_person_go_before_the_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=file\nB=file\nC=file\nD=$A\n")
    (tmp_path / "compose.yaml").write_text("services:\n  x: {image: 'x:$A-$B-$C-$D'}\n")
    inputs = Inputs(variables={"A": "option", "B": "option"}, environ={"A": "shell"})
    scan = Scanner(inputs, workers=1).scan(Tree.at([tmp_path]))
    assert [f.reference.tag for f in scan.findings] == ["shell-option-file-shell"]


def test_what_a_dockerfile_says_names_the_build_that_led_there(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("ARG V\nFROM alpine:$V\n")
    text = "services:\n  x:\n    build:\n      context: .\n      args: {V: 3}\n"
    (tmp_path / "compose.yaml").write_text(text)
    scan = Scanner(Inputs(), workers=1).scan(Tree.at([tmp_path]))
    [finding] = scan.findings
    assert (str(finding.place), [str(p) for p in finding.via]) == (
        "Dockerfile:2",
        ["compose.yaml:4"],
    )
    assert scan.unresolved == ()
