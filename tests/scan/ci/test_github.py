"""GitHub's workflows and actions: what jobs, services and steps pull."""

from __future__ import annotations

import pytest

from prewarm.scan.finding import Skipped
from prewarm.scan.github import read
from prewarm.scan.reader import Inputs
from tests.scan.ci.shown import results, shown

WORKFLOW = ".github/workflows/ci.yml"

JOBS = {
    "container as a string": (
        "jobs: {a: {container: node:20}}",
        ["node:20 | job image | 1"],
    ),
    "container as an object": (
        """\
        jobs:
          a:
            container:
              image: "ghcr.io/org/app:1"
              credentials: {username: x, password: y}
              env: {image: no:1}
        """,
        ["ghcr.io/org/app:1 | job image | 4"],
    ),
    "scheme in front of a container": (
        "jobs: {a: {container: 'docker://node:20'}}",
        ["node:20 | job image | 1"],
    ),
    "services": (
        """\
        jobs:
          a:
            services:
              db: {image: "postgres:16", ports: ["5432:5432"]}
              cache: redis
              none: {image: ""}
              null_: {image: null}
        """,
        ["postgres:16 | service | 4", "redis:latest | service | 5"],
    ),
    "docker action": (
        """\
        jobs:
          a:
            steps:
              - uses: docker://alpine:3.20
                if: false
              - uses: actions/checkout@v4
              - uses: ./docker://no
              - run: echo docker://no:1
                image: no:1
        """,
        ["alpine:3.20 | action | 4"],
    ),
    "no images": (
        """\
        name: node:20
        env: {IMAGE: "node:20"}
        jobs:
          image:
            runs-on: ubuntu-latest
            container: ''
            steps:
              - uses: docker/build-push-action@v6
                with: {tags: "org/app:1", image: "org/app:2", build-args: BASE=alpine:3}
              - name: container
                run: |
                  cat <<EOF
                  container: node:18
                  EOF
          other: {container: null}
          third: {container: {image: ''}, services: null}
          fourth: {container: false}
        """,
        [],
    ),
    "a job that never runs": (
        """\
        jobs:
          a: {if: false, container: "a:1"}
          b: {if: "${{ false }}", container: "b:1"}
          c: {if: github.ref == 'x', container: "c:1"}
          d: {if: "${{ github.event_name != 'push' && true }}", container: "d:1"}
        """,
        ["c:1 | job image | 4", "d:1 | job image | 5"],
    ),
    "comments and anchors": (
        """\
        # container: no:1
        jobs:
          a:
            container: &image
              image: node:20 # no:2
          b:
            container: *image
        """,
        ["node:20 | job image | 5"],
    ),
    "digest": (
        f"jobs: {{a: {{container: 'a/b@sha256:{'0' * 64}'}}}}",
        [f"a/b@sha256:{'0' * 64} | job image | 1"],
    ),
}

EXPRESSIONS = {
    "known only to GitHub": (
        """\
        jobs:
          a: {container: "ghcr.io/${{ github.repository }}:1"}
          b: {container: "${{ needs.a.outputs.image }}"}
          c: {container: "app:${{ vars.TAG }}"}
          d: {container: "${{ secrets.REGISTRY }}/app"}
        """,
        [
            "? ghcr.io/${{ github.repository }}:1 | 2",
            "? ${{ needs.a.outputs.image }} | 3",
            "? app:${{ vars.TAG }} | 4",
            "? ${{ secrets.REGISTRY }}/app | 5",
        ],
    ),
    "env is refused in a container": (
        """\
        env: {IMAGE: "node:20"}
        jobs: {a: {container: "${{ env.IMAGE }}"}}
        """,
        ["? ${{ env.IMAGE }} | 2"],
    ),
    "or": (
        """\
        jobs:
          a: {container: "${{ vars.IMAGE || 'node:20' }}"}
          b: {container: "${{ '' || 'node:21' }}"}
          c: {container: "${{ 'node:22' || 'node:23' }}"}
        """,
        ["node:20 | job image | 2", "node:21 | job image | 3", "node:22 | job image | 4"],
    ),
    "a condition that a run decides": (
        "jobs: {a: {container: \"${{ github.ref == 'x' && 'a:1' || 'b:1' }}\"}}",
        ["a:1 | job image | 1", "b:1 | job image | 1"],
    ),
    "two conditions that may hang together": (
        "jobs: {a: {container: \"${{ github.x && 'a' || 'b' }}:${{ github.x && '1' || '2' }}\"}}",
        ["? ${{ github.x && 'a' || 'b' }}:${{ github.x && '1' || '2' }} | 1"],
    ),
    "an image in one case only": (
        "jobs: {a: {container: \"${{ github.x == 1 && 'a:1' }}\"}}",
        ["a:1 | job image | 1"],
    ),
    "comparisons": (
        """\
        jobs:
          a: {container: "${{ 'A' == 'a' && 'a:1' || 'no:1' }}"}
          b: {container: "${{ '' == 0 && 'b:1' || 'no:2' }}"}
          c: {container: "${{ 2 > 1 && 1 <= 1 && 'c:1' || 'no:3' }}"}
          d: {container: "${{ null != false && 'no:4' || 'd:1' }}"}
          e: {container: "${{ contains('abc', 'B') && endsWith('x', 'X') && 'e:1' }}"}
          f:
            container: ${{ join(fromJSON('["f", 1]'), ':') }}
        """,
        [
            f"{n}:1 | job image | {line}"
            for n, line in zip("abcdef", (2, 3, 4, 5, 6, 8), strict=True)
        ],
    ),
    "functions": (
        "jobs: {a: {container: \"${{ format('node:{0}', fromJSON('[20]')[0]) }}\"}}",
        ["node:20 | job image | 1"],
    ),
    "expressions in uses": (
        'jobs: {a: {steps: [{uses: "docker://a:${{ matrix.v }}"}]}}',
        ["? a:${{ matrix.v }} | 1"],
    ),
    "broken expression": (
        'jobs: {a: {container: "a:${{ x y }}"}, b: {container: "a:${{ x"}}',
        ["? a:${{ x y }} | 1", "? a:${{ x | 1"],
    ),
}

MATRICES = {
    "axes": (
        """\
        jobs:
          a:
            strategy:
              matrix: {v: [18, 20], os: [alpine, "bookworm"]}
            container: node:${{ matrix.v }}-${{ matrix['os'] }}
        """,
        [
            "node:18-alpine | job image | 5",
            "node:18-bookworm | job image | 5",
            "node:20-alpine | job image | 5",
            "node:20-bookworm | job image | 5",
        ],
    ),
    "numbers lose their zeros": (
        """\
        jobs:
          a:
            strategy: {matrix: {v: [3.10, "3.10", 3]}}
            container: python:${{ matrix.v }}
        """,
        ["python:3 | job image | 4", "python:3.1 | job image | 4", "python:3.10 | job image | 4"],
    ),
    "words that YAML 1.1 takes for booleans": (
        'jobs: {a: {strategy: {matrix: {v: [on, no, true]}}, container: "a:${{ matrix.v }}"}}',
        ["a:no | job image | 1", "a:on | job image | 1", "a:true | job image | 1"],
    ),
    "include and exclude": (
        """\
        jobs:
          a:
            strategy:
              matrix:
                fruit: [apple, pear]
                animal: [cat, dog]
                exclude: [{fruit: pear, animal: cat}]
                include:
                  - color: green
                  - {color: pink, animal: cat}
                  - {fruit: apple, shape: circle}
                  - {fruit: banana}
                  - {fruit: banana, animal: cat}
            container: a:${{ matrix.fruit }}-${{ matrix.animal }}-${{ matrix.color }}-z
        """,
        [
            "a:apple-cat-pink-z | job image | 14",
            "a:apple-dog-green-z | job image | 14",
            "a:banana---z | job image | 14",
            "a:banana-cat--z | job image | 14",
            "a:pear-dog-green-z | job image | 14",
        ],
    ),
    "include alone, and a row without an image": (
        """\
        jobs:
          a:
            strategy:
              matrix:
                include:
                  - {name: one, image: "a:1"}
                  - {name: two, container: {image: "b:1"}}
            container: ${{ matrix.image }}
            services:
              x: ${{ matrix.container }}
        """,
        ["a:1 | job image | 8", "b:1 | service | 10"],
    ),
    "objects as values": (
        """\
        jobs:
          a:
            strategy: {matrix: {db: [{image: "postgres", v: 16}, {image: mysql, v: 8}]}}
            services:
              db: {image: "${{ matrix.db.image }}:${{ matrix.db.v }}"}
        """,
        ["mysql:8 | service | 5", "postgres:16 | service | 5"],
    ),
    "objects are excluded by all that they hold": (
        """\
        jobs:
          a:
            strategy:
              matrix:
                o: [{i: "a:1"}, {i: "b:1"}]
                exclude: [{o: {i: "a:1"}}]
            container: ${{ matrix.o.i }}
        """,
        ["b:1 | job image | 7"],
    ),
    "rows that only a run knows": (
        """\
        jobs:
          a:
            strategy: {matrix: "${{ fromJSON(needs.b.outputs.m) }}"}
            container: ${{ matrix.image }}
          b:
            strategy: {matrix: {image: "${{ fromJSON(needs.b.outputs.m) }}"}}
            container: ${{ matrix.image }}
          c:
            strategy: {matrix: {image: "${{ fromJSON('[\\"x:1\\"]') }}"}}
            container: ${{ matrix.image }}
        """,
        ["? ${{ matrix.image }} | 4", "? ${{ matrix.image }} | 7", "x:1 | job image | 10"],
    ),
}

INPUTS = {
    "a default": (
        """\
        on: {workflow_dispatch: {inputs: {v: {default: "20"}, n: {default: 18, type: number}}}}
        jobs:
          a: {container: "node:${{ inputs.v }}"}
          b: {container: "node:${{ github.event.inputs.n }}"}
        """,
        ["node:20 | job image | 3", "node:18 | job image | 4"],
    ),
    "no default": (
        """\
        on: {workflow_call: {inputs: {v: {type: string, required: true}}}}
        jobs:
          a: {container: "node:${{ inputs.v }}"}
          b: {container: "node:${{ inputs.v || 22 }}"}
        """,
        ["? node:${{ inputs.v }} | 3", "node:22 | job image | 4"],
    ),
    "another trigger brings no inputs": (
        """\
        on: {push: {}, workflow_dispatch: {inputs: {v: {default: "20"}}}}
        jobs:
          a: {container: "node:${{ inputs.v }}"}
          b: {container: "node:${{ inputs.v || '18' }}"}
        """,
        ["node:20 | job image | 3", "node:18 | job image | 4", "node:20 | job image | 4"],
    ),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [*JOBS.values(), *EXPRESSIONS.values(), *MATRICES.values(), *INPUTS.values()],
    ids=[*JOBS, *EXPRESSIONS, *MATRICES, *INPUTS],
)
def test_workflow(text: str, expected: list[str]) -> None:
    assert shown(read, text, WORKFLOW) == expected


def test_forgejo_knows_env_in_a_container() -> None:
    text = """\
        env: {TAG: "20"}
        jobs:
          a: {env: {IMAGE: "node:${{ env.TAG }}"}, container: "${{ env.IMAGE }}"}
          b: {container: "${{ env.NONE }}"}
        """
    assert shown(read, text, ".forgejo/workflows/ci.yml") == [
        "node:20 | job image | 3",
        "? ${{ env.NONE }} | 4",
    ]


def test_local_callers_give_a_reusable_workflow_its_inputs() -> None:
    text = """\
        on: {workflow_call: {inputs: {image: {type: string, required: true}}}}
        jobs: {a: {container: "${{ inputs.image }}"}}
        """
    caller = """\
        jobs:
          a: {uses: ./.github/workflows/build.yml, with: {image: "a:1"}}
          b:
            strategy: {matrix: {v: [2, 3]}}
            uses: ./.github/workflows/build.yml
            with: {image: "a:${{ matrix.v }}"}
          c: {uses: ./.github/workflows/other.yml, with: {image: "no:1"}}
        """
    path = ".github/workflows/build.yml"
    found = results(read, text, path, {".github/workflows/call.yml": caller})
    assert shown(read, text, path, {".github/workflows/call.yml": caller}) == [
        "a:1 | job image | 2",
        "a:2 | job image | 2",
        "a:3 | job image | 2",
    ]
    assert [str(place) for r in found for place in getattr(r, "via", ())] == [
        ".github/workflows/call.yml:2",
        ".github/workflows/call.yml:5",
        ".github/workflows/call.yml:5",
    ]


def test_values_from_outside() -> None:
    text = """\
        jobs:
          a: {container: "app:${{ vars.TAG }}"}
          b: {container: "${{ secrets.HOST }}/app"}
        """
    inputs = Inputs(variables={"vars.TAG": "1", "HOST": "quay.io"})
    assert shown(read, text, WORKFLOW, inputs=inputs) == [
        "app:1 | job image | 2",
        "quay.io/app:latest | job image | 3",
    ]


ACTIONS = {
    "docker image": (
        "runs: {using: docker, image: 'docker://debian:12'}",
        ["debian:12 | action | 1"],
    ),
    "composite": (
        """\
        inputs: {kind: {default: "kindest/node:v1.30.0"}, other: {required: true}}
        runs:
          using: composite
          steps:
            - uses: docker://alpine:3
            - uses: helm/kind-action@v1
              with: {node_image: "${{ inputs.kind }}"}
            - uses: helm/kind-action@v1
              with: {node_image: "${{ inputs.other }}"}
        """,
        [
            "alpine:3 | action | 5",
            "kindest/node:v1.30.0 | action input | 7",
            "? ${{ inputs.other }} | 9",
        ],
    ),
    "node": ("runs: {using: node20, main: dist/index.js}", []),
    "nothing to run": ("image: docker://no:1", []),
}


@pytest.mark.parametrize(("text", "expected"), ACTIONS.values(), ids=ACTIONS)
def test_action(text: str, expected: list[str]) -> None:
    assert shown(read, text, "some/action.yml") == expected


def test_action_with_a_dockerfile_that_is_missing() -> None:
    text = "runs:\n  using: docker\n  image: Dockerfile\n"
    assert results(read, text, "a/action.yml") == [
        Skipped("a/action.yml", "line 3: there is no a/Dockerfile to read")
    ]


def test_inputs_of_actions_that_pull() -> None:
    text = """\
        env: {K: v1.31.0}
        jobs:
          a:
            strategy: {matrix: {q: [v7, v8]}}
            steps:
              - uses: docker/setup-qemu-action@v3
                with: {image: "tonistiigi/binfmt:qemu-${{ matrix.q }}"}
              - uses: docker/setup-buildx-action@v3
                with:
                  driver-opts: |
                    network=host
                    image=moby/buildkit:v0.16.0
              - uses: Helm/kind-action@v1
                env: {K: v1.32.0}
                with: {node_image: "kindest/node:${{ env.K }}"}
              - uses: docker/build-push-action@v6
                with:
                  build-contexts: |
                    alpine=docker-image://alpine:3.20
                    src=./src
              - uses: someone/unknown@v1
                with: {image: "no:1"}
        """
    assert shown(read, text, WORKFLOW) == [
        "tonistiigi/binfmt:qemu-v7 | action input | 7",
        "tonistiigi/binfmt:qemu-v8 | action input | 7",
        "moby/buildkit:v0.16.0 | action input | 12",
        "kindest/node:v1.32.0 | action input | 15",
        "alpine:3.20 | action input | 19",
    ]


@pytest.mark.parametrize("text", ["", "a", "[]", "jobs: 1", "jobs: [a]", "on: x", "jobs: {a: 1}"])
def test_anything_else_is_no_finding(text: str) -> None:
    assert results(read, text, WORKFLOW) == []


def test_broken_yaml_is_skipped() -> None:
    (skipped,) = results(read, "jobs: {a: [}", WORKFLOW)
    assert isinstance(skipped, Skipped)
    assert skipped.reason.startswith("line 1: ")
