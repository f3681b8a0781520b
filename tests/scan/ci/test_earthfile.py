"""Earthfiles."""

from __future__ import annotations

import pytest

from prewarm.scan.earthfile import read
from prewarm.scan.reader import Inputs
from tests.scan.ci.shown import results, shown

PATH = "Earthfile"

CASES = {
    "targets": (
        """\
        VERSION 0.8
        IMPORT github.com/x/y AS y
        # FROM no:1
        FROM golang:1.23-alpine # no:2
        ARG --global TAG=3.20
        ARG SHELL=$(echo no)

        build:
            ARG V = "1"
            FROM --platform=linux/arm64 alpine:$TAG
            COPY +deps/x .
            RUN echo "FROM no:3" && \\
                FROM no:4
            SAVE IMAGE no:5
        deps:
            FROM +build
        more:
            FROM ./sub+target
        third:
            FROM a:$V
        fourth:
            FROM "b:${SHELL}"
        fifth:
            FROM earthly/dind:alpine
            WITH DOCKER --pull postgres:16 --pull=redis:$TAG --load no:6=+build
                RUN docker run no:7
            END
        """,
        [
            "golang:1.23-alpine | base image | 4",
            "alpine:3.20 | base image [linux/arm64] | 10",
            "? a:$V | 20",
            "? b:${SHELL} | 22",
            "earthly/dind:alpine | base image | 24",
            "postgres:16 | image | 25",
            "redis:3.20 | image | 25",
        ],
    ),
    "continued lines": (
        "x:\n  FROM \\\n    # no:1\n    --platform=linux/amd64 \\\n    a:1\n",
        ["a:1 | base image [linux/amd64] | 5"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_earthfile(text: str, expected: list[str]) -> None:
    assert shown(read, text, PATH) == expected


def test_dockerfile() -> None:
    text = """\
        VERSION 0.8
        a:
            FROM DOCKERFILE --build-arg V=2 --target run ./app
        b:
            FROM DOCKERFILE -f app/Other .
        c:
            FROM DOCKERFILE +gen/x
        """
    files = {
        "app/Dockerfile": "ARG V=1\nFROM a:$V AS run\nFROM no:1\n",
        "app/Other": "FROM b:1\n",
    }
    assert shown(read, text, PATH, files) == [
        "a:2 | base image | app/Dockerfile:2",
        "b:1 | base image | app/Other:1",
    ]


def test_values_from_outside() -> None:
    inputs = Inputs(build_args={"V": "1"})
    assert shown(read, "x:\n  ARG V\n  FROM a:$V\n", PATH, inputs=inputs) == [
        "a:1 | base image | 3"
    ]


@pytest.mark.parametrize("text", ["", "FROM", "FROM\\", "x:", "ARG", "FROM DOCKERFILE", 'FROM "'])
def test_anything_else_is_no_finding(text: str) -> None:
    assert shown(read, text, PATH) == []
    assert results(read, text, PATH) == [] or text == 'FROM "'
