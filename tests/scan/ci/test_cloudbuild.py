"""Google Cloud Build."""

from __future__ import annotations

import pytest

from prewarm.scan.cloudbuild import read
from prewarm.scan.finding import Skipped
from prewarm.scan.reader import Inputs
from tests.scan.ci.shown import results, shown

PATH = "cloudbuild.yaml"

CASES = {
    "steps": (
        """\
        steps:
          - name: gcr.io/cloud-builders/docker
            id: image
            args: [build, -t, "gcr.io/$PROJECT_ID/app", .]
          - name: 'node:20'
            entrypoint: npm
            args: [run, no:1]
          - name: "golang:${_GO}"
          - name: alpine:$_A
            script: docker run no:2
        substitutions: {_GO: "1.23", _A: 3.20}
        images: ["no/no:1"]
        artifacts: {images: ["no/no:2"]}
        """,
        [
            "gcr.io/cloud-builders/docker:latest | step image | 2",
            "node:20 | step image | 5",
            "golang:1.23 | step image | 8",
            "alpine:3.20 | step image | 9",
        ],
    ),
    "substitutions": (
        """\
        substitutions: {_A: "1", _B: "${_A}-x"}
        steps:
          - name: a:$_B
          - name: gcr.io/$PROJECT_ID/a
          - name: a:${_NONE}
          - name: a:${_NONE:-3}
          - name: a:$$_A
        """,
        [
            "a:1-x | step image | 3",
            "? gcr.io/$PROJECT_ID/a | 4",
            "? a:${_NONE} | 5",
            "a:3 | step image | 6",
            "? a:$$_A | 7",
        ],
    ),
    "what an earlier step made": (
        """\
        steps:
          - {name: "gcr.io/$PROJECT_ID/tool"}
          - {name: docker, args: [build, -t, "gcr.io/$PROJECT_ID/tool", --tag=own:1, .]}
          - {name: "gcr.io/$PROJECT_ID/tool"}
          - {name: "own:1"}
        """,
        [
            "? gcr.io/$PROJECT_ID/tool | 2",
            "docker:latest | step image | 3",
            "own:1 | step image (local) | 5",
        ],
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_build(text: str, expected: list[str]) -> None:
    assert shown(read, text, PATH) == expected


def test_json() -> None:
    text = '{\n\t"steps": [\n\t\t{"name": "a:$_V"}\n\t],\n\t"substitutions": {"_V": "1"}\n}'
    assert shown(read, text, "cloudbuild.json") == ["a:1 | step image | 3"]
    (skipped,) = results(read, "{", "cloudbuild.json")
    assert isinstance(skipped, Skipped)


def test_values_from_outside() -> None:
    text = "steps: [{name: gcr.io/$PROJECT_ID/a:$_V}]\nsubstitutions: {_V: '1'}\n"
    inputs = Inputs(variables={"PROJECT_ID": "p", "_V": "2"})
    assert shown(read, text, PATH, inputs=inputs) == ["gcr.io/p/a:2 | step image | 1"]
