"""What bake files define: variables, functions, groups and targets, from HCL and from JSON."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from prewarm.scan import hcltext
from prewarm.scan.finding import Skipped
from prewarm.scan.hcltext import Expression, List, Literal, Object, parse_template
from prewarm.scan.reader import Document
from prewarm.scan.yamltext import YamlDocument, items, parse


@dataclass(frozen=True, slots=True)
class Section:
    """A target, a group, a variable or a function as one file has it."""

    file: str
    line: int
    attributes: Mapping[str, Expression]


@dataclass(slots=True)
class Definitions:
    """All that some files define, in their order; what is defined twice is there twice."""

    variables: dict[str, Expression | None] = field(default_factory=dict)
    functions: dict[str, Section] = field(default_factory=dict)
    groups: dict[str, Section] = field(default_factory=dict)
    targets: dict[str, list[Section]] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)

    def add(self, kind: str, name: str, section: Section) -> None:
        """Take up a block; blocks of no interest are let go."""
        if kind == "variable":
            default = section.attributes.get("default")
            self.variables[name] = default or self.variables.get(name)
        elif kind == "function":
            self.functions[name] = section
        elif kind == "group":
            self.groups[name] = section
        elif kind == "target":
            self.targets.setdefault(name, []).append(section)

    def add_file(self, document: Document) -> None:
        """Take up a file; what is broken in it is skipped."""
        if posixpath.splitext(document.path)[1] == ".json":
            self._add_json(document)
        else:
            self._add_hcl(document)

    def _add_hcl(self, document: Document) -> None:
        body = hcltext.parse(document.text)
        for fault in body.faults:
            reason = f"line {fault.line}: {fault.problem}"
            self.skipped.append(Skipped(document.path, reason))
        for attribute in body.attributes:
            self.variables[attribute.name] = attribute.value
        for block in body.blocks:
            attributes = {item.name: item.value for item in block.body.attributes}
            section = Section(document.path, block.line, attributes)
            self.add(block.type, block.labels[0] if block.labels else "", section)

    def _add_json(self, document: Document) -> None:
        for part in parse(document.text):
            if part.error:
                self.skipped.append(Skipped(document.path, part.error))
            for kind, _, named in items(part.root):
                if not isinstance(named, MappingNode | SequenceNode):
                    self.variables[kind] = _expression(named, part)
                for name, node in _blocks(named):
                    values = {key: _expression(value, part) for key, _, value in items(node)}
                    line = part.first_line + node.start_mark.line
                    self.add(kind, name, Section(document.path, line, values))


def _blocks(node: Node) -> Iterator[tuple[str, Node]]:
    """The blocks of a kind by name: in an object, or in a list of objects."""
    for table in node.value if isinstance(node, SequenceNode) else [node]:
        for name, _, value in items(table):
            for block in value.value if isinstance(value, SequenceNode) else [value]:
                yield name, block


def _expression(node: Node, part: YamlDocument) -> Expression:
    line, column = part.first_line + node.start_mark.line, node.start_mark.column + 1
    if isinstance(node, SequenceNode):
        return List(tuple(_expression(item, part) for item in node.value), line, column)
    if isinstance(node, MappingNode):
        pairs = (
            (Literal(key, line, column), _expression(value, part)) for key, _, value in items(node)
        )
        return Object(tuple(pairs), line, column)
    assert isinstance(node, ScalarNode)
    text = str(node.value)
    if node.style:
        return parse_template(text, line, column + 1)
    return Literal(_plain(text), line, column)


def _plain(text: str) -> str | int | float | bool | None:
    if text in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[text]
    for type_ in (int, float):
        try:
            return type_(text)
        except ValueError:
            continue
    return text
