"""The part of Go's template language that chart authors put image names together with.

Whatever lies beyond it raises Unknown: then nothing is said rather than something wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

_ACTION = re.compile(
    r"\{\{(?P<left>-[ \t\r\n])?"
    r"(?P<inner>(?:\"(?:[^\"\\\n]|\\.){0,1000}\"|`[^`]{0,1000}`|/\*.{0,5000}?\*/"
    r"|[^\"`/}]|/(?!\*)|\}(?!\})){0,4000}?)"
    r"(?P<right>[ \t\r\n]-)?\}\}",
    re.DOTALL,
)
_TOKEN = re.compile(
    r"\s*(?:(?P<string>\"(?:[^\"\\]|\\.)*\"|`[^`]*`)|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<path>\$?\w*(?:\.[A-Za-z_]\w*)+|\$\w*|\.(?![\w]))|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<sign>:=|[()|=,]))"
)
_KEYWORD = re.compile(
    r"(if|else if|else with|else|end|with|range|define|block|template)\b\s*(.*)", re.DOTALL
)
_MAX_SOURCE = 100_000


class Unknown(Exception):
    """The text needs more than is known here."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word of an action."""

    kind: str
    text: str


@dataclass(slots=True)
class Block:
    """Nodes with the condition or value that they are for."""

    tokens: tuple[Token, ...]
    nodes: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Node:
    """A piece of a template: `text`, `output`, `if`, `with`, `define`."""

    kind: str
    text: str = ""
    tokens: tuple[Token, ...] = ()
    blocks: list[Block] = field(default_factory=list)


@lru_cache(maxsize=4096)
def tokens_of(source: str) -> tuple[Token, ...]:
    """The words of an action."""
    tokens, at, source = [], 0, source.strip()
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None or match.end() == at:
            raise Unknown(source)
        kind = match.lastgroup or ""
        tokens.append(Token(kind, match[kind]))
        at = match.end()
    return tuple(tokens)


def parse(source: str) -> list[Node]:
    """A template's nodes."""
    if len(source) > _MAX_SOURCE:
        raise Unknown("too long")
    root = Block(())
    stack: list[list[Block]] = [[root]]
    for kind, text in _pieces(source):
        here = stack[-1][-1].nodes
        if kind == "text":
            here.append(Node("text", text))
            continue
        keyword = _KEYWORD.match(text)
        word = keyword[1] if keyword else ""
        rest = keyword[2] if keyword else text
        if word in ("if", "with", "range", "define", "block"):
            node = Node(word, rest, blocks=[Block(_lazily(rest or "nothing"))])
            here.append(node)
            stack.append(node.blocks)
        elif word.startswith("else") and len(stack) > 1:
            stack[-1].append(Block(_lazily(rest)))
        elif word == "end":
            if len(stack) == 1:
                raise Unknown("end without a beginning")
            stack.pop()
        elif word == "template":
            here.append(Node("output", text, _lazily(f"include {rest}")))
        elif not text.startswith("/*") and text:
            here.append(Node("output", text, _lazily(text)))
    if len(stack) > 1:
        raise Unknown("no end")
    return root.nodes


def _lazily(source: str) -> tuple[Token, ...]:
    """The tokens, or one that raises Unknown where it is used."""
    try:
        return tokens_of(source)
    except Unknown:
        return (Token("unknown", source),)


def _pieces(source: str) -> Iterator[tuple[str, str]]:
    at, trim = 0, False
    for match in _ACTION.finditer(source):
        text = source[at : match.start()]
        text = text.lstrip() if trim else text
        text = text.rstrip() if match["left"] else text
        if text:
            yield "text", text
        yield "action", match["inner"].strip()
        at, trim = match.end(), match["right"] is not None
    text = source[at:].lstrip() if trim else source[at:]
    if text:
        yield "text", text
