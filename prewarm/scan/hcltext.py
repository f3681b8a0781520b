"""HCL text to values with places: tolerant of what it does not know, and of broken parts.

Native syntax only: https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md. An HCL file in
JSON is read as YAML's flow style, its strings by `parse_template`.
"""

from __future__ import annotations

import re

from prewarm.scan.hclexpressions import WORD, Broken, ExpressionParser
from prewarm.scan.hclvalues import (
    Attribute,
    Block,
    Body,
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
)

__all__ = [
    "Attribute",
    "Block",
    "Body",
    "Call",
    "Conditional",
    "Expression",
    "Fault",
    "List",
    "Literal",
    "Object",
    "Opaque",
    "Operation",
    "Reference",
    "Template",
    "parse",
    "parse_template",
]


def parse(text: str) -> Body:
    """All of a file. Broken parts are named in `faults`; never raises."""
    return _Parser(text).file()


def parse_template(text: str, line: int = 1, column: int = 1) -> Expression:
    """The value of a string whose quotes and escapes another format has already taken off."""
    parser = ExpressionParser(text, line, column)
    try:
        return parser.template(len(text), None, "")
    except (Broken, RecursionError):
        return Opaque(text, line, column)


class _Parser(ExpressionParser):
    """Files and bodies; what is broken in one statement does not touch the next."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.faults: list[Fault] = []

    def file(self) -> Body:
        body = self.body()
        while self.at < len(self.text):
            self.fault(self.broken("a brace closes nothing"))
            self.at += 1
            rest = self.body()
            body = Body(body.blocks + rest.blocks, body.attributes + rest.attributes)
        return Body(body.blocks, body.attributes, tuple(self.faults))

    def body(self) -> Body:
        """Statements up to a closing brace, which is left, or to the end."""
        blocks: list[Block] = []
        attributes: list[Attribute] = []
        while True:
            self.skip(lines=True)
            if self.at >= len(self.text) or self.text[self.at] == "}":
                return Body(tuple(blocks), tuple(attributes))
            start, depth = self.at, self.depth
            try:
                statement = self.statement()
            except Broken as broken:
                self.depth = depth
                self.fault(broken)
                self.recover(max(start + 1, broken.offset))
            else:
                if isinstance(statement, Block):
                    blocks.append(statement)
                else:
                    attributes.append(statement)

    def fault(self, broken: Broken) -> None:
        self.faults.append(Fault(self.place(broken.offset)[0], broken.problem))

    def recover(self, offset: int) -> None:
        """To the end of the line, or to the brace that closes what was begun before it."""
        depth = 0
        for match in re.compile(r"[{}\n]").finditer(self.text, offset - 1):
            depth += {"{": 1, "}": -1}.get(match[0], 0)
            if depth < 0 or match[0] == "\n":
                self.at = max(offset, match.start()) if depth < 0 else match.end()
                return
        self.at = len(self.text)

    def statement(self) -> Block | Attribute:
        start = self.at
        word = self.match(WORD)
        if word is None:
            raise self.broken("a name is missing")
        line, column = self.place(start)
        self.skip(lines=False)
        if self.take("="):
            self.skip(lines=False)
            return Attribute(word[0], self.expression(lines=False), line, column)
        return self.block(word[0], line, column)

    def block(self, name: str, line: int, column: int) -> Block:
        labels = []
        while not self.take("{"):
            start = self.at
            if word := self.match(WORD):
                labels.append(word[0])
            elif self.take('"'):
                label = self.template(None, '"', "")
                self.expect('"')
                written = self.text[start + 1 : self.at - 1]
                labels.append(str(label.value) if isinstance(label, Literal) else written)
            else:
                raise self.broken("neither '=' nor a block follows the name")
            self.skip(lines=False)
        self.deeper()
        body = self.body()
        self.depth -= 1
        if not self.take("}"):
            self.fault(self.broken(f"the block {name!r} has no end"))
        return Block(name, tuple(labels), body, line, column)
