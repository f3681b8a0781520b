"""Drone's pipelines."""

from __future__ import annotations

import pytest

from prewarm.scan.drone import read
from prewarm.scan.finding import Finding, Skipped
from tests.scan.ci.shown import results, shown

PATH = ".drone.yml"

CASES = {
    "several documents": (
        """\
        ---
        kind: pipeline
        type: docker
        name: image
        platform: {os: linux, arch: arm64}
        steps:
          - name: build
            image: golang:1.23
            settings: {image: no:1}
          - name: notify
            image: plugins/slack
        services:
          - {name: db, image: "mysql:8"}
        ---
        kind: pipeline
        type: kubernetes
        steps: [{name: a, image: a:1}]
        ---
        kind: pipeline
        steps: [{name: b, image: b:1}]
        ---
        kind: pipeline
        type: exec
        steps: [{name: c, image: no:2}]
        ---
        kind: secret
        name: image
        steps: [{image: no:3}]
        """,
        [
            "golang:1.23 | step image [linux/arm64] | 8",
            "plugins/slack:latest | step image [linux/arm64] | 11",
            "mysql:8 | service [linux/arm64] | 13",
            "a:1 | step image | 17",
            "b:1 | step image | 20",
        ],
    ),
    "variables": (
        "kind: pipeline\nsteps:\n  - {image: 'a:${DRONE_TAG}'}\n  - {image: 'a:${X:-1}'}\n",
        ["? a:${DRONE_TAG} | 3", "a:1 | step image | 4"],
    ),
    "before 1.0": (
        "pipeline:\n  build: {image: 'a:${V}'}\nmatrix: {V: [1, 2]}\n",
        ["a:1 | step image | 2", "a:2 | step image | 2"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_pipeline(text: str, expected: list[str]) -> None:
    assert shown(read, text, PATH) == expected


def test_a_broken_document_does_not_hide_the_others() -> None:
    text = "kind: pipeline\nsteps: [\n---\nkind: pipeline\nsteps: [{image: a:1}]\n"
    broken, good = results(read, text, PATH)
    assert isinstance(broken, Skipped)
    assert isinstance(good, Finding)
    assert good.place.line == 5
