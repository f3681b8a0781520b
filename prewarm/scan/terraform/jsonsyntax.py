"""Terraform's JSON syntax as the same bodies that its native syntax gives."""

from __future__ import annotations

from collections.abc import Iterator

from prewarm.scan.hcltext import (
    Attribute,
    Block,
    Body,
    Expression,
    List,
    Literal,
    Object,
    parse_template,
)
from prewarm.scan.values import Mapping, Sequence, Text, Value, elements, entries

_LABELS = {"resource": 2, "data": 2, "variable": 1, "module": 1, "locals": 0}
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


def body_of(root: Value) -> Body:
    """A whole file: blocks of the known kinds by their labels."""
    blocks: list[Block] = []
    for kind, count in _LABELS.items():
        value = root.entries.get(kind) if isinstance(root, Mapping) else None
        if value is not None:
            blocks.extend(_blocks(kind, (), count, value))
    return Body(tuple(blocks))


def _blocks(kind: str, labels: tuple[str, ...], count: int, value: Value) -> Iterator[Block]:
    if isinstance(value, Sequence):
        for element in elements(value):
            yield from _blocks(kind, labels, count, element)
    elif count:
        for label, inner in entries(value):
            yield from _blocks(kind, (*labels, label), count - 1, inner)
    elif isinstance(value, Mapping):
        yield Block(kind, labels, _inner(value), value.place.line, value.place.column)


def _inner(value: Mapping) -> Body:
    """Objects are both attributes and blocks, for only a schema could tell them apart."""
    attributes = [
        Attribute(name, _expression(inner), inner.place.line, inner.place.column)
        for name, inner in value.entries.items()
    ]
    blocks = [
        block
        for name, inner in value.entries.items()
        if not isinstance(inner, Text)
        for block in _blocks(name, (), 0, inner)
    ]
    return Body(tuple(blocks), tuple(attributes))


def _expression(value: Value) -> Expression:
    line, column = value.place.line, value.place.column
    if isinstance(value, Mapping):
        pairs = [
            (Literal(name, value.keys[name].place.line, value.keys[name].place.column), inner)
            for name, inner in value.entries.items()
        ]
        return Object(tuple((key, _expression(inner)) for key, inner in pairs), line, column)
    if isinstance(value, Sequence):
        return List(tuple(_expression(item) for item in value.items), line, column)
    if value.type == "str":
        return parse_template(value.value, line, column)
    if value.type in ("int", "float"):
        number = int(value.value) if value.type == "int" else float(value.value)
        return Literal(number, line, column)
    return Literal(_CONSTANTS.get(value.value), line, column)
