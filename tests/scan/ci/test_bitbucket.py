"""Bitbucket Pipelines."""

from __future__ import annotations

import pytest

from prewarm.scan.bitbucket import read
from prewarm.scan.reader import Inputs
from tests.scan.ci.shown import results, shown

PATH = "bitbucket-pipelines.yml"

CASES = {
    "all places": (
        """\
        image: node:20
        definitions:
          services:
            db: {image: postgres:16, variables: {image: no:1}}
            docker: {memory: 2048, image: {name: "docker:dind", username: x}}
          steps:
            - step: &build {name: image, image: {name: maven:3, run-as-user: 1}, script: [mvn]}
            - step: &unused {image: no:2}
        pipelines:
          default:
            - step: *build
            - parallel:
                - step: {image: a:1, script: [x], services: [db]}
                - step: {script: [x]}
            - parallel: {fail-fast: true, steps: [{step: {image: b:1}}]}
          branches:
            main:
              - stage: {name: s, steps: [{step: {image: c:1}}]}
          custom:
            image:
              - variables: [{name: image, default: no:3}]
              - step: {image: d:1, script: [docker run no:4]}
        """,
        [
            "node:20 | job image | 1",
            "postgres:16 | service | 4",
            "docker:dind | service | 5",
            "maven:3 | step image | 7",
            "a:1 | step image | 13",
            "b:1 | step image | 15",
            "c:1 | step image | 18",
            "d:1 | step image | 22",
        ],
    ),
    "pipes": (
        """\
        pipelines:
          default:
            - step:
                script:
                  - pipe: atlassian/slack-notify:2.0.0
                    variables: {image: no:1}
                  - pipe: docker://acme/pipe:1.0
                after-script: [{pipe: "acme/own:1"}]
        """,
        [
            "? atlassian/slack-notify:2.0.0 | 5",
            "acme/pipe:1.0 | pipe | 7",
            "? acme/own:1 | 8",
        ],
    ),
    "runners without containers": (
        "pipelines: {default: [{step: {image: no:1, runs-on: [self.hosted, linux.shell]}}]}",
        [],
    ),
    "variables": (
        "image: a:$TAG\npipelines: {default: [{step: {image: 'a:${BITBUCKET_COMMIT}'}}]}\n",
        ["? a:$TAG | 1", "? a:${BITBUCKET_COMMIT} | 2"],
    ),
    "no strings": ("image: 5\npipelines: {default: [{step: {image: null}}, x]}\n", []),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_pipelines(text: str, expected: list[str]) -> None:
    assert shown(read, text, PATH) == expected


def test_official_pipes_are_guessed_when_asked() -> None:
    inputs = Inputs(guess=True, variables={"TAG": "1"})
    assert shown(read, CASES["pipes"][0], PATH, inputs=inputs)[0] == (
        "bitbucketpipelines/slack-notify:2.0.0 | pipe ? | 5"
    )


@pytest.mark.parametrize("text", ["", "a", "[]", "pipelines: x", "definitions: {services: x}"])
def test_anything_else_is_no_finding(text: str) -> None:
    assert results(read, text, PATH) == []
