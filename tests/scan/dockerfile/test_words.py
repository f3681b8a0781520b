"""Words: quotes, escapes and substitutions. That they are BuildKit's is for the traps to show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewarm.scan.dockerfile.refusal import BadWord
from prewarm.scan.dockerfile.word import Value, expand, split_words, variables_in

VARIABLES = {"A": Value("x y"), "E": Value(""), "N": Value("1.2")}
PLAIN = st.text(st.characters(exclude_characters="$'\"\\<\ufeff", exclude_categories=["Cs"]))


def text_of(word: str, escape: str = "\\") -> str:
    return expand(word, VARIABLES, escape).value.text


@given(PLAIN)
def test_plain_text_stays(text: str) -> None:
    assert text_of(text) == text


@given(st.text().filter(lambda text: "'" not in text))
def test_single_quotes_keep_everything(text: str) -> None:
    assert text_of(f"'{text}'") == text


@given(st.text())
def test_escapes_keep_everything(text: str) -> None:
    assert text_of("".join(f"\\{char}" for char in text)) == text


@given(st.text())
def test_a_word_is_expanded_or_refused(text: str) -> None:
    try:
        expand(text, VARIABLES, "\\")
    except BadWord as error:
        assert error.problem


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ('"$A"', "x y"),
        ("$A", "x y"),
        ('"a\\"b\\$A\\c"', 'a"b$A\\c'),
        ("$N.$N", "1.2.1.2"),
        ("$NO", ""),
        ("${N}O", "1.2O"),
        ("$", "$"),
        ("$/", "$/"),
        ("a<b", "a<b"),
        ("a<< \tb", "a<< \tb"),
        ("a\\", "a"),
        ("${N#*.}", "2"),
        ("${E:-${N}}", "1.2"),
        ("${E-${N}}", ""),
        ("${E:+x}${E+y}", "y"),
        ("${N:-}}", "1.2}"),
    ],
)
def test_expanding(word: str, text: str) -> None:
    assert text_of(word) == text


def test_another_escape() -> None:
    assert text_of("C:\\a`$N", "`") == "C:\\a$N"


@pytest.mark.parametrize(
    ("word", "used", "holes"),
    [
        ("$A$B", ("A", "B"), ((3, "B"),)),
        ("${B:-$C}-$B", ("B", "C"), ((0, "C"), (1, "B"))),
        ('"a$B"', ("B",), ((1, "B"),)),
        ("${B:+x}", ("B",), ()),
        ("$E", ("E",), ()),
    ],
)
def test_what_a_word_asks_for(
    word: str, used: tuple[str, ...], holes: tuple[tuple[int, str], ...]
) -> None:
    expansion = expand(word, VARIABLES, "\\")
    assert set(expansion.used) == set(used)
    assert expansion.value.holes == holes


@pytest.mark.parametrize(
    "word",
    ["'a", '"a', "${", "${A", "${}", "${{", "${:-a}", "${A^}", "${A:#a}", "${A/b}", "${A:z}"],
)
def test_bad_words(word: str) -> None:
    with pytest.raises(BadWord):
        text_of(word)


def test_the_variable_that_would_mend_it() -> None:
    with pytest.raises(BadWord) as raised:
        text_of("a${B?say}")
    assert (raised.value.variable, raised.value.problem) == ("B", "B: say")


@pytest.mark.parametrize(
    ("line", "raw", "words"),
    [
        ("a 'b c' d", False, ["a", "b c", "d"]),
        ("a 'b c' d", True, ["a", "'b c'", "d"]),
        ('a\\ b "c\\"d"', True, ["a\\ b", '"c\\"d"']),
        ("a ${X:-b c} $Y", False, ["a", "${X:-b", "c}", "$Y"]),
        ("cat <<  EOF", True, ["cat", "<<  EOF"]),
        ("  ", False, []),
    ],
)
def test_splitting(line: str, raw: bool, words: list[str]) -> None:
    assert split_words(line, raw) == words


def test_names_of_an_unreadable_word() -> None:
    assert variables_in("${A") == ()


def test_deep_nesting_and_growth_end() -> None:
    deep = "${A:-" * 5_000 + "}" * 5_000
    with pytest.raises(BadWord):
        expand(deep, {}, "\\")
    grown = {"A": Value("x" * 60_000)}
    with pytest.raises(BadWord):
        expand("$A" * 1_000, grown, "\\")
