"""HCL expressions: literals, names, calls, lists, objects, operators and strings with `${…}`."""

from __future__ import annotations

import re
from bisect import bisect_right

from prewarm.scan.hclvalues import (
    Call,
    Conditional,
    Expression,
    List,
    Literal,
    Object,
    Opaque,
    Operation,
    Reference,
    Template,
)

_MAX_DEPTH = 60
_COMMENT = r"#[^\n]*|//[^\n]*|/\*(?s:.*?)\*/"
_BLANKS = re.compile(rf"(?:[ \t\r\f\v\ufeff]+|{_COMMENT})*")
_SPACE = re.compile(rf"(?:\s+|\ufeff|{_COMMENT})*")
WORD = re.compile(r"[^\W\d](?:[\w-]|\:\:(?=\w))*")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_HEREDOC = re.compile(r"<<(-?)([^\W\d][\w-]*)[ \t]*\r?\n")
_OPERATOR = re.compile(r"\|\||&&|==|!=|<=|>=|[<>+\-*/%]")
_PLAIN = re.compile(r'[^"\\$%\n]+')
_PLAIN_LINES = re.compile(r"[^$%]+")
_ESCAPE = re.compile(r"\\(?:([nrt\"\\])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_BINDING = {
    **dict.fromkeys(["||"], 1),
    **dict.fromkeys(["&&"], 2),
    **dict.fromkeys(["==", "!="], 3),
    **dict.fromkeys(["<", ">", "<=", ">="], 4),
    **dict.fromkeys(["+", "-"], 5),
    **dict.fromkeys(["*", "/", "%"], 6),
}
_CONSTANTS = {"true": True, "false": False, "null": None}


class Broken(Exception):
    """The text at `offset` is no HCL."""

    def __init__(self, offset: int, problem: str) -> None:
        super().__init__(problem)
        self.offset = offset
        self.problem = problem


class ExpressionParser:
    """Recursive descent over one text; `at` is the offset of what comes next."""

    def __init__(self, text: str, line: int = 1, column: int = 1) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._line, self._column = line, column

    # Places and tokens

    def place(self, offset: int) -> tuple[int, int]:
        row = bisect_right(self._starts, offset) - 1
        shift = self._column if row == 0 else 1
        return self._line + row, offset - self._starts[row] + shift

    def skip(self, lines: bool) -> None:
        match = (_SPACE if lines else _BLANKS).match(self.text, self.at)
        assert match
        self.at = match.end()

    def take(self, token: str) -> bool:
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def expect(self, token: str) -> None:
        if not self.take(token):
            raise self.broken(f"{token!r} is missing")

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def broken(self, problem: str) -> Broken:
        return Broken(self.at, problem)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self.broken(f"nested more than {_MAX_DEPTH} deep")

    # Expressions; `lines` says whether a line's end is mere space, as it is inside brackets

    def expression(self, lines: bool) -> Expression:
        self.deeper()
        start = self.at
        test = self.binary(lines, 1)
        self.skip(lines)
        if self.take("?"):
            self.skip(lines=True)
            then = self.expression(lines)
            self.skip(lines=True)
            self.expect(":")
            self.skip(lines=True)
            otherwise = self.expression(lines)
            test = Conditional(
                test, then, otherwise, *self.place(start), self.text[start : self.at]
            )
        self.depth -= 1
        return test

    def binary(self, lines: bool, least: int) -> Expression:
        start = self.at
        left = self.unary(lines)
        while True:
            end = self.at
            self.skip(lines)
            match = _OPERATOR.match(self.text, self.at)
            if not match or _BINDING[match[0]] < least:
                self.at = end
                return left
            self.at = match.end()
            self.skip(lines=True)
            right = self.binary(lines, _BINDING[match[0]] + 1)
            left = Operation(match[0], left, right, *self.place(start), self.text[start : self.at])

    def unary(self, lines: bool) -> Expression:
        start = self.at
        for operator in "!-":
            if self.take(operator):
                self.skip(lines)
                self.deeper()
                right = self.unary(lines)
                self.depth -= 1
                return Operation(
                    operator, None, right, *self.place(start), self.text[start : self.at]
                )
        return self.steps(self.operand(lines), start)

    def operand(self, lines: bool) -> Expression:
        start = self.at
        line, column = self.place(start)
        if self.take('"'):
            value = self.template(None, '"', "")
            self.expect('"')
            return value
        if self.take("("):
            value = self.bracketed()
            self.expect(")")
            return value
        if self.take("["):
            return self.list_(start)
        if self.take("{"):
            return self.object_(start)
        if heredoc := self.match(_HEREDOC):
            return self.heredoc(heredoc)
        if number := self.match(_NUMBER):
            whole = number[0].isdigit()
            return Literal(int(number[0]) if whole else float(number[0]), line, column)
        if word := self.match(WORD):
            return self.named(word[0], start)
        raise self.broken("a value is missing")

    def named(self, word: str, start: int) -> Expression:
        line, column = self.place(start)
        if self.take("("):
            args = tuple(self.items(")"))
            return Call(word, args, line, column, self.text[start : self.at])
        if word in _CONSTANTS:
            return Literal(_CONSTANTS[word], line, column)
        return Reference((word,), line, column, word)

    def bracketed(self) -> Expression:
        self.skip(lines=True)
        value = self.expression(lines=True)
        self.skip(lines=True)
        return value

    def items(self, closing: str) -> list[Expression]:
        found: list[Expression] = []
        self.skip(lines=True)
        while not self.take(closing):
            found.append(self.bracketed())
            self.take("...")
            self.skip(lines=True)
            if not self.take(","):
                self.expect(closing)
                break
            self.skip(lines=True)
        return found

    def list_(self, start: int) -> Expression:
        self.skip(lines=True)
        if re.compile(r"for\s").match(self.text, self.at):
            return self.opaque(start, "]")
        return List(tuple(self.items("]")), *self.place(start))

    def object_(self, start: int) -> Expression:
        self.skip(lines=True)
        if re.compile(r"for\s").match(self.text, self.at):
            return self.opaque(start, "}")
        pairs = []
        while not self.take("}"):
            pairs.append((self.key(), self.expression(lines=False)))
            self.skip(lines=True)
            self.take(",")
            self.skip(lines=True)
        return Object(tuple(pairs), *self.place(start))

    def key(self) -> Expression:
        if self.text.startswith("(", self.at):
            value = self.operand(lines=True)
        else:
            value = self.expression(lines=False)
            if isinstance(value, Reference) and len(value.path) == 1:
                value = Literal(value.path[0], value.line, value.column)
        self.skip(lines=True)
        if not self.take("="):
            self.expect(":")
        self.skip(lines=True)
        return value

    def steps(self, value: Expression, start: int) -> Expression:
        """`.name`, `.0`, `["name"]` and `[0]` after an operand; other steps make it opaque."""
        while True:
            if self.text.startswith("...", self.at):
                return value
            if self.take("."):
                match = self.match(WORD) or self.match(re.compile(r"\d+|\*"))
                if match is None:
                    raise self.broken("a name is missing after the dot")
                step: str | None = match[0] if match[0] != "*" else None
            elif self.take("["):
                step = self.index()
            else:
                return value
            if step is not None and isinstance(value, Reference):
                written = self.text[start : self.at]
                value = Reference((*value.path, step), value.line, value.column, written)
            else:
                value = Opaque("", *self.place(start))
            if isinstance(value, Opaque):
                value = Opaque(self.text[start : self.at], value.line, value.column)

    def index(self) -> str | None:
        self.skip(lines=True)
        if self.take("*"):
            self.expect("]")
            return None
        inner = self.bracketed()
        self.expect("]")
        if isinstance(inner, Literal) and isinstance(inner.value, str | int):
            return str(inner.value)
        return None

    def opaque(self, start: int, closing: str) -> Opaque:
        """From `start` to the bracket that closes; strings and heredocs inside are stepped over."""
        while True:
            self.skip(lines=True)
            if self.take(closing):
                return Opaque(self.text[start : self.at], *self.place(start))
            if self.at >= len(self.text) or self.text[self.at] in ")]}":
                raise self.broken(f"{closing!r} is missing")
            if self.text[self.at] in '"([{<' or WORD.match(self.text, self.at):
                self.opaque_operand()
            else:
                self.at += 1

    def opaque_operand(self) -> None:
        inner = self.at
        for opening, closing in ("()", "[]", "{}"):
            if self.take(opening):
                self.deeper()
                self.opaque(inner, closing)
                self.depth -= 1
                return
        if self.text[self.at] == '"' or _HEREDOC.match(self.text, self.at):
            self.operand(lines=True)
        elif not self.match(WORD):
            self.at += 1

    # Strings

    def heredoc(self, opening: re.Match[str]) -> Expression:
        start = self.at
        closing = re.compile(rf"^[ \t]*{re.escape(opening[2])}[ \t]*\r?$", re.MULTILINE)
        end = closing.search(self.text, start)
        if end is None:
            raise self.broken(f"the heredoc {opening[2]!r} has no end")
        raw = self.text[start : end.start()]
        margin = _margin(raw) if opening[1] else 0
        value = self.template(end.start(), None, " " * margin)
        self.at = end.end()
        return value

    def template(self, end: int | None, closing: str | None, margin: str) -> Expression:
        """Text and `${…}` up to `closing`, which is left, or to the offset `end`."""
        start = self.at
        parts: list[Expression] = []
        text = ""
        text_start = start
        exact = not margin
        while not self._template_ends(end, closing):
            mark = self.at
            if self.text.startswith(("${", "%{"), mark):
                if text:
                    parts.append(self._text(text, text_start, exact, margin))
                parts.append(self.interpolation())
                text, text_start, exact = "", self.at, not margin
                continue
            piece = self.piece(closing is not None, end)
            exact = exact and piece == self.text[mark : self.at]
            text += piece
        if text or not parts:
            parts.append(self._text(text, text_start, exact, margin))
        if len(parts) == 1 and isinstance(parts[0], Literal):
            return parts[0]
        return Template(tuple(parts), self.text[start : self.at], *self.place(start))

    def _text(self, text: str, start: int, exact: bool, margin: str) -> Literal:
        if margin:
            text = re.sub(rf"\n[ \t]{{1,{len(margin)}}}", "\n", text)
            if start == 0 or self.text[start - 1] == "\n":
                text = re.sub(rf"\A[ \t]{{1,{len(margin)}}}", "", text)
        return Literal(text, *self.place(start), exact)

    def _template_ends(self, end: int | None, closing: str | None) -> bool:
        if closing is not None:
            if self.at >= len(self.text) or self.text[self.at] == "\n":
                raise self.broken("the string has no end")
            return self.text.startswith(closing, self.at)
        return end is not None and self.at >= end

    def piece(self, quoted: bool, end: int | None) -> str:
        """The next run of text that is no interpolation, with its escapes undone."""
        if self.take("$${") or self.take("%%{"):
            return f"{self.text[self.at - 2]}{{"
        if quoted and (escape := self.match(_ESCAPE)):
            letter, short, long = escape.groups()
            try:
                return _ESCAPED[letter] if letter else chr(int(short or long, 16))
            except (ValueError, OverflowError):
                return escape[0]
        pattern = _PLAIN if quoted else _PLAIN_LINES
        match = pattern.match(self.text, self.at, len(self.text) if end is None else end)
        stop = match.end() if match else self.at + 1
        piece = self.text[self.at : stop]
        self.at = stop
        return piece

    def interpolation(self) -> Expression:
        start = self.at
        directive = self.text[start] == "%"
        self.at += 2
        self.take("~")
        if directive:
            return self.opaque(start, "}")
        value = self.bracketed()
        self.take("~")
        self.expect("}")
        return value


def _margin(raw: str) -> int:
    lines = [line for line in raw.splitlines() if line.strip()]
    return min((len(line) - len(line.lstrip(" \t")) for line in lines), default=0)
