"""A Jenkinsfile as its readers need it: blocks, arguments, and the values of simple names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prewarm.scan.expansion import Expanded
from prewarm.scan.finding import Place
from prewarm.scan.groovytext import Places, Token, tokens
from prewarm.scan.reader import Document
from prewarm.scan.values import Text

_PAIRS = {"(": ")", "[": "]", "{": "}"}
_ENDS = {",", ")", "]", "}", ";"}
_INSERT = re.compile(r"\$\{\s*([\w.]+)\s*\}|\$\{[^}]*\}|\$([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)")


@dataclass(frozen=True, slots=True)
class Block:
    """`name(arguments) { … }`: the tokens between its braces, from `start` to `end`.

    `outer` are the names of the blocks around it, outermost first.
    """

    name: str
    start: int
    end: int
    arguments: tuple[int, int]
    outer: tuple[str, ...]


class Script:
    """The tokens of one file and what is known of its names."""

    def __init__(self, document: Document, given: Mapping[str, str]) -> None:
        self.text = document.text
        self.tokens = tokens(document.text)
        self._places = Places(document.path, document.text)
        self._partners = _partners(self.tokens)
        self.blocks = list(self._blocks())
        self._environment = self._assigned_in("environment")
        self._names = {**self._defined(), **self._parameters(), **given}

    def place(self, offset: int) -> Place:
        return self._places.of(offset)

    def at(self, index: int) -> Token:
        """A token; an empty one beyond the ends."""
        return self.tokens[index] if 0 <= index < len(self.tokens) else Token("", "", 0)

    def closing(self, opening: int) -> int:
        """The index of the bracket that closes the one at `opening`, or the end."""
        return self._partners.get(opening, len(self.tokens))

    def settings(self, start: int, end: int, name: str) -> Iterator[int]:
        """Where the values of `name value`, `name(value)`, `name: value`, `name = value` begin."""
        for index in range(start, end):
            token = self.at(index)
            if token.kind == "name" and token.text == name and self.at(index - 1).text != ".":
                following = self.at(index + 1)
                value = index + 2 if following.text in ("(", ":", "=") else index + 1
                if value < end and following.kind != "" and following.text not in (".", "{"):
                    yield value

    def argument(self, start: int, environment: bool = True) -> tuple[Text, Expanded]:
        """The one value that begins at a token: what is written, and what it comes to.

        `environment` tells whether the pipeline's own environment is set at that point.
        """
        first = self.at(start)
        end = self._argument_end(start)
        if first.kind == "string" and end == start + 1:
            text = Text(first.text, self.place(first.start))
            return text, self.expanded(first, environment)
        last = self.at(end - 1)
        choice = [token.text for token in self.tokens[end - 3 : end - 1]]
        default = last if choice == ["?", ":"] and last.kind == "string" else None
        stop = last.start + len(last.text) + (last.kind == "string")
        begin = first.start - (first.kind == "string")
        text = Text(self.text[begin:stop], self.place(begin))
        name = text.value.strip()
        if default is not None:
            return text, self.expanded(default, environment)
        value = self._value(name, environment) if re.fullmatch(r"[\w.]+", name) else None
        return text, Expanded(value) if value is not None else Expanded("", (name,))

    def expanded(self, string: Token, environment: bool = True) -> Expanded:
        """A string's value with the names in it put in."""
        if not string.is_template:
            return Expanded(string.value)
        result, at = Expanded(), 0
        for match in _INSERT.finditer(string.text):
            name = match[1] or match[2] or match[0]
            value = self._value(name, environment)
            put = Expanded("", (name,)) if value is None else Expanded(value)
            result = result.then(Expanded(string.text[at : match.start()])).then(put)
            at = match.end()
        return result.then(Expanded(string.text[at:]))

    def _value(self, name: str, environment: bool) -> str | None:
        plain = name.removeprefix("env.")
        known = self._names.get(name, self._names.get(plain))
        return self._environment.get(plain) if known is None and environment else known

    def _argument_end(self, start: int) -> int:
        """One past the last token of the value: before a comma, a bracket, or the line's end."""
        index = start
        while index < len(self.tokens) and not self._ends(index, start):
            token = self.tokens[index]
            opens = token.kind == "mark" and token.text in _PAIRS
            index = self.closing(index) + 1 if opens else index + 1
        return max(index, start + 1)

    def _ends(self, index: int, start: int) -> bool:
        token = self.tokens[index]
        if token.kind == "mark" and token.text in _ENDS:
            return True
        return index > start and self._breaks(index)

    def _breaks(self, index: int) -> bool:
        before, token = self.tokens[index - 1], self.tokens[index]
        between = self.text[before.start + len(before.text) : token.start]
        joined = token.text in (".", "+", "?", ":") or before.text in (".", "+", "?", ":")
        return "\n" in between and not joined

    def _blocks(self) -> Iterator[Block]:
        stack: list[tuple[str, int]] = []
        for index, token in enumerate(self.tokens):
            if token.kind != "mark":
                continue
            if token.text == "{":
                name, arguments = self._head(index)
                closing = self.closing(index)
                outer = tuple(each for each, _ in stack)
                yield Block(name, index + 1, closing, arguments, outer)
                stack.append((name, closing))
            while stack and stack[-1][1] <= index:
                stack.pop()

    def _head(self, brace: int) -> tuple[str, tuple[int, int]]:
        """The name before a brace, and its arguments, with or without parentheses."""
        before = self.at(brace - 1)
        opening = self._partners.get(brace - 1)
        if before.kind == "mark" and before.text == ")" and opening is not None:
            return self.at(opening - 1).text, (opening + 1, brace - 1)
        if before.kind == "string" and self.at(brace - 2).kind == "name":
            return self.at(brace - 2).text, (brace - 1, brace)
        return before.text, (brace, brace)

    def _defined(self) -> dict[str, str]:
        """Names that are given one literal string, once, anywhere in the file."""
        values: dict[str, str | None] = {}
        for index, token in enumerate(self.tokens):
            if token.kind != "name" or self.at(index + 1).text != "=":
                continue
            if self.at(index + 2).text == "=" or self.at(index - 1).text == ".":
                continue
            literal = self.at(index + 2)
            whole = self._argument_end(index + 2) == index + 3
            plain = literal.kind == "string" and "$" not in literal.text and whole
            once = plain and token.text not in values
            values[token.text] = literal.value if once else None
        inside = self._environment
        return {n: v for n, v in values.items() if v is not None and n not in inside}

    def _assigned_in(self, name: str) -> dict[str, str]:
        values: dict[str, str] = {}
        for block in self.blocks:
            for index in range(block.start, block.end) if block.name == name else ():
                literal = self.at(index + 2)
                is_plain = literal.kind == "string" and "$" not in literal.text
                if self.at(index + 1).text == "=" and is_plain:
                    values[self.at(index).text] = literal.value
        return values

    def _parameters(self) -> dict[str, str]:
        """`params.NAME` of string and choice parameters with a default."""
        values: dict[str, str] = {}
        for index, token in enumerate(self.tokens):
            if token.text not in ("string", "choice") or self.at(index + 1).text != "(":
                continue
            end = self.closing(index + 1)
            name = next(self.settings(index, end, "name"), None)
            default = next(self.settings(index, end, "defaultValue"), None)
            if name is not None and default is not None and self.at(default).kind == "string":
                values[f"params.{self.at(name).value}"] = self.at(default).value
        return values


def _partners(found: list[Token]) -> dict[int, int]:
    """The index of each bracket's partner, both ways."""
    partners: dict[int, int] = {}
    open_: list[int] = []
    for index, token in enumerate(found):
        if token.kind != "mark":
            continue
        if token.text in _PAIRS:
            open_.append(index)
        elif open_ and _PAIRS[found[open_[-1]].text] == token.text:
            partners[index] = open_.pop()
            partners[partners[index]] = index
    return partners
