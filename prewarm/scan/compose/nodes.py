"""From YAML nodes to values: merge keys, places, variables, and the tags `!reset`, `!override`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from prewarm.scan.compose.interpolation import expand
from prewarm.scan.compose.scalars import Scalar, value_of
from prewarm.scan.compose.values import KeyPath, Leaf, Refused, Table, Value
from prewarm.scan.finding import Place
from prewarm.scan.yamltext import YamlDocument

SECTIONS = {"services": "service", "jobs": "job"}
"""The parts of a file that hold containers, with the word for one."""

BUILD_PLACE = "build#"
"""Beside the build of a container: a null that stands where the build begins."""

_CONTAINER_KEYS = {
    "build",
    "extends",
    "image",
    "platform",
    "pre_start",
    "profiles",
    "provider",
    "pull_policy",
    "volumes",
}
_MERGE = "tag:yaml.org,2002:merge"
_RESET = "!reset"
_OVERRIDE = "!override"
_MAX_VISITS = 100_000
_PROPERTIES = re.compile(r"(?:[&!]\S*(?:\s+|$))*")


@dataclass(slots=True)
class NodeReader:
    """Reads one YAML document of a file; `folder` is what its relative paths start from."""

    file: str
    lines: list[str]
    document: YamlDocument
    environment: Mapping[str, str]
    folder: str
    _values: dict[int, Value] = field(default_factory=dict)
    _tags: dict[int, tuple[KeyPath, ...]] = field(default_factory=dict)
    _open: set[int] = field(default_factory=set)
    _visits: int = 0

    def containers(self, section: str) -> dict[str, Value]:
        """The services or jobs, each cut down to the keys that can lead to an image."""
        found: dict[str, Value] = {}
        for name, node in self._entries(self._top().get(section)):
            if isinstance(node, MappingNode):
                found[name] = self._container(node)
            else:
                found[name] = self.value(node)
        return found

    def _container(self, node: MappingNode) -> Table:
        found: dict[str, Value] = {}
        for key, value in self._entries(node):
            if key in _CONTAINER_KEYS:
                found[key] = self.value(value)
            if key == "build":
                found[BUILD_PLACE] = Leaf(None, self.document.place(self.file, value))
        return found

    def top(self, key: str) -> Value | None:
        """The value of a key at the top of the document."""
        node = self._top().get(key)
        return None if node is None else self.value(node)

    def cleared(self) -> tuple[KeyPath, ...]:
        """The paths that `!reset` and `!override` clear in what came before this document."""
        root = self.document.root
        paths = () if root is None else self._cleared(root)
        return tuple(path for path in paths if path and path[0] in SECTIONS)

    def value(self, node: Node) -> Value:
        """The value of a node, variables replaced. Raises Refused for one that holds itself."""
        if id(node) not in self._values:
            self._visit(node)
            self._values[id(node)] = self._convert(node)
            self._open.discard(id(node))
        return self._values[id(node)]

    def _convert(self, node: Node) -> Value:
        if isinstance(node, ScalarNode):
            return self._leaf(node)
        if isinstance(node, SequenceNode):
            return [self.value(item) for item in node.value if item.tag != _RESET]
        found: dict[str, Value] = {key: self.value(value) for key, value in self._entries(node)}
        return found

    def _visit(self, node: Node) -> None:
        self._visits += 1
        if id(node) in self._open or self._visits > _MAX_VISITS:
            problem = "an anchor holds itself" if id(node) in self._open else "too many nodes"
            raise Refused(f"line {self.document.place(self.file, node).line}: {problem}")
        if not isinstance(node, ScalarNode):
            self._open.add(id(node))

    def _top(self) -> dict[str, Node]:
        return dict(self._entries(self.document.root))

    def _entries(self, node: Node | None) -> Iterator[tuple[str, Node]]:
        """The keys and values of a mapping, those of merge keys last where they are new."""
        if not isinstance(node, MappingNode):
            return
        seen: dict[str, Node] = {}
        merged: list[Node] = []
        for key, value in node.value:
            if value.tag == _RESET:
                continue
            if key.tag == _MERGE:
                merged += value.value if isinstance(value, SequenceNode) else [value]
            elif isinstance(key, ScalarNode):
                seen[str(key.value)] = value
        yield from seen.items()
        for base in merged:
            self._visit(base)
            for name, value in self._entries(base):
                if name not in seen:
                    seen[name] = value
                    yield name, value
            self._open.discard(id(base))

    def _cleared(self, node: Node) -> tuple[KeyPath, ...]:
        if node.tag in (_RESET, _OVERRIDE):
            return ((),)
        if isinstance(node, ScalarNode):
            return ()
        if id(node) not in self._tags:
            self._tags[id(node)] = ()
            self._tags[id(node)] = tuple(self._cleared_inside(node))
        return self._tags[id(node)]

    def _cleared_inside(self, node: Node) -> Iterator[KeyPath]:
        if isinstance(node, MappingNode):
            for key, value in node.value:
                for path in self._cleared(value):
                    yield path if key.tag == _MERGE else (str(key.value), *path)

    def _leaf(self, node: ScalarNode) -> Leaf:
        value: Scalar = value_of(node)
        place, written = self._written(node)
        if not isinstance(value, str):
            return Leaf(value, place, written, self.folder)
        expansion = expand(value, self.environment)
        return Leaf(
            None if expansion.fault else expansion.text,
            place,
            written,
            self.folder,
            expansion.marked,
            expansion.empty,
            expansion.fault,
        )

    def _written(self, node: ScalarNode) -> tuple[Place, str]:
        """Where a scalar's text begins (behind anchor, tag and quote), and its first line."""
        row = self.document.first_line + node.start_mark.line - 1
        column = node.start_mark.column
        while row < len(self.lines):
            line = self.lines[row]
            match = _PROPERTIES.match(line, column)
            column = match.end() if match else column
            column += len(line[column:]) - len(line[column:].lstrip())
            if column < len(line) and line[column] != "#":
                return self._first_line(node, row, column)
            row, column = row + 1, 0
        return self.document.place(self.file, node), str(node.value)

    def _first_line(self, node: ScalarNode, row: int, column: int) -> tuple[Place, str]:
        if node.style in ("|", ">"):
            row += 1
            while row < len(self.lines) - 1 and not self.lines[row].strip():
                row += 1
            line = self.lines[min(row, len(self.lines) - 1)]
            return Place(self.file, row + 1, len(line) - len(line.lstrip()) + 1), line.strip()
        quote = 1 if node.style in ("'", '"') else 0
        end = node.end_mark.column - quote
        if self.document.first_line + node.end_mark.line - 1 > row:
            end = len(self.lines[row])
        written = self.lines[row][column + quote : end]
        return Place(self.file, row + 1, column + quote + 1), written if quote else written.rstrip()


def cleared(value: Table, paths: tuple[KeyPath, ...]) -> Table:
    """A model without what stands at `paths`; the elements of lists cannot be reached."""
    if not paths:
        return value
    kept: dict[str, Value] = {}
    for key, item in value.items():
        inner = tuple(path[1:] for path in paths if path[:1] == (key,))
        if () in inner:
            continue
        kept[key] = cleared(item, inner) if inner and isinstance(item, Mapping) else item
    return kept
