"""HCL text to values with places."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewarm.scan.hcltext import (
    Call,
    Conditional,
    Expression,
    Fault,
    List,
    Literal,
    Object,
    Opaque,
    Operation,
    Reference,
    Template,
    parse,
    parse_template,
)


def value(source: str) -> Expression:
    body = parse(f"x = {source}\n")
    assert body.faults == ()
    (attribute,) = body.attributes
    return attribute.value


def plain(expression: Expression | None) -> object:
    """An expression without its places, to compare with."""
    match expression:
        case Literal():
            return expression.value
        case Template():
            return ["template", *map(plain, expression.parts)]
        case Reference():
            return f"<{expression.name}>"
        case List():
            return [plain(item) for item in expression.items]
        case Object():
            return {str(plain(key)): plain(inner) for key, inner in expression.items}
        case Call():
            return (expression.name, *map(plain, expression.args))
        case Conditional():
            return ("?", *map(plain, (expression.test, expression.then, expression.otherwise)))
        case Operation():
            return (expression.operator, plain(expression.left), plain(expression.right))
        case Opaque():
            return f"opaque {expression.text}"
        case None:
            return None


EXPRESSIONS = [
    ('"a"', "a"),
    ("1", 1),
    ("1.5e1", 15.0),
    ("true", True),
    ("null", None),
    (r'"a\"b\n\u0041\\"', 'a"b\nA\\'),
    ('"$${a} %%{b} $c"', "${a} %{b} $c"),
    ('"${a}"', ["template", "<a>"]),
    ('"x${a.b}y${c["d"]}"', ["template", "x", "<a.b>", "y", "<c.d>"]),
    ('"${"x${y}"}"', ["template", ["template", "x", "<y>"]]),
    ('"${~ a ~}"', ["template", "<a>"]),
    ("a.b[0].c", "<a.b.0.c>"),
    ("a.*.b", "opaque a.*.b"),
    ("a[*].b", "opaque a[*].b"),
    ("a[b]", "opaque a[b]"),
    ("[1, 2,\n 3,]", [1, 2, 3]),
    ("{ a = 1, b : 2\n c = 3 }", {"a": 1, "b": 2, "c": 3}),
    ('{ "a-b" = 1, (k) = 2 }', {"a-b": 1, "<k>": 2}),
    ('f("a", b...)', ("f", "a", "<b>")),
    ("a::b()", ("a::b",)),
    ("a ? b : c ? d : e", ("?", "<a>", "<b>", ("?", "<c>", "<d>", "<e>"))),
    ("1 + 2 * 3 == 7 && !x", ("&&", ("==", ("+", 1, ("*", 2, 3)), 7), ("!", None, "<x>"))),
    ("-1", ("-", None, 1)),
    ('[for s in l : upper(s) if s != "]"]', 'opaque [for s in l : upper(s) if s != "]"]'),
    ("{ for k, v in m : k => v... }", "opaque { for k, v in m : k => v... }"),
    ("(\n a\n)", "<a>"),
    ("<<E\n a\n  b${c}\nE", ["template", " a\n  b", "<c>", "\n"]),
    ("<<-E\n  a\n    b\n  E", "a\n  b\n"),
    ("<<E\nE", ""),
    ('"%{ if a }b%{ endif }"', ["template", "opaque %{ if a }", "b", "opaque %{ endif }"]),
    ("a // c", "<a>"),
    ("a # c", "<a>"),
    ("a /* c\n */", "<a>"),
]


@pytest.mark.parametrize(("source", "expected"), EXPRESSIONS)
def test_expression(source: str, expected: object) -> None:
    assert plain(value(source)) == expected


PLACES = dedent("""\
    # comment
    a "b" c {
      d = "e${f.g}"
      h = [
        "i",
      ]
      j = <<-E
          k
        l
      E
    }
    """)


def test_places() -> None:
    (block,) = parse(PLACES).blocks
    assert (block.type, block.labels, block.line, block.column) == ("a", ("b", "c"), 2, 1)
    template = block.body.get("d")
    assert isinstance(template, Template)
    assert (template.text, template.line, template.column) == ("e${f.g}", 3, 8)
    reference = template.parts[1]
    assert (reference.line, reference.column) == (3, 11)
    items = block.body.get("h")
    assert isinstance(items, List)
    assert items.items == (Literal("i", 5, 6),)
    assert block.body.get("j") == Literal("  k\nl\n", 8, 1, exact=False)


def test_one_line_blocks() -> None:
    body = parse('a { b { c = "d" } }\ne { f = g(1) }\n')
    assert [block.type for block in body.blocks] == ["a", "e"]
    assert plain(body.blocks[1].body.get("f")) == ("g", 1)
    assert body.faults == ()


FAULTS = [
    ("a = = 1\nb = 2\n", ["b"], [Fault(1, "a value is missing")]),
    ('a = "x\nb = 2\n', ["b"], [Fault(1, "the string has no end")]),
    ("a { b = }\nb = 2\n", ["b"], [Fault(1, "a value is missing")]),
    ("}\nb = 2\n", ["b"], [Fault(1, "a brace closes nothing")]),
    ("a = <<E\n", [], [Fault(2, "the heredoc 'E' has no end")]),
    ("a b\nb = 2\n", ["b"], [Fault(1, "neither '=' nor a block follows the name")]),
    ("b = 2\na {\n", ["b"], [Fault(3, "the block 'a' has no end")]),
]


@pytest.mark.parametrize(("text", "names", "faults"), FAULTS)
def test_broken_parts_do_not_hide_the_others(
    text: str, names: list[str], faults: list[Fault]
) -> None:
    body = parse(text)
    assert [attribute.name for attribute in body.attributes] == names
    assert list(body.faults) == faults


@pytest.mark.parametrize("opening", ["[", "{", "(", "!", '"${', "a {\n", "a = [", "f("])
def test_depth_is_limited(opening: str) -> None:
    assert parse(f"a = {opening * 5000}").faults


def test_template_of_another_format() -> None:
    assert plain(parse_template('a${b["c"]}"d')) == ["template", "a", "<b.c>", '"d']
    assert plain(parse_template("a${")) == "opaque a${"
    assert parse_template("a", 3, 4) == Literal("a", 3, 4)


@given(st.text(alphabet='ab1 ="${}[](),.\n#<E-%', max_size=60))
def test_never_raises(text: str) -> None:
    parse(text)
    parse_template(text)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30))
def test_strings_keep_their_text(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${")
    escaped = escaped.replace("%{", "%%{")
    assert plain(value(f'"{escaped}"')) == text
