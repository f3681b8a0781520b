"""Woodpecker's workflows."""

from __future__ import annotations

import pytest

from prewarm.scan.reader import Inputs
from prewarm.scan.woodpecker import read
from tests.scan.ci.shown import results, shown

PATH = ".woodpecker/test.yml"

CASES = {
    "steps in a list": (
        """\
        variables:
          - &go "golang:1.23"
          - &unused no:1
        when: {event: push}
        clone:
          - {name: git, image: woodpeckerci/plugin-git:2}
        steps:
          - name: image
            image: *go
            pull: true
            commands: ["docker run no:2"]
          - name: publish
            image: woodpeckerci/plugin-docker-buildx
            settings: {repo: no/no, tags: [no], image: no:3}
        services:
          - {name: db, image: "postgres:16"}
        """,
        [
            "golang:1.23 | step image | 2",
            "woodpeckerci/plugin-git:2 | step image | 6",
            "woodpeckerci/plugin-docker-buildx:latest | step image | 13",
            "postgres:16 | service | 16",
        ],
    ),
    "steps by name, in the old place too": (
        """\
        pipeline:
          build: {image: "a:1"}
        services:
          db: {image: "b:1"}
        """,
        ["a:1 | step image | 2", "b:1 | service | 4"],
    ),
    "matrix": (
        """\
        matrix: {V: ["1", 3.10], OS: [x]}
        steps:
          - {name: a, image: "a:${V}-${OS}"}
          - {name: b, image: "b:${V%.*}"}
        """,
        [
            "a:1-x | step image | 3",
            "a:3.10-x | step image | 3",
            "b:1 | step image | 4",
            "b:3 | step image | 4",
        ],
    ),
    "matrix of rows": (
        """\
        matrix: {include: [{V: "1", W: a}, {V: "2"}]}
        steps: [{name: a, image: "a:${V}-${W:-z}"}]
        """,
        ["a:1-a | step image | 2", "a:2-z | step image | 2"],
    ),
    "variables": (
        """\
        steps:
          - {name: a, image: "a:${CI_COMMIT_SHA}"}
          - {name: b, image: "a:${X}"}
          - {name: c, image: "a:$X"}
          - {name: d, image: 5}
          - {name: e, image: null}
        """,
        ["? a:${CI_COMMIT_SHA} | 2", "? a:${X} | 3", "? a:$X | 4"],
    ),
    "steps on the machine itself": (
        "labels: {backend: local}\nsteps: [{name: a, image: bash}]\n",
        [],
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_workflow(text: str, expected: list[str]) -> None:
    assert shown(read, text, PATH) == expected


def test_values_from_outside() -> None:
    text = 'steps: [{name: a, image: "a:${CI_COMMIT_TAG##v}"}]'
    inputs = Inputs(variables={"CI_COMMIT_TAG": "v1.2"})
    assert shown(read, text, PATH, inputs=inputs) == ["a:1.2 | step image | 1"]


@pytest.mark.parametrize("text", ["", "a", "steps: x", "steps: [x]", "steps: {a: b}", "matrix: 1"])
def test_anything_else_is_no_finding(text: str) -> None:
    assert results(read, text, PATH) == []
