"""WWW-Authenticate headers: all the ways in which servers write them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewarm.registry.challenge import Challenge, parse_challenges

HEADERS = {
    "": [],
    "Basic": [("basic", {})],
    'Basic realm="a b"': [("basic", {"realm": "a b"})],
    "BEARER REALM=x": [("bearer", {"realm": "x"})],
    'Bearer realm="https://a/t",service="s",scope="repository:a/b:pull,push"': [
        (
            "bearer",
            {"realm": "https://a/t", "service": "s", "scope": "repository:a/b:pull,push"},
        )
    ],
    'Bearer realm = "x" , service=""': [("bearer", {"realm": "x", "service": ""})],
    'Bearer realm="a\\"b\\\\c"': [("bearer", {"realm": 'a"b\\c'})],
    'Basic realm="a", Bearer realm="b",service="c"': [
        ("basic", {"realm": "a"}),
        ("bearer", {"realm": "b", "service": "c"}),
    ],
    'Basic, Bearer realm="b"': [("basic", {}), ("bearer", {"realm": "b"})],
    'Negotiate, Bearer realm="b"': [("negotiate", {}), ("bearer", {"realm": "b"})],
    'Negotiate YWJj==, Bearer realm="b"': [("negotiate", {}), ("bearer", {"realm": "b"})],
    'Basic YWJj , , Bearer realm="b"': [("basic", {}), ("bearer", {"realm": "b"})],
    'Bearer realm="unfinished': [("bearer", {})],
    'Bearer realm="a" service="b"': [("bearer", {})],
    'Bearer realm="a",realm="b"': [("bearer", {"realm": "b"})],
    "=,;": [],
}


@pytest.mark.parametrize(("header", "challenges"), HEADERS.items())
def test_a_header_is_read(header: str, challenges: list[tuple[str, dict[str, str]]]) -> None:
    assert parse_challenges(header) == tuple(Challenge(*each) for each in challenges)


@given(st.text('Bbearc ,="\\\t', max_size=60))
def test_any_header_is_read_in_no_time(header: str) -> None:
    for challenge in parse_challenges(header):
        assert challenge.scheme == challenge.scheme.lower() != ""


@pytest.mark.parametrize(
    "header",
    ["Bearer " + "a=b," * 10_000, " " * 60_000, 'Bearer a="' + "\\" * 60_000, "a " * 30_000],
    ids=["parameters", "spaces", "backslashes", "schemes"],
)
def test_a_long_header_costs_no_time(header: str) -> None:
    began = time.monotonic()
    parse_challenges(header)
    assert time.monotonic() - began < 2
