"""Where a name stands: line and column from 1, and what is written there."""

from __future__ import annotations

import pytest

from prewarm.scan.finding import Finding, Skipped
from tests.scan.dockerfile.generated import generate
from tests.scan.dockerfile.reading import read_text
from tests.scan.dockerfile.traps import TRAPS, Trap


@pytest.mark.parametrize(
    ("text", "line", "column", "written"),
    [
        ("FROM alpine\n", 1, 6, "alpine"),
        ("\n\t from   alpine AS x\n", 2, 10, "alpine"),
        ("FROM --platform=linux/arm64 alpine\n", 1, 29, "alpine"),
        ('FROM "alpine:3"\n', 1, 7, "alpine:3"),
        ("FROM 'alpine'\n", 1, 7, "alpine"),
        ('FROM alpine:"3"\n', 1, 6, 'alpine:"3"'),
        ('FROM "al"pine"3"\n', 1, 6, '"al"pine"3"'),
        ("ARG V=3\nFROM alpine:${V:-2}\n", 2, 6, "alpine:${V:-2}"),
        ("FROM \\\n  # no\n\n  alpine\n", 4, 3, "alpine"),
        ("FROM alp\\\nine\n", 1, 6, "alpine"),
        ("FROM \\\r\n\talpine\r\n", 2, 2, "alpine"),
        ("# syntax = docker/dockerfile:1\nFROM scratch\n", 1, 12, "docker/dockerfile:1"),
        ("#!/bin/x\r\n# syntax=d/d:1 x\r\nFROM scratch\r\n", 2, 10, "d/d:1"),
        ('{\n  "syntax": "d/d:1"\n}\n', 2, 14, "d/d:1"),
        ("FROM scratch\nCOPY --chown=1 --from=alpine / /\n", 2, 23, "alpine"),
        ('FROM scratch\nCOPY --from="alpine" / /\n', 2, 14, "alpine"),
        ("FROM scratch\nCOPY --link \\\n  --from=alpine / /\n", 3, 10, "alpine"),
        ("FROM scratch\nCOPY --from=al\\pine / /\n", 2, 13, "al\\pine"),
        ("FROM scratch\nCOPY --chown=ä --from=alpine / /\n", 2, 23, "alpine"),
        ("FROM scratch\nRUN --mount=type=bind,from=alpine,target=/x true\n", 2, 28, "alpine"),
        ('FROM scratch\nRUN --mount="from=alpine,target=/x" true\n', 2, 19, "alpine"),
        ('FROM scratch\nRUN --mount=\\"from=alpine\\",target=/x true\n', 2, 20, "alpine"),
        ("FROM scratch AS b\nONBUILD COPY --from=alpine / /\nFROM b\n", 2, 21, "alpine"),
        ("FROM scratch AS b\nONBUILD \\\n COPY \\\n --from=alpine / /\nFROM b\n", 4, 9, "alpine"),
        ("# escape=`\nFROM `\n alpine\n", 3, 2, "alpine"),
    ],
)
def test_place(text: str, line: int, column: int, written: str) -> None:
    (finding,) = (result for result in read_text(text) if isinstance(result, Finding))
    assert (finding.place.line, finding.place.column, finding.written) == (line, column, written)


def test_a_byte_order_mark_takes_no_column() -> None:
    (finding,) = read_text("\ufeffFROM alpine\n")
    assert isinstance(finding, Finding)
    assert finding.place.column == 6


@pytest.mark.parametrize("trap", [*TRAPS.values(), *generate(seed=7, count=300)])
def test_the_file_has_the_text_at_the_place(trap: Trap) -> None:
    lines = trap.text.split("\n")
    results = read_text(trap.text, trap.args, trap.target, trap.platform, trap.contexts)
    for result in results:
        if not isinstance(result, Skipped):
            rest = lines[result.place.line - 1][result.place.column - 1 :]
            assert rest.startswith(result.written) or continued(rest, result.written)


def continued(rest: str, written: str) -> bool:
    """Whether a line goes on in the next one, and has the beginning of a text."""
    body = rest.rstrip("\r\t ")
    return body[-1:] in ("\\", "`") and written.startswith(body[:-1])
