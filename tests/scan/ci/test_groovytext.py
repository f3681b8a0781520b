"""Groovy as tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewarm.scan.finding import Place
from prewarm.scan.groovytext import Places, tokens

CASES = [
    ("a b1 _c", ["a", "b1", "_c"]),
    ("a('b', \"c\")", ["a", "(", "b", ",", "c", ")"]),
    ("a // b\nc /* d\n */ e", ["a", "c", "e"]),
    ("#!/usr/bin/env groovy\na", ["a"]),
    ("'''a\n'b' '''", ["a\n'b' "]),
    ('"""a "b" ${c("}")} """', ['a "b" ${c("}")} ']),
    ('"a ${b("c")} d"', ['a ${b("c")} d']),
    ("'it\\'s'", ["it\\'s"]),
    ("x = /a'b/ + 1", ["x", "=", "a'b", "+", "1"]),
    ("a / b / c", ["a", "/", "b", "/", "c"]),
    ("$/a'b/$ c", ["a'b", "c"]),
    ("'a\nb", ["a", "b"]),
    ("'''a", ["a"]),
    ("/* a", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_tokens(text: str, expected: list[str]) -> None:
    assert [token.text for token in tokens(text)] == expected


def test_strings_know_their_kind_and_start() -> None:
    single, double = tokens("'a' \"b\"")
    assert (single.start, single.is_template) == (1, False)
    assert (double.start, double.is_template) == (5, True)
    assert tokens(r"'a\'b\\'")[0].value == r"a'b\ ".strip()


def test_places() -> None:
    places = Places("f", "ab\ncd")
    assert [places.of(offset) for offset in (0, 1, 3, 4)] == [
        Place("f", 1, 1),
        Place("f", 1, 2),
        Place("f", 2, 1),
        Place("f", 2, 2),
    ]


@given(st.text(alphabet="a'\"/$\\{}()\n *#", max_size=60))
def test_never_raises_and_tokens_stand_where_they_say(text: str) -> None:
    for token in tokens(text):
        assert text[token.start :].startswith(token.text)
