"""Dev containers: images, builds, and features, in JSON with comments."""

from __future__ import annotations

import pytest

from prewarm.scan.devcontainer import read
from prewarm.scan.finding import Skipped
from prewarm.scan.reader import Inputs
from tests.scan.ci.shown import results, shown

PATH = ".devcontainer/devcontainer.json"

CASES = {
    "comments, tabs and trailing commas": (
        """\
        // "image": "no:1"
        {
        \t/* "image": "no:2",
        \t*/
        \t"name": "image", // "x"
        \t"image":"mcr.microsoft.com/devcontainers/base:jammy",
        \t"containerEnv": {"image": "no:3"},
        \t"url": "http://image/no",
        \t"runArgs": ["--init",],
        }
        """,
        ["mcr.microsoft.com/devcontainers/base:jammy | dev container | 6"],
    ),
    "features": (
        """\
        {
          "image": "a:1",
          "features": {
            "ghcr.io/devcontainers/features/node:1": {"version": "20"},
            "ghcr.io/devcontainers/features/git": {},
            "./local": {},
            "../other": {},
            "https://example.com/devcontainer-feature-x.tgz": {},
            "docker-in-docker": "latest",
            "owner/repo/feature@v1": {}
          }
        }
        """,
        [
            "a:1 | dev container | 2",
            "ghcr.io/devcontainers/features/node:1 | dev container feature | 4",
            "ghcr.io/devcontainers/features/git:latest | dev container feature | 5",
        ],
    ),
    "variables": (
        '{"image": "a:${localEnv:TAG:1}", "features": {"ghcr.io/a/${localEnv:X}": {}}}',
        ["a:1 | dev container | 1", "? ghcr.io/a/${localEnv:X} | 1"],
    ),
    "template options": (
        '{"image": "a:${templateOption:imageVariant}"}',
        ["? a:${templateOption:imageVariant} | 1"],
    ),
    "compose is read elsewhere": (
        '{"dockerComposeFile": "docker-compose.yml", "service": "app", "image": null}',
        [],
    ),
    "no strings": ('{"image": 1, "features": []}', []),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_devcontainer(text: str, expected: list[str]) -> None:
    assert shown(read, text, PATH) == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"build": {"dockerfile": "../Dockerfile", "args": {"V": "3.20"}}}',
        '{"dockerFile": "../Dockerfile", "build": {"args": {"V": "3.20", "N": 1}}}',
    ],
)
def test_dockerfile_with_arguments(text: str) -> None:
    files = {"Dockerfile": "ARG V=3.19\nFROM alpine:$V\n"}
    assert shown(read, text, PATH, files) == ["alpine:3.20 | base image | Dockerfile:2"]


def test_dockerfile_that_is_missing() -> None:
    assert results(read, '{"build": {"dockerfile": "Dockerfile"}}', PATH) == [
        Skipped(PATH, "line 1: there is no .devcontainer/Dockerfile to read")
    ]


def test_broken() -> None:
    assert results(read, '{"image": ', PATH) == [Skipped(PATH, "line 1: a value is missing")]


def test_values_from_outside() -> None:
    text = '{"image": "a:${localEnv:TAG:1}"}'
    assert shown(read, text, PATH, inputs=Inputs(variables={"TAG": "2"})) == [
        "a:2 | dev container | 1"
    ]
