"""The image lines of a template, in the branches that values choose; the rest is not evaluated.

Where a condition cannot be decided, every branch counts; where a line cannot be evaluated, it is
left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from prewarm.scan.helm.evaluation import Evaluation, Thing
from prewarm.scan.helm.functions import is_true
from prewarm.scan.helm.language import Block, Node, Unknown
from prewarm.scan.values import Text

_HOLE = "\0"
_IMAGE = re.compile(r"[ \t]*(?:-[ \t]+)?[\"']?[\w-]*[iI]mage[\"']?[ \t]*:[ \t]+")
_ASSIGNMENT = re.compile(r"\$\w*\s*:?=")
_FAULTS = (Unknown, ValueError, TypeError, IndexError, AttributeError)


@dataclass(frozen=True, slots=True)
class Line:
    """What stands behind `image:` when a template is rendered, and the values that went into it."""

    name: str
    used: tuple[Text, ...]


class Rendering:
    """One template's pass through its branches."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation
        self._line = ""

    def lines(self, nodes: list[Node], dot: Thing, names: dict[str, Thing]) -> Iterator[Line]:
        """Every image line that these nodes come to."""
        for node in nodes:
            if node.kind == "text":
                yield from self._text(node.text)
            elif _IMAGE.match(self._line) and not _spans_lines(node):
                self._line += self._inline(node, dot, names)
            elif node.kind == "output":
                self._assign(node, dot, names)
                self._line += _HOLE
            elif node.kind != "define" and _mentions(node):
                yield from self._branches(node, dot, names)

    def finish(self) -> Iterator[Line]:
        """The last line, which no line end follows."""
        yield from self._text("\n")

    def _text(self, text: str) -> Iterator[Line]:
        first, *rest = text.split("\n")
        self._line += first
        for line in rest:
            match = _IMAGE.match(self._line)
            if match and _HOLE not in self._line:
                yield Line(_plain(self._line[match.end() :]), tuple(self._evaluation.used.values()))
            self._evaluation.used = {}
            self._line = line

    def _inline(self, node: Node, dot: Thing, names: dict[str, Thing]) -> str:
        try:
            return self._evaluation.run([node], dot, names)
        except _FAULTS:
            self._evaluation.depth = 0
            return _HOLE

    def _assign(self, node: Node, dot: Thing, names: dict[str, Thing]) -> None:
        if _ASSIGNMENT.match(node.text):
            try:
                self._evaluation.run([node], dot, names)
            except _FAULTS:
                self._evaluation.depth = 0
                names.pop(node.tokens[0].text if node.tokens else "", None)

    def _branches(self, node: Node, dot: Thing, names: dict[str, Thing]) -> Iterator[Line]:
        for block in node.blocks:
            held = dict(self._evaluation.used)
            try:
                value = self._evaluation.condition(block, dot, names)
            except _FAULTS:
                self._evaluation.depth, self._evaluation.used = 0, held
                yield from self.lines(block.nodes, _inner(node, block, dot, None), dict(names))
                continue
            self._evaluation.used = held
            if node.kind == "range":
                yield from self.lines(block.nodes, None, dict(names))
            elif is_true(value):
                inner = _inner(node, block, dot, value)
                yield from self.lines(block.nodes, inner, names)
                return


def _inner(node: Node, block: Block, dot: Thing, value: Thing) -> Thing:
    return value if node.kind in ("with", "range") and block.tokens else dot


def _spans_lines(node: Node) -> bool:
    return any(
        "\n" in inner.text if inner.kind == "text" else _spans_lines(inner)
        for block in node.blocks
        for inner in block.nodes
    )


def _mentions(node: Node) -> bool:
    return any(
        (inner.kind == "text" and "mage" in inner.text) or _mentions(inner) or _sets(inner)
        for block in node.blocks
        for inner in block.nodes
    )


def _sets(node: Node) -> bool:
    return node.kind == "output" and _ASSIGNMENT.match(node.text) is not None


def _plain(value: str) -> str:
    value = value.strip()
    if value[:1] in ("'", '"') and value[:1] == value[-1:]:
        return value[1:-1].strip()
    return value.partition(" #")[0].strip()
