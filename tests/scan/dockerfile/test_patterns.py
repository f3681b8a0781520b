"""Shell patterns against regular expressions, which BuildKit makes of them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewarm.scan.dockerfile import pattern
from prewarm.scan.dockerfile.refusal import BadWord

TOKENS = {
    "*": (".*", ".*?"),
    "?": (".", "."),
    "\\*": (r"\*", r"\*"),
    "\\?": (r"\?", r"\?"),
    "\\/": ("/", "/"),
    **{char: (re.escape(char), re.escape(char)) for char in "ab./[^+"},
}
PATTERNS = st.lists(st.sampled_from(sorted(TOKENS)), max_size=6)
VALUES = st.text("ab./*?[\n", max_size=12)


def greedy(tokens: list[str]) -> str:
    return "".join(TOKENS[token][0] for token in tokens)


def lazy(tokens: list[str]) -> str:
    return "".join(TOKENS[token][1] for token in tokens)


@given(PATTERNS, VALUES)
def test_prefixes(tokens: list[str], value: str) -> None:
    for longest, expression in ((True, greedy(tokens)), (False, lazy(tokens))):
        match = re.match(expression, value)
        rest = value[match.end() :] if match else value
        assert pattern.cut_prefix(value, "".join(tokens), longest) == rest


@given(PATTERNS, VALUES)
def test_suffixes_are_prefixes_backwards(tokens: list[str], value: str) -> None:
    backwards = pattern.cut_prefix(value[::-1], "".join(tokens[::-1]), False)[::-1]
    assert pattern.cut_suffix(value, "".join(tokens), False) == backwards


@given(PATTERNS, VALUES)
def test_the_first_match_is_replaced(tokens: list[str], value: str) -> None:
    expected = re.sub(greedy(tokens), "x", value, count=1)
    assert pattern.replace_first(value, "".join(tokens), "x") == expected


@given(PATTERNS.filter(lambda tokens: set(tokens) != {"*"} and tokens), VALUES)
def test_all_matches_are_replaced(tokens: list[str], value: str) -> None:
    expected = re.sub(greedy(tokens), "x", value)
    assert pattern.replace_all(value, "".join(tokens), "x") == expected


@pytest.mark.parametrize(
    ("value", "wanted", "replacement", "expected"),
    [
        ("abc", "*", "x", "x"),
        ("abc", "", "x", "xaxbxcx"),
        ("", "*", "x", "x"),
        ("a.b.c", ".", "$0$0", "a..b..c"),
        ("a.b", ".", "${0}-$$-$1-$name-", "a.-$---b"),
        ("a.b", ".", "$", "a$b"),
    ],
)
def test_replacing_as_go_does(value: str, wanted: str, replacement: str, expected: str) -> None:
    assert pattern.replace_all(value, wanted, replacement) == expected


@pytest.mark.parametrize("bad", ["\\a", "a\\", "\\"])
def test_bad_escapes(bad: str) -> None:
    with pytest.raises(BadWord):
        pattern.cut_prefix("a", bad, False)


def test_a_long_value_is_not_searched() -> None:
    with pytest.raises(BadWord):
        pattern.replace_all("a" * 5_000, "*a*a*b", "")
