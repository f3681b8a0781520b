"""YAML as nodes with places: document by document, so that a broken one does not hide the others.

JSON is read by the same parser, for it is YAML's flow style.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import yaml
from yaml.composer import ComposerError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.scanner import ScannerError

from prewarm.scan.finding import Place

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML built without libyaml
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

_SEPARATOR = re.compile(r"^(?:---|\.\.\.)(?=[ \t\r\n]|$)", re.MULTILINE)
_MAX_DEPTH = 150
_OPENERS = re.compile(r"[\[{]")
_BRACKETS = re.compile(r"[\[\]{}]")
_JSON_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_DEEP_LINE = re.compile(rf"^[ \t?:-]{{{_MAX_DEPTH},}}", re.MULTILINE)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_UNICODE_BREAKS = str.maketrans("\x85\u2028\u2029", "   ")


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One document of a file: its root node, or what is wrong with it."""

    root: Node | None
    first_line: int
    error: str = ""

    def place(self, file: str, node: Node, line: int = 0, column: int = 0) -> Place:
        """Where a node stands in `file`; a shift of lines and columns points into a scalar."""
        mark = node.start_mark
        return Place(file, self.first_line + mark.line + line, mark.column + 1 + column)


def parse(text: str) -> Iterator[YamlDocument]:
    """All documents of a text, in order; an empty one is left out. Lines count from 1."""
    for first_line, part in split(text):
        document = compose(first_line, part)
        if document is not None:
            yield document


def split(text: str) -> Iterator[tuple[int, str]]:
    """The text of each document with the number of its first line; what is blank is left out."""
    marked = "---" in text or "..." in text
    starts = [match.start() for match in _SEPARATOR.finditer(text)] if marked else []
    if not starts or not _is_preamble(text[: starts[0]]):
        starts.insert(0, 0)
    else:
        starts[0] = 0
    line, end = 1, len(text)
    for start, stop in zip(starts, [*starts[1:], end], strict=True):
        part = text[start:stop]
        if part.strip():
            yield (line, f"   {part[3:]}") if part.startswith("...") else (line, part)
        line += text.count("\n", start, stop)


def _is_preamble(text: str) -> bool:
    """Whether there is nothing but directives, comments and blank lines before a document."""
    return not re.search(r"^(?![ \t]*(?:#|\r?$))(?!%)", text, re.MULTILINE)


def compose(first_line: int, part: str) -> YamlDocument | None:
    """The document that a text of one holds; None where it holds nothing."""
    if not part.isascii():
        part = part.translate(_UNICODE_BREAKS)
    if "\\u" in part:
        part = _SURROGATE.sub(r"\\u0020", part)
    try:
        if _nests_too_deeply(part):
            return YamlDocument(None, first_line, f"nested more than {_MAX_DEPTH} deep")
        root = _root(part)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return YamlDocument(None, first_line, _explain(error, first_line))
    return YamlDocument(root, first_line) if root is not None else None


def is_sound(part: str) -> bool:
    """Whether the parser takes a document without complaint. Quick: it makes no nodes."""
    if part.count("[") + part.count("{") > _MAX_DEPTH and _nests_too_deeply(part):
        return False  # the parser takes time by the square of the depth
    loader = _Loader(part)
    try:
        loader.raw_parse()
    except (yaml.YAMLError, ValueError, AttributeError):  # the last without libyaml
        return False
    finally:
        loader.dispose()
    return True


def _root(part: str) -> Node | None:
    """The root node. Anchors may be called anything, and be given again, as YAML allows."""
    try:
        return _single_node(_Loader(part))
    except (ComposerError, ScannerError) as error:
        if "anchor" not in (error.context or "") and "alias" not in (error.context or ""):
            raise
        return _single_node(_AnyAnchors(part))


def _single_node(loader: _Loader | yaml.SafeLoader) -> Node | None:
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


class _AnyAnchors(yaml.SafeLoader):
    """What PyYAML forbids for anchors. Slow: only for the documents that need it."""

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.NodeEvent) and not isinstance(event, yaml.AliasEvent):
            self.anchors.pop(event.anchor, None)
        return super().compose_node(parent, index)

    def scan_anchor(self, TokenClass: type[yaml.Token]) -> yaml.Token:
        start = self.get_mark()
        self.forward()
        length = 0
        while self.peek(length) not in "\0 \t\r\n\x85\u2028\u2029,[]{}":
            length += 1
        if not length:
            raise ScannerError("while scanning an anchor", start, "it has no name", self.get_mark())
        name = self.prefix(length)
        self.forward(length)
        return TokenClass(name, start, self.get_mark())  # type: ignore[call-arg]


def _nests_too_deeply(text: str) -> bool:
    """Whether nesting could exhaust the parser's stack. Counted by events only where in doubt."""
    if len(text) < _MAX_DEPTH:
        return False
    if not _DEEP_LINE.search(text):
        if len(_OPENERS.findall(text)) <= _MAX_DEPTH:
            return False
        plain = _JSON_STRING.sub("", text)
        if not re.search(r"[\"'#]", plain):
            return _depth_of_brackets(plain) > _MAX_DEPTH
    return _depth_of_events(text) > _MAX_DEPTH


def _depth_of_brackets(text: str) -> int:
    depth = deepest = 0
    for bracket in _BRACKETS.findall(text):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _depth_of_events(text: str) -> int:
    """How deep a text nests, as far as it can be read: the parser tells what is wrong with it."""
    depth = deepest = 0
    with suppress(yaml.YAMLError, ValueError):
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                deepest = max(deepest, depth)
                if depth > _MAX_DEPTH:
                    break
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    return deepest


def _explain(error: Exception, first_line: int) -> str:
    problem = getattr(error, "problem", None) or str(error) or type(error).__name__
    mark = getattr(error, "problem_mark", None)
    return f"line {first_line + mark.line}: {problem}" if mark else problem


def items(node: Node | None) -> Iterator[tuple[str, Node, Node]]:
    """The string keys of a mapping with their key and value nodes; nothing for other nodes."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                yield key.value, key, value


def get(node: Node | None, *path: str) -> Node | None:
    """The node at a path of keys, or None."""
    for name in path:
        node = next((value for key, _, value in items(node) if key == name), None)
    return node


def elements(node: Node | None) -> Iterator[Node]:
    """The elements of a sequence; nothing for other nodes."""
    if isinstance(node, SequenceNode):
        yield from node.value


def text_of(node: Node | None) -> str | None:
    """A scalar's text, or None; null is None."""
    if isinstance(node, ScalarNode) and node.tag != "tag:yaml.org,2002:null":
        return str(node.value)
    return None
