"""Azure Pipelines: containers in resources, jobs, services; expressions and templates."""

from __future__ import annotations

import pytest

from prewarm.scan import yamltext
from prewarm.scan.azure import looks_like, read
from prewarm.scan.finding import Skipped
from prewarm.scan.reader import Inputs
from tests.scan.ci.shown import results, shown

PATH = "azure-pipelines.yml"

CASES = {
    "resources and their names": (
        """\
        resources:
          containers:
            - container: linux
              image: ubuntu:22.04
            - container: db
              image: "postgres:16"
              env: {image: no:1}
          repositories: [{repository: x, name: image}]
        pool: {vmImage: ubuntu-22.04}
        container: linux
        services: {db: db}
        steps: [{script: docker run no:2, target: {container: linux}}]
        """,
        ["ubuntu:22.04 | container resource | 4", "postgres:16 | container resource | 6"],
    ),
    "containers of jobs": (
        """\
        stages:
          - stage: a
            jobs:
              - job: one
                container: node:20
                services: {x: {image: "redis:7"}, y: named}
              - deployment: two
                container: {image: 'node:21', endpoint: e}
        """,
        ["node:20 | job image | 5", "redis:7 | service | 6", "node:21 | job image | 8"],
    ),
    "jobs at the top": (
        """\
        jobs:
          - job: one
            container: ubuntu
            steps: [{task: "Docker@2", inputs: {image: no:1, containerImage: no:2}}]
          - job: two
            container: ''
          - job: three
            container: 5
        """,
        ["ubuntu:latest | job image | 3"],
    ),
    "matrix": (
        """\
        jobs:
          - job: one
            strategy:
              matrix:
                a: {image: "node:20"}
                b: {image: "node:3.10"}
            container: $[ variables['image'] ]
          - job: two
            strategy: {matrix: {a: {v: 3.10}}}
            container: python:$(v)
        """,
        ["node:20 | job image | 7", "node:3.10 | job image | 7", "python:3.10 | job image | 10"],
    ),
    "variables": (
        """\
        variables: {v: 1, img: "a:$(v)"}
        jobs:
          - job: one
            container: ${{ variables.img }}
          - job: two
            variables: [{name: V, value: 2}, {group: secret}]
            container: a:${{ variables['v'] }}
          - job: three
            container: a:$(Build.BuildId)
          - job: four
            container: $(REGISTRY)/a:1
        """,
        [
            "a:1 | job image | 4",
            "a:2 | job image | 7",
            "? a:$(Build.BuildId) | 9",
            "? $(REGISTRY)/a:1 | 11",
        ],
    ),
    "parameters": (
        """\
        parameters:
          - {name: image, type: string, default: "a:1"}
          - {name: none, type: string}
          - {name: list, type: object, default: ["b:1", {image: "b:2"}]}
          - {name: box, type: object, default: {image: "c:1"}}
        trigger: none
        jobs:
          - job: one
            container: ${{ parameters.image }}
          - job: two
            container: ${{ parameters['none'] }}
          - ${{ each item in parameters.list }}:
            - job: each
              container: ${{ item }}
          - job: box
            container: ${{ parameters.box }}
          - job: called
            container: ${{ format('d:{0}', '1') }}
          - job: first
            container: ${{ coalesce('', parameters.image) }}
        """,
        [
            "b:2 | job image | 4",
            "c:1 | job image | 5",
            "a:1 | job image | 9",
            "? ${{ parameters['none'] }} | 11",
            "b:1 | job image | 14",
            "d:1 | job image | 18",
            "a:1 | job image | 20",
        ],
    ),
    "conditions": (
        """\
        jobs:
          - ${{ if eq(variables.x, 'y') }}:
            - job: one
              container: a:1
          - ${{ else }}:
            - job: two
              ${{ if true }}:
                container: b:1
              ${{ else }}:
                container: c:1
        """,
        ["a:1 | job image | 4", "b:1 | job image | 8", "c:1 | job image | 10"],
    ),
    "an image that is on the machine": (
        "resources: {containers: [{container: x, image: a:1, localImage: true}]}",
        ["a:1 | container resource (local) | 1"],
    ),
    "a registry resource without a tag": (
        """\
        resources:
          containers:
            - {container: x, type: ACR, registry: r, repository: a/b}
            - {container: y, image: "a:1", repository: no/b}
        """,
        ["? a/b | 3", "a:1 | container resource | 4"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_pipeline(text: str, expected: list[str]) -> None:
    assert shown(read, text, PATH) == expected


TEMPLATE = """\
    parameters: {image: '', tag: "1"}
    jobs:
      - job: one
        container: ${{ parameters.image }}:${{ parameters.tag }}
      - job: two
        container: linux
    """


def test_templates_of_the_repository() -> None:
    text = """\
        resources: {containers: [{container: linux, image: "ubuntu:22.04"}]}
        variables:
          - template: ci/vars.yml
        stages:
          - template: ci/stages.yml
            parameters: {name: "$(n)"}
        """
    files = {
        "ci/vars.yml": "variables: {n: node}\n",
        "ci/stages.yml": """\
            parameters: [{name: name, type: string}]
            stages:
              - stage: a
                jobs:
                  - template: /ci/jobs.yml@self
                    parameters: {image: "reg.io/${{ parameters.name }}"}
            """,
        "ci/jobs.yml": TEMPLATE,
    }
    assert shown(read, text, PATH, files) == [
        "ubuntu:22.04 | container resource | 1",
        "reg.io/node:1 | job image | ci/jobs.yml:4",
    ]
    via = [place for result in results(read, text, PATH, files) for place in result.via]  # type: ignore[union-attr]
    assert [str(place) for place in via] == ["azure-pipelines.yml:5", "ci/stages.yml:5"]


def test_a_template_by_itself_knows_no_names_of_containers() -> None:
    assert shown(read, TEMPLATE, "pipelines/jobs.yml") == [
        "? ${{ parameters.image }}:${{ parameters.tag }} | 4"
    ]


def test_templates_that_cannot_be_read() -> None:
    text = "jobs:\n  - template: x.yml@other\n  - template: none.yml\n"
    assert results(read, text, PATH) == [
        Skipped(PATH, "line 2: template x.yml@other not read: it is in another repository"),
        Skipped(PATH, "line 3: template none.yml not read: there is no such file"),
    ]


def test_values_from_outside() -> None:
    text = "jobs: [{job: a, container: 'a:$(Build.BuildId)'}]"
    assert shown(read, text, PATH, inputs=Inputs(variables={"Build.BuildId": "9"})) == [
        "a:9 | job image | 1"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("resources: {containers: [{container: a, image: b}]}", True),
        ("pool: {vmImage: x}\nsteps: [{script: y}]", True),
        ("kind: Pod\nspec: {containers: [{image: x}]}", False),
        ("jobs: {a: {container: x}}", False),
        ("[]", False),
    ],
)
def test_known_by_its_content(text: str, expected: bool) -> None:
    roots = [part.root for part in yamltext.parse(text) if part.root]
    assert [looks_like(root, "x.yml") for root in roots] == [expected]


@pytest.mark.parametrize("text", ["", "a", "jobs: 1", "jobs: [a]", "stages: [{jobs: x}]"])
def test_anything_else_is_no_finding(text: str) -> None:
    assert results(read, text, PATH) == []
