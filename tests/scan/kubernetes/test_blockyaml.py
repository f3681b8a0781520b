"""The quick way to read block-style YAML says what the parser says."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from prewarm.scan import yamltext
from prewarm.scan.blockyaml import read_part, value_of
from prewarm.scan.finding import Place
from prewarm.scan.kubernetes import read_value
from prewarm.scan.mention import MENTION
from prewarm.scan.reader import NoFiles, Scope
from prewarm.scan.values import Mapping, Sequence, Text, Value
from prewarm.scan.yamlvalues import from_node

SCALARS = st.sampled_from(
    [
        *("nginx", "quay.io/a/b:1.27", "a b", "1.10", "10", "true", "no", "", "~", "null", "0x1f"),
        *("a: b", "a:b", "http://a.b/c", "x #y", "x#y", "#x", "- a", "-a", "--flag=a/b:1", "-"),
        *("it's", 'say "x"', "{a}", "[b]", "*x", "&y", "!z", "%x", "@x", "`x", "key:", ":x", "?"),
        *("two\nlines", "two\nlines\n", "\nlead", " lead", "trail ", "a\\b", "é", "\u2028", "a,b"),
        *("2024-01-01", "1e3", "0o17", "017", "<<", "=", "a  b", "'", '"', "image: x:1", "<x>"),
    ]
)
KEYS = st.sampled_from(
    [
        *("image", "name", "value", "containers", "spec", "env", "tag", "repository", "images"),
        *("apiVersion", "kind", "a b", "x/y", "1", "true", "-k", "a:b", "k'", '"q"', "", "data"),
    ]
)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A document in one of the ways in which emitters write it."""
    text = yaml.safe_dump(
        draw(st.dictionaries(KEYS, DATA, min_size=1, max_size=5)),
        default_flow_style=draw(st.sampled_from([False, False, False, None])),
        default_style=draw(st.sampled_from([None, None, None, '"', "'", "|"])),
        indent=draw(st.sampled_from([2, 4])),
        width=draw(st.sampled_from([20, 80, 1000])),
        allow_unicode=draw(st.booleans()),
        sort_keys=False,
        explicit_start=draw(st.booleans()),
    )
    lines = text.split("\n")
    for _ in range(draw(st.integers(0, 2))):
        lines.insert(
            draw(st.integers(0, len(lines))), draw(st.sampled_from(["", "# c", "    # c"]))
        )
    return "\n".join(lines)


def parsed(text: str) -> Value | None:
    part = yamltext.compose(1, text)
    if part is None or part.root is None:
        return None
    return from_node(part.root, part, "f", text.split("\n"))


def stripped(value: Value) -> object:
    """A value as plain data: with the places of its scalars, without those of keys."""
    if isinstance(value, Text):
        nothing = value.type == "null" and not value.value
        return replace(value, place=Place("f", 0, 0)) if nothing else value
    if isinstance(value, Sequence):
        return [stripped(item) for item in value.items]
    return {key: stripped(item) for key, item in value.entries.items()}


@given(documents())
def test_the_whole_of_a_document_is_the_same(text: str) -> None:
    whole = parsed(text)
    quick = value_of(1, text, "f", text.split("\n"), None)
    if quick is not None:
        assert whole is not None
        assert stripped(quick) == stripped(whole)


@given(documents())
def test_leaving_out_what_names_no_image_loses_nothing(text: str) -> None:
    whole, lines = parsed(text), text.split("\n")
    quick = value_of(1, text, "f", lines, MENTION)
    if quick is not None and whole is not None:
        scope = Scope(NoFiles())
        assert list(read_value(quick, lines, scope)) == list(read_value(whole, lines, scope))


@given(documents(), st.data())
def test_what_is_broken_is_broken_either_way(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    broken = text[:at] + data.draw(st.sampled_from("[]{}'\":-\n\t&*!#|> ")) + text[at:]
    for first_line, part in yamltext.split(broken):
        document = yamltext.compose(first_line, part)
        expected = document.error if document is not None else ""
        quick = read_part(first_line, part, "f", broken.split("\n"), None)
        assert (quick if isinstance(quick, str) else "") == expected


@pytest.mark.parametrize(
    "text",
    [
        "spec:\n  containers:\n  - name: a\n    image: b:1\n",
        "a:\n- image: b:1\n- c\nd: e\n",
        "a:\n    b:\n      - c: 1\n        image: x:1\n",
        "\"a\": 1\n'b': \"c d\"\ne: 'f' # g\n",
        "a: b\n# image: c\n\nd:\n  # e\n  image: f # g\n",
        "args:\n- --a\n- -git-image\n- b/c:1\nimage: |\n  d:1\n",
    ],
)
def test_plain_documents_take_the_quick_way(text: str) -> None:
    quick = value_of(1, text, "f", text.split("\n"), None)
    assert isinstance(quick, Mapping)
    whole = parsed(text)
    assert whole is not None
    assert stripped(quick) == stripped(whole)


@pytest.mark.parametrize(
    "text",
    [
        "a: &b c\nd: *b\n",
        "a:\n  <<: {image: b}\n",
        'a: "b\nimage: c:1"\n',
        "a: [b,\nimage: c]\n",
        "a: 'b\n  c'\n",
        "? a\n: b\n",
        "a: !t b\n",
        "a:\tb\n",
    ],
)
def test_anything_else_goes_to_the_parser(text: str) -> None:
    assert value_of(1, text, "f", text.split("\n"), None) is None
