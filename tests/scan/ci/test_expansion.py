"""Shell-like variables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewarm.scan.expansion import Expanded, Syntax, expand, flat, nested

VALUES = {"A": "1.2.3", "E": "", "F": "v1.2-alpine"}
ALL = Syntax(operators=True)

CASES = [
    ("a:$A", "a:1.2.3"),
    ("a:${A}-x", "a:1.2.3-x"),
    ("$A$E", "1.2.3"),
    ("${B:-x${A}y}", "x1.2.3y"),
    ("${E:-d}", "d"),
    ("${E-d}", ""),
    ("${B-d}", "d"),
    ("${B:=d}", "d"),
    ("${A:+z}", "z"),
    ("${E:+z}", ""),
    ("${E+z}", "z"),
    ("${A:?no}", "1.2.3"),
    ("$$A", "$A"),
    ("${F#v}", "1.2-alpine"),
    ("${F#x}", "v1.2-alpine"),
    ("${F%-*}", "v1.2"),
    ("${F##*-}", "alpine"),
    ("${F%%.*}", "v1"),
    ("${A/./_}", "1_2.3"),
    ("${A//./_}", "1_2_3"),
    ("${F^^}", "V1.2-ALPINE"),
    ("${F^}", "V1.2-alpine"),
    ("${F,,}", "v1.2-alpine"),
    ("${F:1:3}", "1.2"),
    ("${F: -6}", "alpine"),
    ("x$", "x$"),
    ("$1", "$1"),
    ("$.", "$."),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_values(text: str, expected: str) -> None:
    assert expand(text, flat(VALUES), ALL) == Expanded(expected)


MISSING = [
    ("$B", ("B",)),
    ("a:${B}$C$B", ("B", "C")),
    ("${B:?}", ("B",)),
    ("${A", ("A",)),
    ("${}", ("",)),
    ("${B:-$C}", ("C",)),
    ("${B#x}", ("B",)),
]


@pytest.mark.parametrize(("text", "names"), MISSING)
def test_names_without_a_value(text: str, names: tuple[str, ...]) -> None:
    assert expand(text, flat(VALUES), ALL).missing == names


def test_dialects() -> None:
    assert expand("${A:-x}", flat(VALUES)).missing == ("A:-x",)
    assert expand("$A ${A}", flat(VALUES), Syntax(bare=False)).text == "$A 1.2.3"
    assert expand("$$A", flat(VALUES), Syntax(doubled=False)).text == "$1.2.3"


def test_values_that_name_others() -> None:
    lookup = nested({"A": "$B", "B": "${A}", "C": "$D/x", "D": "1", "L": "${L}"})
    assert lookup("C") == Expanded("1/x")
    assert lookup("A") == Expanded("", ("A",))
    assert lookup("L") == Expanded("", ("L",))
    assert lookup("N") is None


@given(st.text(alphabet="a$${}:-A/#%^,", max_size=40))
def test_never_raises(text: str) -> None:
    expand(text, flat(VALUES), ALL)


@given(st.text(max_size=30).filter(lambda text: "$" not in text))
def test_text_without_variables_stays(text: str) -> None:
    assert expand(text, flat({}), ALL) == Expanded(text)
