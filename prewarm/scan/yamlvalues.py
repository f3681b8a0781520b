"""YAML as values: merge keys applied, aliases followed, every text placed where it begins."""

from __future__ import annotations

import re
from collections.abc import Iterator

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from prewarm.scan import yamltext
from prewarm.scan.finding import Place, Skipped
from prewarm.scan.reader import Document
from prewarm.scan.values import Mapping, Sequence, Text, Value
from prewarm.scan.yamltext import YamlDocument

_YAML_TAG = "tag:yaml.org,2002:"
_PROPERTIES = re.compile(r"(?:&[\w-]+[ \t]*|![^\s,\[\]{}]*[ \t]+)*")
_BLOCK_HEADER = re.compile(r"[|>][0-9+-]*[ \t]*(?:#.*)?$")


def load(document: Document) -> Iterator[Value | Skipped]:
    """Each YAML document of a file in order, or why it is skipped."""
    lines = document.text.split("\n")
    for part in yamltext.parse(document.text):
        if part.root is None:
            yield Skipped(document.path, part.error)
        else:
            yield from_node(part.root, part, document.path, lines)


def from_node(root: Node, part: YamlDocument, path: str, lines: list[str]) -> Value:
    """The value of a node that is already parsed; `lines` are those of the whole file."""
    return _Conversion(part, path, lines).value(root)


class _Conversion:
    """One document's nodes to values; an alias gives the very value of its anchor."""

    def __init__(self, part: YamlDocument, path: str, lines: list[str]) -> None:
        self._part = part
        self._path = path
        self._lines = lines
        self._done: dict[int, Value] = {}

    def value(self, node: Node) -> Value:
        if isinstance(node, ScalarNode):
            return Text(str(node.value), self._begin(node), _type(node.tag))
        known = self._done.get(id(node))
        if known is None:
            # An alias inside its own anchor finds this null instead of going round for ever.
            self._done[id(node)] = Text("", self._part.place(self._path, node), "null")
            known = self._done[id(node)] = self._convert(node)
        return known

    def _convert(self, node: Node) -> Value:
        place = self._part.place(self._path, node)
        if isinstance(node, SequenceNode):
            tag = "" if node.tag.startswith(_YAML_TAG) else node.tag
            return Sequence(tuple(self.value(item) for item in node.value), place, tag)
        return self._mapping(node, place)

    def _mapping(self, node: Node, place: Place) -> Mapping:
        own: dict[str, Value] = {}
        keys: dict[str, Text] = {}
        merged: list[Mapping] = []
        for key, value in node.value if isinstance(node, MappingNode) else ():
            if key.tag == f"{_YAML_TAG}merge":
                merged.extend(self._sources(value))
            elif isinstance(key, ScalarNode):
                named = Text(str(key.value), self._begin(key))
                own[named.value] = self.value(value)
                keys[named.value] = named
        for source in merged:
            for name, inherited in source.entries.items():
                own.setdefault(name, inherited)
                keys.setdefault(name, source.keys[name])
        return Mapping(own, keys, place)

    def _sources(self, node: Node) -> Iterator[Mapping]:
        nodes = node.value if isinstance(node, SequenceNode) else [node]
        for each in nodes:
            value = self.value(each)
            if isinstance(value, Mapping):
                yield value

    def _begin(self, node: ScalarNode) -> Place:
        """Where the text of a scalar begins: after its anchor, tag, quote or block header."""
        row, column = self._part.first_line + node.start_mark.line - 1, node.start_mark.column
        quote = node.style if node.style in ("'", '"') else ""
        plain = not node.style or quote
        if plain and node.value and self._stands_at(row, column, quote or node.value[0]):
            return Place(self._path, row + 1, column + 1 + len(quote))
        while row < len(self._lines):
            match = _PROPERTIES.match(self._lines[row], column)
            column = match.end() if match else column
            rest = self._lines[row][column:].rstrip("\r")
            if not node.value or (rest.strip() and not rest.lstrip().startswith("#")):
                break
            row, column = row + 1, 0
        line = self._lines[row] if row < len(self._lines) else ""
        if node.style in ("|", ">") and _BLOCK_HEADER.match(line[column:].rstrip("\r")):
            row, column = self._block(row + 1)
        elif node.style in ("'", '"') and line[column : column + 1] == node.style:
            column += 1
        else:
            column += len(line[column:]) - len(line[column:].lstrip(" \t"))
        return Place(self._path, row + 1, column + 1)

    def _stands_at(self, row: int, column: int, text: str) -> bool:
        return row < len(self._lines) and self._lines[row].startswith(text, column)

    def _block(self, row: int) -> tuple[int, int]:
        line = next((line for line in self._lines[row:] if line.strip()), "")
        return row, len(line) - len(line.lstrip(" "))


def _type(tag: str) -> str:
    return tag.removeprefix(_YAML_TAG) if tag.startswith(_YAML_TAG) else tag
