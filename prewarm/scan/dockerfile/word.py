"""Words as BuildKit's shell reads them: quotes, escapes, and every form of `$name`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from prewarm.scan.dockerfile import pattern
from prewarm.scan.dockerfile.refusal import BadWord
from prewarm.scan.dockerfile.text import SPACES

_SPECIAL = "@*#?-$!0"
_NO_BRACE = "a '}' is missing"
_MAX_DEPTH = 100
_MAX_SIZE = 64 * 1024
"""Characters that variables may add up to, so that values of values cannot fill the memory."""


@dataclass(frozen=True, slots=True)
class Value:
    """A text, and where in it a variable without a value left nothing: its offset and its name."""

    text: str
    holes: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Expansion:
    """An expanded word, and the variables that it asked for, in order."""

    value: Value
    used: tuple[str, ...]


def expand(word: str, variables: Mapping[str, Value], escape: str) -> Expansion:
    """Expand a word; BadWord where BuildKit would not."""
    reader = _Reader(word, variables, escape)
    value = reader.until("").build()
    return Expansion(value, tuple(dict.fromkeys(reader.used)))


def variables_in(word: str) -> tuple[str, ...]:
    """The variables that a word asks for, as far as it can be read."""
    try:
        return expand(word, {}, "\\").used
    except BadWord:
        return ()


def split_words(line: str, raw: bool = False) -> list[str]:
    """The words of a line, with all variables left as they stand.

    `raw` keeps quotes and escapes, too.
    """
    reader = _Reader(line, {}, "\\", keep_unset=True, raw_quotes=raw, raw_escapes=raw)
    return reader.until("").words()


@dataclass(slots=True)
class _Output:
    """What a reader has read: pieces of text, those at whose spaces words part marked so."""

    pieces: list[tuple[str, bool]] = field(default_factory=list)
    holes: list[tuple[int, str]] = field(default_factory=list)
    size: int = 0

    def add(self, text: str, parts: bool = False) -> None:
        self.pieces.append((text, parts))
        self.size += len(text)

    def add_value(self, value: Value, parts: bool = False) -> None:
        self.holes += ((self.size + offset, name) for offset, name in value.holes)
        self.add(value.text, parts)
        if (value.text and self.size > _MAX_SIZE) or len(self.holes) > _MAX_SIZE:
            raise BadWord(f"it becomes longer than {_MAX_SIZE} characters")

    def build(self) -> Value:
        return Value("".join(text for text, _ in self.pieces), tuple(self.holes))

    def words(self) -> list[str]:
        words = [""]
        for text, parts in self.pieces:
            for char in text:
                if parts and char in SPACES:
                    words.append("")
                else:
                    words[-1] += char
        return [word for word in words if word]


@dataclass(slots=True)
class _Reader:
    text: str
    variables: Mapping[str, Value]
    escape: str
    keep_unset: bool = False
    raw_quotes: bool = False
    raw_escapes: bool = False
    at: int = 0
    depth: int = 0
    used: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.text = self.text.removeprefix("\ufeff")

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def next(self) -> str:
        char = self.peek()
        self.at += 1
        return char

    def until(self, stop: str, pattern_operand: bool = False) -> _Output:
        """Read up to a character, which is consumed; "" is the end of the text.

        A pattern's quotes keep their escapes, for the pattern is parsed once more.
        """
        out = _Output()
        while char := self.peek():
            if char == stop:
                self.at += 1
                return out
            if char == "$":
                out.add_value(self._dollar(), parts=True)
            elif char == "'":
                out.add(self._single_quoted(pattern_operand))
            elif char == '"':
                out.add_value(self._double_quoted(pattern_operand))
            elif char == "<":
                out.add(self._heredoc_mark())
            elif char == self.escape:
                self._escaped(out)
            else:
                self.at += 1
                out.add(char, parts=True)
        if stop:
            raise BadWord(f"a {stop!r} is missing")
        return out

    def _escaped(self, out: _Output) -> None:
        mark = self.next()
        if self.raw_escapes:
            out.add(mark)
        out.add(self.next())

    def _heredoc_mark(self) -> str:
        self.at += 1
        if self.peek() != "<":
            return "<"
        begin = self.at - 1
        self.at += 1
        while self.peek() and self.peek() in "\t\r ":
            self.at += 1
        return self.text[begin : self.at]

    def _single_quoted(self, pattern_operand: bool) -> str:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            raise BadWord("a single quote has no end")
        quoted = self.text[self.at + 1 : end]
        self.at = end + 1
        if pattern_operand:
            quoted = quoted.replace(self.escape, self.escape * 2)
        return f"'{quoted}'" if self.raw_quotes else quoted

    def _double_quoted(self, pattern_operand: bool) -> Value:
        out = _Output()
        mark = self.next() if self.raw_quotes else self.next()[:0]
        out.add(mark)
        while char := self.peek():
            if char == '"':
                self.at += 1
                out.add(mark)
                return out.build()
            if char == "$":
                out.add_value(self._dollar())
                continue
            self.at += 1
            if char == self.escape:
                self._escaped_in_quotes(out, pattern_operand)
            else:
                out.add(char)
        raise BadWord("a double quote has no end")

    def _escaped_in_quotes(self, out: _Output, pattern_operand: bool) -> None:
        after = self.peek()
        if not after:
            return
        if after in ('"', "$", self.escape):
            if self.raw_escapes:
                out.add(self.escape)
            out.add(self.next())
            return
        if self.raw_escapes and (not self.raw_quotes or pattern_operand):
            out.add(self.escape)
        out.add(self.escape)

    def _dollar(self) -> Value:
        self.at += 1
        if self.peek() != "{":
            name = self._name()
            return self._plain(name, f"${name}") if name else Value("$")
        self.at += 1
        if not self.peek():
            raise BadWord(_NO_BRACE)
        if self.peek() in "{}:":
            raise BadWord("a substitution has no name")
        name = self._name()
        sign = self.next()
        if sign == "}":
            return self._plain(name, f"${{{name}}}")
        if sign == "/":
            return self._replaced(name)
        colon = sign == ":"
        if colon:
            sign = self.next()
        elif not sign or sign not in "+-?#%":
            raise BadWord(f"{sign!r} after {name!r} is no operator")
        return self._operated(name, sign, colon)

    def _name(self) -> str:
        begin = self.at
        if self.peek().isdecimal():
            while self.peek().isdecimal():
                self.at += 1
        elif self.peek() and self.peek() in _SPECIAL:
            self.at += 1
        else:
            while self.peek().isalpha() or self.peek().isdecimal() or self.peek() == "_":
                self.at += 1
        return self.text[begin : self.at]

    def _get(self, name: str) -> Value | None:
        self.used.append(name)
        return self.variables.get(name)

    def _plain(self, name: str, written: str) -> Value:
        value = self._get(name)
        if value is not None:
            return value
        return Value(written) if self.keep_unset else Value("", ((0, name),))

    def _operand(self, stop: str, raw_escapes: bool, pattern_operand: bool) -> Value:
        outer, self.raw_escapes = self.raw_escapes, raw_escapes
        self.depth += 1
        try:
            if self.depth > _MAX_DEPTH:
                raise BadWord(f"it is nested more than {_MAX_DEPTH} deep")
            return self.until(stop, pattern_operand).build()
        except BadWord as error:
            if not self.peek():
                raise BadWord(f"a {stop!r} is missing") from error
            raise
        finally:
            self.raw_escapes = outer
            self.depth -= 1

    def _operated(self, name: str, sign: str, colon: bool) -> Value:
        cuts = sign in ("#", "%")
        if cuts and colon:
            raise BadWord(f"':{sign}' after {name!r} is no operator")
        operand = self._operand("}", cuts, cuts)
        value = self._get(name)
        if value is None and self.keep_unset:
            return Value(f"${{{name}{':' * colon}{sign}{operand.text}}}")
        there = value is not None and not (colon and not value.text)
        if sign == "-":
            return value if value is not None and there else operand
        if sign == "+":
            return operand if there else Value("")
        if sign == "?":
            if value is None or not there:
                problem = operand.text or f"it may not be {'empty' if value else 'unset'}"
                raise BadWord(f"{name}: {problem}", name)
            return value
        if cuts:
            return self._cut(value or Value(""), sign, operand.text)
        raise BadWord(f"{sign!r} after {name!r} is no operator")

    def _cut(self, value: Value, sign: str, operand: str) -> Value:
        longest = operand.startswith(sign)
        cut = pattern.cut_suffix if sign == "%" else pattern.cut_prefix
        return Value(cut(value.text, operand[longest:], longest))

    def _replaced(self, name: str) -> Value:
        replace_all = self.peek() == "/"
        self.at += replace_all
        wanted = self._operand("/", True, True).text
        replacement = self._operand("}", True, False).text
        value = self._get(name)
        if value is None and self.keep_unset:
            return Value(f"${{{name}/{wanted}/{replacement}}}")
        replace = pattern.replace_all if replace_all else pattern.replace_first
        return Value(replace(value.text if value else "", wanted, replacement))
