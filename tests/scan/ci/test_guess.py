"""Guesses from commands: only when asked for, and marked as such."""

from __future__ import annotations

import pytest

from prewarm.scan.guess import read
from prewarm.scan.reader import Inputs
from tests.scan.ci.shown import results, shown

GUESS = Inputs(guess=True)

SCRIPTS = {
    "engines": (
        """\
        #!/bin/sh
        # docker run no:1
        docker run --rm -it -v "$PWD:/x" -p 80:80 -e A=b --name x nginx:1.27 sh -c 'no:2'
        sudo podman pull quay.io/a/b:1
        docker --context x run --network=host -dp 1:1 a:1 # no:3
        docker \\
          run --rm \\
          --entrypoint sh \\
          b:1 -c x
        X=$(docker create c:1)
        if docker image pull -q "d:1"; then :; fi
        nerdctl run e:1 && docker pull f:1 | tee log
        docker build -t own:1 . && docker run own:1
        docker images no:4
        docker exec no:5 sh
        echo "docker run no:6"
        """,
        [
            "nginx:1.27 | command ? | 3",
            "quay.io/a/b:1 | command ? | 4",
            "a:1 | command ? | 5",
            "b:1 | command ? | 9",
            "c:1 | command ? | 10",
            "d:1 | command ? | 11",
            "e:1 | command ? | 12",
            "f:1 | command ? | 12",
        ],
    ),
    "other tools": (
        """\
        crane copy a:1 no:1
        crictl pull b:1
        ctr -n k8s.io images pull docker.io/library/c:1
        kubectl run x --image=d:1 --restart Never
        kubectl create deployment x --image e:1
        skopeo copy --all docker://f:1 dir:no
        kind create cluster --image kindest/node:v1.30.0
        """,
        [
            "a:1 | command ? | 1",
            "b:1 | command ? | 2",
            "c:1 | command ? | 3",
            "d:1 | command ? | 4",
            "e:1 | command ? | 5",
            "f:1 | command ? | 6",
            "kindest/node:v1.30.0 | command ? | 7",
        ],
    ),
    "variables": (
        """\
        TAG=1
        export IMAGE="a:$TAG"
        docker run "$IMAGE"
        docker run b:${NONE:-2}
        docker run c:$NONE
        docker run "$1"
        docker run <image>
        """,
        ["a:1 | command ? | 3", "b:2 | command ? | 4"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), SCRIPTS.values(), ids=SCRIPTS)
def test_script(text: str, expected: list[str]) -> None:
    assert shown(read, text, "run.sh", inputs=GUESS) == expected


def test_makefile() -> None:
    text = (
        "TAG ?= 1\nIMAGE := a:$(TAG)\nrun:\n\t@docker run --rm $(IMAGE) x\n\tdocker pull b:$(NO)\n"
    )
    assert shown(read, text, "Makefile", inputs=GUESS) == ["a:1 | command ? | 4"]


def test_markdown() -> None:
    text = """\
        docker run no:1

        ```sh
        $ docker run a:1
        ```

        ```python
        docker run no:2
        ```

        ~~~
        docker pull b:1
        ~~~
        """
    assert shown(read, text, "README.md", inputs=GUESS) == [
        "a:1 | command ? | 4",
        "b:1 | command ? | 12",
    ]


def test_nothing_unless_asked() -> None:
    assert results(read, "docker run a:1\n", "run.sh") == []
