"""CircleCI: jobs, executors and their parameters."""

from __future__ import annotations

import pytest

from prewarm.scan.circleci import read
from prewarm.scan.finding import Skipped
from prewarm.scan.reader import Inputs
from tests.scan.ci.shown import results, shown

PATH = ".circleci/config.yml"

CASES = {
    "jobs": (
        """\
        version: 2
        defaults: &defaults
          docker:
            - image: cimg/node:20.1 # no:1
              auth: {username: $USER, password: $PASS}
            - image: "postgres:16"
              name: image
        jobs:
          one: {<<: *defaults}
          two:
            docker:
              - {image: a:1}
            steps:
              - setup_remote_docker: {version: 20.10.24}
              - run: {command: "docker run no:2"}
        """,
        ["cimg/node:20.1 | job image | 4", "postgres:16 | service | 6", "a:1 | job image | 12"],
    ),
    "machines are no containers": (
        """\
        jobs:
          one: {machine: {image: "ubuntu-2204:2024.01.1"}}
          two: {macos: {xcode: 15.0}, resource_class: m1}
        executors:
          vm: {machine: {image: default}}
        """,
        [],
    ),
    "executors": (
        """\
        executors:
          plain: {docker: [{image: a:1}]}
          tagged:
            parameters: {tag: {type: string, default: "1"}}
            docker: [{image: "b:<< parameters.tag >>"}]
          unused:
            parameters: {tag: {type: string, default: "3"}}
            docker: [{image: "c:<<parameters.tag>>"}]
        jobs:
          one: {executor: plain}
          two: {executor: {name: tagged, tag: "2"}}
          three: {executor: other/orb}
        """,
        ["a:1 | job image | 2", "b:2 | job image | 5", "c:3 | job image | 8"],
    ),
    "jobs with parameters": (
        """\
        jobs:
          one:
            parameters: {tag: {type: string}, kind: {type: string, default: slim}}
            docker: [{image: "a:<< parameters.tag >>-<< parameters.kind >>"}]
          two:
            parameters: {tag: {type: string}}
            docker: [{image: "b:<< parameters.tag >>"}]
        workflows:
          version: 2
          w:
            jobs:
              - one: {tag: "1"}
              - one: {tag: "2", kind: full}
        """,
        ["a:1-slim | job image | 4", "a:2-full | job image | 4", "? b:<< parameters.tag >> | 7"],
    ),
    "matrix": (
        """\
        jobs:
          one:
            parameters: {tag: {type: string}, os: {type: string}}
            docker: [{image: "a:<< parameters.tag >>-<< parameters.os >>"}]
        workflows:
          w:
            jobs:
              - one:
                  matrix:
                    parameters: {tag: ["1", 3.10], os: [x, y]}
                    exclude: [{tag: "1", os: y}]
        """,
        ["a:1-x | job image | 4", "a:3.1-x | job image | 4", "a:3.1-y | job image | 4"],
    ),
    "pipeline parameters": (
        """\
        parameters: {v: {type: string, default: "1"}, w: {type: string}}
        jobs:
          one: {docker: [{image: "a:<< pipeline.parameters.v >>"}]}
          two: {docker: [{image: "a:<< pipeline.parameters.w >>"}]}
          three: {docker: [{image: "a:<< pipeline.number >>"}]}
          four:
            parameters: {i: {type: string}, e: {type: executor}}
            docker: [{image: "<< parameters.i >>"}]
            executor: << parameters.e >>
        executors: {x: {parameters: {t: {}}, docker: [{image: "x:<< parameters.t >>"}]}}
        workflows:
          w:
            jobs:
              - four: {i: "b:<< pipeline.parameters.v >>", e: {name: x, t: "5"}}
        """,
        [
            "a:1 | job image | 3",
            "? a:<< pipeline.parameters.w >> | 4",
            "? a:<< pipeline.number >> | 5",
            "b:1 | job image | 8",
            "x:5 | job image | 10",
        ],
    ),
    "variables of the environment are not put in": (
        "jobs: {one: {docker: [{image: 'a:$TAG'}, {image: 5}, {image: null}]}}",
        ["? a:$TAG | 1"],
    ),
    "orb in the file": (
        """\
        orbs:
          node: circleci/node@5
          mine:
            executors: {e: {docker: [{image: a:1}]}}
            jobs:
              j:
                parameters: {t: {default: "1"}}
                docker: [{image: "b:<< parameters.t >>"}]
        workflows: {w: {jobs: [mine/j: {t: "2"}]}}
        """,
        ["a:1 | job image | 4", "b:2 | job image | 8"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_configuration(text: str, expected: list[str]) -> None:
    assert shown(read, text, PATH) == expected


def test_values_from_outside() -> None:
    text = """\
        parameters: {v: {type: string, default: "1"}}
        jobs: {one: {docker: [{image: "a:<< pipeline.parameters.v >>-<< pipeline.number >>"}]}}
        """
    inputs = Inputs(variables={"v": "2", "pipeline.number": "7"})
    assert shown(read, text, PATH, inputs=inputs) == ["a:2-7 | job image | 2"]


@pytest.mark.parametrize("text", ["", "jobs: [a]", "jobs: {a: b}", "executors: x", "workflows: 1"])
def test_anything_else_is_no_finding(text: str) -> None:
    assert results(read, text, PATH) == []


def test_broken() -> None:
    (skipped,) = results(read, "jobs: {", PATH)
    assert isinstance(skipped, Skipped)
