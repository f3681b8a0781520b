"""A line whose image cannot be named is reported with its text, the cause, and what would help."""

from __future__ import annotations

import pytest

from tests.scan.dockerfile.reading import images, read_text, unresolved

GIVE = "the variable {0} has no value: give --build-arg {0}=…"
NO_VARIABLE = "BuildKit takes no variable here: begin a stage FROM it and name the stage"
DECLARE = "the variable {0} has no ARG before the first FROM: write ARG {0}"


@pytest.mark.parametrize(
    ("text", "written", "variables", "reason"),
    [
        ("ARG A\nFROM $A\n", "$A", ("A",), GIVE.format("A")),
        ("ARG A=\nFROM x:${A}\n", "x:${A}", ("A",), GIVE.format("A")),
        ("FROM x:$A-slim\n", "x:$A-slim", ("A",), DECLARE.format("A")),
        ("FROM x\nARG A=1\nFROM y:$A\n", "y:$A", ("A",), DECLARE.format("A")),
        (
            "ARG A\nARG B\nFROM $A/$B:1\n",
            "$A/$B:1",
            ("A", "B"),
            "the variables A and B have no value: give --build-arg A=… --build-arg B=…",
        ),
        (
            "ARG A\nFROM $A/$B\n",
            "$A/$B",
            ("A", "B"),
            f"{GIVE.format('A')}; {DECLARE.format('B')}",
        ),
        (
            "ARG A=X\nFROM a:1/$A\n",
            "a:1/$A",
            ("A",),
            "'a:1/X' is not an image reference: repository names are lower case:"
            " give --build-arg A=…",
        ),
        ("ARG A\nFROM x:1.$A\n", "x:1.$A", ("A",), f"cut short to 'x:1.': {GIVE.format('A')}"),
        ("ARG A\nARG B=-$A\nFROM x:1$B\n", "x:1$B", ("A",), None),
        ("ARG V=1.\nFROM x:$V$W\n", "x:$V$W", ("W",), None),
        ("FROM x:1-${W}.${V}\n", "x:1-${W}.${V}", ("W", "V"), None),
        ("FROM ${A:?}\n", "${A:?}", ("A",), "A: it may not be unset: give --build-arg A=…"),
        ("ARG A=\nFROM ${A:?no}\n", "${A:?no}", ("A",), "A: no: give --build-arg A=…"),
        ("ARG A=${B:?}\nFROM $A\n", "$A", ("B",), "B: it may not be unset: give --build-arg B=…"),
        ("ARG A=${B:?}\nARG C=$A\nFROM $C\n", "$C", ("B",), None),
        ("FROM --platform=$P x\n", "x", ("P",), DECLARE.format("P")),
        ("ARG P=x/y/z/q\nFROM --platform=$P x\n", "x", ("P",), None),
        ("FROM ${A\n", "${A", (), None),
        ("FROM {{base}}\n", "{{base}}", (), None),
        ("FROM a b\n", "a b", (), "FROM wants one image, or an image AS a name"),
        ("FROM x\nCOPY --from=${I} / /\n", "${I}", ("I",), NO_VARIABLE),
        ("FROM x\nRUN --mount=from=$I/y x\n", "$I/y", ("I",), None),
        ("FROM x AS s\nONBUILD COPY --from=$I / /\nFROM s\n", "$I", ("I",), None),
        (
            "FROM x AS Base\nFROM Base\n",
            "Base",
            (),
            "after FROM a stage is named in lower case: base",
        ),
    ],
)
def test_unresolved(
    text: str, written: str, variables: tuple[str, ...], reason: str | None
) -> None:
    (found,) = unresolved(read_text(text))
    assert (found.written, found.variables) == (written, variables)
    assert reason is None or found.reason == reason


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("FROM ${REG}alpine:3\n", "docker.io/library/alpine:3"),
        ("FROM alpine$SUFFIX\n", "docker.io/library/alpine:latest"),
        ("FROM alpine:3$SUFFIX\n", "docker.io/library/alpine:3"),
        ("FROM ghcr.io/a/${P}b:1\n", "ghcr.io/a/b:1"),
        ("FROM alpine:1${X}-y\n", "docker.io/library/alpine:1-y"),
        ("FROM alpine:v1\n", "docker.io/library/alpine:v1"),
        ("ARG E=\nFROM alpine:v$E\n", "docker.io/library/alpine:v"),
        ("ARG E=\nFROM alpine:1.$E\n", "docker.io/library/alpine:1."),
        ("FROM alpine:v$TARGETVARIANT\n", "docker.io/library/alpine:v"),
    ],
)
def test_a_name_that_is_whole_without_the_variable(text: str, image: str) -> None:
    results = read_text(text)
    assert images(results) == [image]
    assert not unresolved(results)


def test_what_is_known_is_found_beside_what_is_not() -> None:
    results = read_text("FROM $A AS x\nFROM b\nCOPY --from=x / /\nCOPY --from=c / /\n")
    assert images(results) == ["docker.io/library/b:latest", "docker.io/library/c:latest"]
    assert [found.written for found in unresolved(results)] == ["$A"]


def test_a_value_mends_it() -> None:
    results = read_text("ARG A\nFROM a:$A\n", {"A": "1"})
    assert images(results) == ["docker.io/library/a:1"]
    assert len(results) == 1
