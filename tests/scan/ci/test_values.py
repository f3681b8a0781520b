"""YAML and JSON as values: places, merges, what is broken."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewarm.scan import jsonvalues, yamlvalues
from prewarm.scan.finding import Place, Skipped
from prewarm.scan.reader import Document
from prewarm.scan.values import Mapping, Sequence, Text, Value, elements, entries, get, text

TEXT = """\
# comment
a: &node "node:18"
b: *node
c: >-
   folded
d: !!str x
e: &anchor !tag 'y'
f:
  &late
  # comment
  plain
g: |
  first
    second
h:
"""


def read(source: str) -> Value:
    (value,) = yamlvalues.load(Document("f", source))
    assert not isinstance(value, Skipped)
    return value


@pytest.mark.parametrize(
    ("key", "line", "column"),
    [
        ("a", 2, 11),
        ("b", 2, 11),
        ("c", 5, 4),
        ("d", 6, 10),
        ("e", 7, 18),
        ("f", 11, 3),
        ("g", 13, 3),
    ],
)
def test_a_text_stands_where_it_begins(key: str, line: int, column: int) -> None:
    value = read(TEXT)
    assert isinstance(value, Mapping)
    found = value.entries[key]
    assert found.place == Place("f", line, column)


def test_places_inside_of_a_text() -> None:
    found = text(get(read(TEXT), "g"))
    assert found is not None
    assert found.at(found.value.index("second")) == Place("f", 14, 5)
    assert found.part(1, 3) == Text("ir", Place("f", 13, 4))


def test_null_is_nothing() -> None:
    assert get(read(TEXT), "h") is None
    assert get(read(TEXT), "none", "at", "all") is None


MERGES = [
    ("<<: {a: 1, b: 2}\nb: 3", {"b": "3", "a": "1"}),
    ("b: 3\n<<: [{a: 1}, {a: 2, c: 4}]", {"b": "3", "a": "1", "c": "4"}),
    ("a: 1\na: 2", {"a": "2"}),
    ("<<: {<<: {a: 1}}", {"a": "1"}),
    ("<<: [x]\n'<<': 1", {"<<": "1"}),
]


@pytest.mark.parametrize(("source", "expected"), MERGES)
def test_merge_keys(source: str, expected: dict[str, str]) -> None:
    found = {k: v.value for k, v in entries(read(source)) if isinstance(v, Text)}
    assert found == expected


def test_an_alias_of_itself_ends() -> None:
    assert [type(item) for item in elements(read("&a [*a]"))] == [Text]


def test_a_tag_is_kept() -> None:
    value = get(read("a: !reference [b, c]"), "a")
    assert isinstance(value, Sequence)
    assert value.tag == "!reference"


JSON = '// c\n{\t"a":"b\\/",/* x\n*/ "c": [1,2.5,null,true,],\n\t"d":{"é":"\\u00e9"},\n}'


def test_json_with_comments() -> None:
    value = jsonvalues.load(Document("f", JSON))
    assert not isinstance(value, Skipped)
    assert get(value, "a") == Text("b/", Place("f", 2, 8))
    types = [item.type for item in elements(get(value, "c")) if isinstance(item, Text)]
    assert types == ["int", "float", "null", "bool"]
    assert get(value, "d", "é") == Text("é", Place("f", 4, 12))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("", "line 1: a value is missing"),
        ('{"a" "b"}', "line 1: ':' is missing"),
        ("[1] x", "line 1: there is more after the end"),
        ("[1\n2]", "line 2: ',' or ']' is missing"),
        ("[" * 1000, "line 1: nested more than 200 deep"),
    ],
)
def test_broken_json(source: str, reason: str) -> None:
    assert jsonvalues.load(Document("f", source)) == Skipped("f", reason)


DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(DATA, st.sampled_from([None, 2]))
def test_json_as_python_writes_it(data: object, indent: int | None) -> None:
    value = jsonvalues.parse(json.dumps(data, indent=indent), Place("f", 1, 1))
    assert not isinstance(value, Skipped)
    assert _plain(value) == data


def _plain(value: Value) -> object:
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.entries.items()}
    if isinstance(value, Sequence):
        return [_plain(item) for item in value.items]
    return value.value if value.type == "str" else json.loads(value.value)
