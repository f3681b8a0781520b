"""Buildkite's pipelines."""

from __future__ import annotations

import pytest

from prewarm.scan.buildkite import read
from tests.scan.ci.shown import results, shown

PATH = ".buildkite/pipeline.yml"

CASES = {
    "plugins": (
        """\
        steps:
          - label: image
            command: docker run no:1
            plugins:
              - docker#v5.11.0: {image: "node:20", environment: [image]}
              - docker-compose#v5: {run: app, image: no:2}
              - ecr#v2
          - plugins:
              docker#v3: {image: "a:1"}
          - plugins:
              - https://github.com/buildkite-plugins/docker-buildkite-plugin.git#v1: {image: b:1}
              - ssh://git@host/acme/docker-buildkite-plugin#v1: {image: c:1}
              - kubernetes:
                  podSpec:
                    initContainers: [{image: i:1}]
                    containers: [{image: k:1, command: [x]}]
          - wait
          - block: image
          - group: g
            steps:
              - plugins: [{docker: {image: "d:1"}}]
        """,
        [
            "node:20 | step image | 5",
            "a:1 | step image | 9",
            "b:1 | step image | 11",
            "c:1 | step image | 12",
            "i:1 | container | 15",
            "k:1 | container | 16",
            "d:1 | step image | 21",
        ],
    ),
    "image of a step and of all": (
        "image: a:1\nsteps:\n  - {command: x, image: b:1}\n  - {command: y, image: 3}\n",
        ["a:1 | job image | 1", "b:1 | step image | 3"],
    ),
    "steps alone": ("- {image: a:1}\n- wait\n", ["a:1 | step image | 1"]),
    "variables": (
        """\
        env: {TAG: "1", FULL: "a:$TAG"}
        steps:
          - {image: "$FULL"}
          - {image: "b:${NONE:-2}"}
          - {image: "c:${BUILDKITE_COMMIT}"}
          - {image: "d:$$LATER"}
          - {image: "e:${NONE:?}"}
        """,
        [
            "a:1 | step image | 3",
            "b:2 | step image | 4",
            "? c:${BUILDKITE_COMMIT} | 5",
            "? d:$$LATER | 6",
            "? e:${NONE:?} | 7",
        ],
    ),
    "matrix": (
        """\
        steps:
          - {image: "a:{{matrix}}", matrix: ["1", 2]}
          - image: "b:{{ matrix.v }}-{{matrix.os}}"
            matrix:
              setup: {v: ["1", "2"], os: [x]}
              adjustments:
                - {with: {v: "1", os: x}, skip: true}
                - {with: {v: "3", os: y}}
          - {image: "c:{{matrix.none}}"}
        """,
        [
            "a:1 | step image | 2",
            "a:2 | step image | 2",
            "b:2-x | step image | 3",
            "b:3-y | step image | 3",
            "? c:{{matrix.none}} | 9",
        ],
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_pipeline(text: str, expected: list[str]) -> None:
    assert shown(read, text, PATH) == expected


@pytest.mark.parametrize("text", ["", "a", "steps: x", "steps: [x]", "steps: [{plugins: [x]}]"])
def test_anything_else_is_no_finding(text: str) -> None:
    assert results(read, text, PATH) == []
