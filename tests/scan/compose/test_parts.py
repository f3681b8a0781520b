"""Properties of the parts: variables, env files, scalars, merging."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewarm.scan.compose import dotenv
from prewarm.scan.compose.interpolation import expand
from prewarm.scan.compose.merge import merge_containers
from prewarm.scan.compose.scalars import resolve, text_of
from prewarm.scan.compose.values import Leaf, Value, plain
from prewarm.scan.finding import Place

_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]*", fullmatch=True)
_PLACE = Place("compose.yaml", 1, 1)
_LEAVES = st.builds(lambda text: Leaf(text, _PLACE), st.sampled_from(["a", "b=1", "c", ""]))
_CONTAINERS = st.dictionaries(
    st.sampled_from(["image", "platform", "volumes", "profiles"]),
    st.one_of(_LEAVES),
)


_TEXTS = st.text(alphabet=st.characters(exclude_characters="\0"))
"""No file that is read holds NUL."""


@given(_TEXTS.filter(lambda text: "$" not in text))
def test_a_text_without_a_dollar_sign_stays(text: str) -> None:
    assert expand(text, {"A": "1"}).text == text


@given(_TEXTS, _NAMES)
def test_doubling_dollar_signs_protects_a_text(text: str, name: str) -> None:
    written = f"{text}${{{name}}}"
    assert expand(written.replace("$", "$$"), {name: "x"}).text == written


@given(_NAMES, st.text(alphabet=st.characters(exclude_characters="$}\0\n")))
def test_a_default_stands_where_there_is_no_value(name: str, default: str) -> None:
    written = f"<${{{name}:-{default}}}>"
    assert expand(written, {}).text == f"<{default}>"
    assert expand(written, {name: "value"}).text == "<value>"


@given(_NAMES, st.text(alphabet=st.characters(exclude_characters="'\\")))
def test_single_quotes_keep_a_value_as_it_is(name: str, value: str) -> None:
    parsed = dotenv.parse(f"{name}='{value}'\n", {}, {})
    assert (parsed.values, parsed.fault) == ({name: value}, "")


@given(st.integers(-(10**12), 10**12))
def test_whole_numbers_print_as_they_are_written(number: int) -> None:
    assert text_of(resolve(str(number))) == str(number)


@given(_CONTAINERS, _CONTAINERS)
def test_laying_a_container_over_another_twice_changes_nothing(
    base: dict[str, Value], over: dict[str, Value]
) -> None:
    once = merge_containers(base, over)
    assert plain(merge_containers(once, over)) == plain(once)


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("3.10", "3.1"),
        ("3.", "3"),
        (".5", "0.5"),
        ("-0.5", "-0.5"),
        ("1e3", "1000"),
        ("1000000.0", "1e+06"),
        ("1234567.5", "1.2345675e+06"),
        ("0.00001", "1e-05"),
        ("1e999", "1e999"),
        ("0777", "511"),
        ("0o17", "15"),
        ("0x1F", "31"),
        ("0b11", "3"),
        ("-010", "-8"),
        ("089", "89"),
        ("1_000", "1000"),
        ("12345678901234567890", "12345678901234567890"),
        (".inf", "+Inf"),
        (".nan", "NaN"),
        ("True", "true"),
        ("yes", "yes"),
        ("~", ""),
        ("2024-01-02", "2024-01-02 00:00:00 +0000 UTC"),
        ("2024-01-02T03:04:05.60Z", "2024-01-02 03:04:05.6 +0000 UTC"),
        ("2024-13-02", "2024-13-02"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_scalars_as_go_prints_them(written: str, printed: str) -> None:
    assert text_of(resolve(written)) == printed


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r"a\n\t\\b", "a\n\t\\b"),
        (r"\0101\012", "A\\12"),
        (r"\0999", r"\999"),
        (r"\c\x", r"\c\x"),
        (r"\$A$$B", "$A$B"),
        (r"\"q\"", '"q"'),
    ],
)
def test_escapes_in_double_quotes(written: str, value: str) -> None:
    parsed = dotenv.parse(f'V="{written}"\n', {"A": "1"}, {})
    assert (parsed.values, parsed.fault) == ({"V": value}, "")


def test_names_in_an_env_file_are_looked_up_outside_first() -> None:
    parsed = dotenv.parse("A=1\nB=$A-$C\nD\nE\n", {"A": "out", "D": "d"}, {"C": "c"})
    assert parsed.values == {"A": "1", "B": "out-c", "C": "c", "D": "d"}
