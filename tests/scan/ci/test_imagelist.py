"""Plain lists of images."""

from __future__ import annotations

import pytest

from prewarm.scan.imagelist import read
from prewarm.scan.reader import Inputs
from tests.scan.ci.shown import results, shown

PATH = "images.txt"

CASES = {
    "names and comments": (
        """\
        # no:1
        nginx:1.27
          quay.io/a/b:1   # no:2

        docker://alpine:3.20
        "busybox:1" , no:3
        ghcr.io/org/app
        redis
        """,
        [
            "nginx:1.27 | image list | 2",
            "quay.io/a/b:1 | image list | 3",
            "alpine:3.20 | image list | 5",
            "busybox:1 | image list | 6",
            "ghcr.io/org/app:latest | image list | 7",
            "redis:latest | image list | 8",
        ],
    ),
    "variables": (
        "a:1\nb:2\n${REGISTRY}/c:${TAG}\n",
        ["a:1 | image list | 1", "b:2 | image list | 2", "? ${REGISTRY}/c:${TAG} | 3"],
    ),
    "pictures": ("photo.jpg\nicons/a.png\nhttps://example.com/a:1\n", []),
    "words": ("some\nwords: that\nare\nno images\n", []),
    "one bad line among good ones": (
        "a:1\nb:2\nBAD:3\n",
        ["a:1 | image list | 1", "b:2 | image list | 2", "? BAD:3 | 3"],
    ),
    "Windows line ends": ("a:1\r\nb:2\r\n", ["a:1 | image list | 1", "b:2 | image list | 2"]),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_list(text: str, expected: list[str]) -> None:
    assert shown(read, text, PATH) == expected


def test_values_from_outside() -> None:
    inputs = Inputs(variables={"REGISTRY": "reg.io", "TAG": "1"})
    assert shown(read, CASES["variables"][0], PATH, inputs=inputs)[-1] == (
        "reg.io/c:1 | image list | 3"
    )


@pytest.mark.parametrize("text", ["", "\n", "#", '"', "$"])
def test_anything_else_is_no_finding(text: str) -> None:
    assert results(read, text, PATH) == []
