"""Every trap gives the images that BuildKit asks for, but for the differences listed here."""

from __future__ import annotations

import pytest

from prewarm.scan.finding import Finding
from tests.scan.dockerfile.oracle import load_answers
from tests.scan.dockerfile.reading import is_refused, read_text, skipped, unresolved
from tests.scan.dockerfile.traps import TRAPS, Trap

ANSWERS = load_answers()

WRONG_IN_ONE_LINE = {
    "never declared": ["b:latest"],
    "error in ARG": ["y:latest"],
    "platform empty": ["b:latest"],
    "target beside nothing": ["a:latest"],
    "a quote without an end": ["a:latest"],
    "copy with a variable": ["a:latest"],
    "mount with a variable": ["a:latest"],
}
"""BuildKit refuses the file over one line; the others are reported beside that line's fault."""

CUT_SHORT: dict[str, list[str]] = {"cut to a dot": [], "cut to a v": []}
"""BuildKit would ask for `a:1.` and `a:v`; the variable is reported instead."""

FOR_OTHERS_TO_READ = {
    "flag nobody knows": ["a:latest"],
    "copy with an unknown flag": ["a:latest", "b:latest"],
    "ADD has no from": ["a:latest"],
    "unknown instruction, own syntax": ["a:latest", "c:latest"],
}
"""BuildKit refuses what a newer BuildKit, or the file's own frontend, may know."""

BY_TARGET = {"the target's name": ["a:one", "b:two"], "no target's name": ["a:default"]}
"""The program that asks BuildKit looks at all stages at once, too, with the last one's name."""

DIFFERENT = WRONG_IN_ONE_LINE | CUT_SHORT | FOR_OTHERS_TO_READ | BY_TARGET

AFTER_ASKING = {"copy from a later stage", "mount of a kind to come"}
"""BuildKit fails only when it has asked for the images."""


def expected(name: str) -> list[str]:
    if name in DIFFERENT:
        return [f"docker.io/library/{image} linux/amd64" for image in DIFFERENT[name]]
    return ANSWERS[name].images


def findings(trap: Trap) -> list[Finding]:
    results = read_text(trap.text, trap.args, trap.target, trap.platform, trap.contexts)
    return [result for result in results if isinstance(result, Finding)]


@pytest.mark.parametrize("name", TRAPS)
def test_the_images_are_buildkits(name: str) -> None:
    trap = TRAPS[name]
    found = [f for f in findings(trap) if f.kind != "syntax frontend"]
    assert sorted({f"{f.reference} {f.platform or trap.platform}" for f in found}) == expected(name)


@pytest.mark.parametrize("name", TRAPS)
def test_the_frontend_is_buildkits(name: str) -> None:
    frontends = [f.written for f in findings(TRAPS[name]) if f.kind == "syntax frontend"]
    answer = ANSWERS[name].syntax
    assert frontends == ([answer] if answer and answer.islower() else [])


@pytest.mark.parametrize("name", TRAPS)
def test_what_buildkit_refuses_is_said(name: str) -> None:
    trap = TRAPS[name]
    results = read_text(trap.text, trap.args, trap.target, trap.platform, trap.contexts)
    said = bool(unresolved(results) or skipped(results))
    error = bool(ANSWERS[name].error) and name not in AFTER_ASKING
    assert said == (error or name in CUT_SHORT or name == "syntax of a bad name")


@pytest.mark.parametrize("name", TRAPS)
def test_a_refused_file_has_no_findings(name: str) -> None:
    trap = TRAPS[name]
    results = read_text(trap.text, trap.args, trap.target, trap.platform, trap.contexts)
    if is_refused(results):
        kinds = {result.kind for result in results if isinstance(result, Finding)}
        assert kinds <= {"syntax frontend"}
