"""Quadlet units."""

from __future__ import annotations

import pytest

from prewarm.scan.quadlet import read
from prewarm.scan.reader import Inputs
from tests.scan.ci.shown import results, shown

PATH = "units/app.container"

CASES = {
    "container": (
        """\
        [Unit]
        Image=no:1
        # Image=no:2
        ; Image=no:3
        [Container]
        Image=no:4
        Image = docker.io/library/nginx:1.27
        Exec=run --image=no:5
        Environment=Image=no:6
        Label=Image
        """,
        ["nginx:1.27 | container | 7"],
    ),
    "other units and transports": (
        """\
        [Container]
        Image=app.build
        Mount=type=image,source=data.image,destination=/d
        Mount=type=image,src=quay.io/a/b:1,dst=/x,rw=true
        Mount=type=bind,source=/no,destination=/x
        """,
        ["quay.io/a/b:1 | mounted image | 4"],
    ),
    "quotes and continued lines": (
        '[Container]\nExec=a \\\n# Image=no:1\n  Image=no:2 \\\n  b\nImage="a:1"  \n',
        ["a:1 | container | 6"],
    ),
    "an empty value takes the others back": ("[Container]\nImage=no:1\nImage=\n", []),
    "image unit": (
        "[Image]\nImage=docker://quay.io/a/b:1\nArch=arm64\nImageTag=no:1\n",
        ["quay.io/a/b:1 | image [linux/arm64] | 2"],
    ),
    "never pulled": (
        "[Container]\nImage=localhost/a:1\nPull=never\n",
        ["localhost/a:1 | container (local) | 2"],
    ),
    "volume": ("[Volume]\nDriver=image\nImage=a:1\n", ["a:1 | volume | 3"]),
    "what is not pulled": (
        "[Container]\nImage=oci-archive:/a.tar\n[Image]\nImage=docker-archive:a\n",
        [],
    ),
    "specifiers and the environment": (
        """\
        [Container]
        Image=a:%i
        [Image]
        Image=b:${TAG}
        [Volume]
        Image=c:$NONE
        [Service]
        Environment=TAG=1 "X=2 3"
        """,
        ["? a:%i | 2", "b:1 | image | 4", "? c:$NONE | 6"],
    ),
    "not a unit": ("Image=no:1\n{}\n", []),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_unit(text: str, expected: list[str]) -> None:
    assert shown(read, text, PATH) == expected


def test_build_unit() -> None:
    text = """\
        [Build]
        ImageTag=localhost/app:1
        File=Containerfile.app
        SetWorkingDirectory=../app
        BuildArg=V=2
        Target=run
        """
    files = {"app/Containerfile.app": "ARG V=1\nFROM a:$V AS run\nFROM b:1\n"}
    assert shown(read, text, "units/app.build", files) == [
        "localhost/app:1 | image (product) | 2",
        "a:2 | base image | app/Containerfile.app:2",
    ]


def test_values_from_outside() -> None:
    text = "[Container]\nImage=a:${TAG}\n"
    assert shown(read, text, PATH, inputs=Inputs(variables={"TAG": "1"})) == ["a:1 | container | 2"]


@pytest.mark.parametrize("text", ["", "[", "[Container]", "Image", "\\", "[Container]\nImage=\\"])
def test_anything_else_is_no_finding(text: str) -> None:
    assert results(read, text, PATH) == []
