"""Concourse's pipelines and tasks."""

from __future__ import annotations

import pytest

from prewarm.scan import yamltext
from prewarm.scan.concourse import looks_like, read
from prewarm.scan.reader import Inputs
from tests.scan.ci.shown import shown

PIPELINE = """\
    resource_types:
      - {name: x, type: registry-image, source: {repository: a/type, tag: 3.10}}
    resources:
      - {name: src, type: git, source: {uri: no, repository: no/git}}
      - {name: base, type: registry-image, source: {repository: base, tag: "1"}}
      - {name: out, type: docker-image, source: {repository: own/out}}
      - {name: in, type: registry-image, source: {repository: "((reg))/in"}}
      - {name: new, type: registry-image, source: {repository: new, semver_constraint: "1.x"}}
    jobs:
      - name: build
        plan:
          - in_parallel: [{get: src}, {get: renamed, resource: base}, {get: in}, {get: new}]
          - task: image
            config:
              platform: linux
              image_resource: {type: registry-image, source: {repository: task, tag: "2"}}
              run: {path: no}
          - put: out
    """


def test_pipeline() -> None:
    assert shown(read, PIPELINE, "ci/pipeline.yml") == [
        "a/type:3.1 | resource type | 2",
        "base:1 | resource | 5",
        "own/out:latest | resource (product) | 6",
        "? ((reg))/in | 7",
        "? new | 8",
        "task:2 | task image | 16",
    ]
    inputs = Inputs(variables={"reg": "reg.io"})
    assert "reg.io/in:latest | resource | 7" in shown(read, PIPELINE, "x.yml", inputs=inputs)


def test_task_in_a_file_of_its_own() -> None:
    text = f"""\
        platform: linux
        image_resource:
          type: registry-image
          source: {{repository: a}}
          version: {{digest: "sha256:{"0" * 64}"}}
        run: {{path: x}}
        """
    assert shown(read, text, "task.yml") == [f"a@sha256:{'0' * 64} | task image | 4"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PIPELINE, True),
        ("image_resource: {type: x}\nrun: {path: y}", True),
        ("jobs: [{job: x}]", False),
        ("jobs: {a: {plan: x}}", False),
        ("image_resource: x", False),
    ],
)
def test_known_by_its_content(text: str, expected: bool) -> None:
    roots = [part.root for part in yamltext.parse(text) if part.root]
    assert [looks_like(root, "x.yml") for root in roots] == [expected]
