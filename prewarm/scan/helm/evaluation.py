"""What templates' expressions come to with a chart's values, and which of the values they used."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, Union

from prewarm.scan.finding import Place
from prewarm.scan.helm.functions import FUNCTIONS, is_true
from prewarm.scan.helm.language import Block, Node, Token, Unknown, parse
from prewarm.scan.imageparts import as_used
from prewarm.scan.values import Mapping as Map
from prewarm.scan.values import Text, Value

Thing: TypeAlias = Union[str, bool, int, Value, "Mapping[str, Thing]", None]
"""What an expression may come to."""

_MAX_DEPTH = 20


class Evaluation:
    """One template's evaluation; `used` are the values that went into what it says."""

    def __init__(self, root: Mapping[str, Thing], defined: Callable[[str], list[Node] | None]):
        self._root = root
        self._defined = defined
        self.depth = 0
        self.used: dict[Place, Text] = {}

    def run(self, nodes: list[Node], dot: Thing, names: dict[str, Thing] | None = None) -> str:
        """The text that nodes come to; raises Unknown."""
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise Unknown("nested too deeply")
        held = {"$": dot} if names is None else names
        text = "".join(self._node(node, dot, held) for node in nodes)
        self.depth -= 1
        return text

    def _node(self, node: Node, dot: Thing, names: dict[str, Thing]) -> str:
        if node.kind == "text":
            return node.text
        if node.kind == "define":
            return ""
        if node.kind == "output":
            return self._output(node.tokens, dot, names)
        if node.kind not in ("if", "with"):
            raise Unknown(node.kind)
        for block in node.blocks:
            value = self.condition(block, dot, names)
            if is_true(value):
                inner = value if node.kind == "with" and block.tokens else dot
                return self.run(block.nodes, inner, dict(names) if node.kind == "with" else names)
        return ""

    def condition(self, block: Block, dot: Thing, names: dict[str, Thing]) -> Thing:
        """What the words behind `if` or `with` come to; an `else` is true."""
        if not block.tokens:
            return True
        return self._assigned(block.tokens, dot, names)

    def _output(self, tokens: Sequence[Token], dot: Thing, names: dict[str, Thing]) -> str:
        value = self._assigned(tokens, dot, names)
        return "" if _assigns(tokens) else self.text(value)

    def _assigned(self, tokens: Sequence[Token], dot: Thing, names: dict[str, Thing]) -> Thing:
        if not _assigns(tokens):
            return self._pipeline(list(tokens), dot, names)
        value = self._pipeline(list(tokens[2:]), dot, names)
        names[tokens[0].text] = value
        return value

    def text(self, value: Thing) -> str:
        """A value as Go prints it; that it was used is noted."""
        if isinstance(value, Text):
            self.used[value.place] = value
            return as_used(value)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (str, int)):
            return str(value)
        raise Unknown("no text")

    def _pipeline(self, tokens: list[Token], dot: Thing, names: dict[str, Thing]) -> Thing:
        commands: list[list[Token]] = [[]]
        depth = 0
        for token in tokens:
            depth += (token.text == "(") - (token.text == ")") if token.kind == "sign" else 0
            if token.kind == "sign" and token.text == "|" and depth == 0:
                commands.append([])
            else:
                commands[-1].append(token)
        value: list[Thing] = []
        for command in commands:
            value = [self._command(command, dot, names, value)]
        return value[0]

    def _command(
        self, tokens: list[Token], dot: Thing, names: dict[str, Thing], piped: list[Thing]
    ) -> Thing:
        if not tokens:
            raise Unknown("nothing between bars")
        if tokens[0].kind == "word" and tokens[0].text not in ("true", "false", "nil"):
            arguments = self._arguments(tokens[1:], dot, names)
            return self._call(tokens[0].text, [*arguments, *piped], dot)
        arguments = self._arguments(tokens, dot, names)
        if len(arguments) != 1 or piped:
            raise Unknown("no function")
        return arguments[0]

    def _arguments(
        self, tokens: Sequence[Token], dot: Thing, names: dict[str, Thing]
    ) -> list[Thing]:
        arguments: list[Thing] = []
        at = 0
        while at < len(tokens):
            token = tokens[at]
            if token.kind == "sign" and token.text == "(":
                end = _closing(tokens, at)
                value = self._pipeline(list(tokens[at + 1 : end]), dot, names)
                at = end + 1
                if at < len(tokens) and re.match(r"\.\w", tokens[at].text):
                    value = _follow(value, tokens[at].text)
                    at += 1
                arguments.append(value)
                continue
            arguments.append(self._operand(token, dot, names))
            at += 1
        return arguments

    def _operand(self, token: Token, dot: Thing, names: dict[str, Thing]) -> Thing:
        if token.kind == "string":
            return _unquoted(token.text)
        if token.kind == "number":
            return int(token.text) if "." not in token.text else token.text
        if token.kind == "word" and token.text in ("true", "false"):
            return token.text == "true"
        if token.kind == "word" and token.text == "nil":
            return None
        if token.kind != "path":
            raise Unknown(token.text)
        if token.text.startswith("$"):
            name, dot_sign, rest = token.text.partition(".")
            if name not in names:
                raise Unknown(name)
            return _follow(names[name], f".{rest}") if dot_sign else names[name]
        return dot if token.text == "." else _follow(dot, token.text)

    def _call(self, name: str, arguments: list[Thing], dot: Thing) -> Thing:
        if name in ("include", "tpl") and len(arguments) == 2:
            return self._included(name, arguments[0], arguments[1])
        if name not in FUNCTIONS:
            raise Unknown(name)
        value: Thing = FUNCTIONS[name](self.text, arguments)
        return value

    def _included(self, name: str, source: Thing, dot: Thing) -> str:
        text = self.text(source)
        if name == "tpl":
            nodes: list[Node] | None = parse(text)
        else:
            nodes = self._defined(text)
        if nodes is None:
            raise Unknown(text)
        return self.run(nodes, dot)


def _assigns(tokens: Sequence[Token]) -> bool:
    return (
        len(tokens) > 2
        and tokens[0].kind == "path"
        and tokens[0].text.startswith("$")
        and tokens[1].kind == "sign"
        and tokens[1].text in (":=", "=")
    )


def _closing(tokens: Sequence[Token], start: int) -> int:
    depth = 0
    for at in range(start, len(tokens)):
        if tokens[at].kind == "sign":
            depth += (tokens[at].text == "(") - (tokens[at].text == ")")
            if depth == 0:
                return at
    raise Unknown("a bracket is not closed")


def _follow(value: Thing, path: str) -> Thing:
    for name in path.strip(".").split("."):
        if isinstance(value, Map):
            value = value.entries.get(name)
        elif isinstance(value, Mapping):
            if name not in value:
                raise Unknown(name)
            value = value[name]
        else:
            raise Unknown(name)
        if isinstance(value, Text) and value.type == "null":
            value = None
    return value


def _unquoted(text: str) -> str:
    inner = text[1:-1]
    if text.startswith("`"):
        return inner
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), inner)
