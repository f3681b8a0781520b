"""GitHub's `${{ … }}`: every value that one can come to, as far as the files tell.

An expression comes to several values where a condition is known only to a run: both
`a` and `b` of `${{ github.x == 'y' && 'a' || 'b' }}` are pulled by some run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from prewarm.scan.github.data import Data, Unknown, is_equal, is_truthy, number_of, text_of
from prewarm.scan.github.functions import FUNCTIONS

Outcomes = tuple[Data, ...]

_MAX_OUTCOMES = 16
_MAX_DEPTH = 50
_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>[-+]?(?:0x[0-9a-fA-F]+|\.?\d[\w.]*))"
    r"|(?P<name>[A-Za-z_][\w-]*)|(?P<operator>\|\||&&|==|!=|<=|>=|[<>!().,*\[\]]))"
)
_OPEN, _CLOSE = "${{", "}}"
_COMPARISONS: dict[str, Callable[[Data, Data], bool]] = {
    "==": is_equal,
    "!=": lambda a, b: not is_equal(a, b),
    "<": lambda a, b: number_of(a) < number_of(b),
    "<=": lambda a, b: number_of(a) <= number_of(b),
    ">": lambda a, b: number_of(a) > number_of(b),
    ">=": lambda a, b: number_of(a) >= number_of(b),
}


class Contexts:
    """What the names of expressions stand for; a context that is not here only a run knows.

    `given` has what the person supplies for such names, in full (`vars.TAG`) or the last part.
    """

    def __init__(self, known: Mapping[str, Data], given: Mapping[str, str] | None = None) -> None:
        self._known = {name.lower(): value for name, value in known.items()}
        self._given = dict(given or {})

    def with_(self, name: str, value: Data) -> Contexts:
        return Contexts({**self._known, name: value}, self._given)

    def lookup(self, path: tuple[str, ...]) -> Data:
        name = ".".join(path)
        value = self._walk(path)
        if isinstance(value, Unknown):
            return self._given.get(name, self._given.get(path[-1], Unknown((name,))))
        return value

    def _walk(self, path: tuple[str, ...]) -> Data:
        if _lower(path[:3]) == ("github", "event", "inputs"):
            path = path[2:]
        value = self._known.get(path[0].lower(), Unknown(path))
        for step in path[1:]:
            value = property_of(value, step)
        if value is None and path[0].lower() == "env":
            return Unknown(path)
        return value


def property_of(value: Data, step: str) -> Data:
    """A key of an object (case does not matter), an element of a list; else null."""
    if isinstance(value, Unknown):
        return Unknown(tuple(f"{name}.{step}" for name in value.names))
    if isinstance(value, dict):
        return next((inner for key, inner in value.items() if key.lower() == step.lower()), None)
    if isinstance(value, list) and step.isdigit() and int(step) < len(value):
        return value[int(step)]
    return None


def _lower(steps: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(step.lower() for step in steps)


def has_expression(text: str) -> bool:
    return _OPEN in text


def evaluate(text: str, contexts: Contexts) -> Outcomes:
    """All that a text with `${{ … }}` can come to; one expression alone keeps its type."""
    segments = list(_segments(text))
    parts = [_parse(body, contexts) if code else (body,) for body, code in segments]
    if len(segments) == 1:
        return parts[0]
    if sum(len(part) > 1 for part in parts) > 1:
        # Two conditions may hang together: their product would name images that nobody pulls.
        return (Unknown(tuple(body.strip() for body, code in segments if code)),)
    results: Outcomes = ("",)
    for part in parts:
        results = tuple(_joined(left, right) for left in results for right in part)
    return _distinct(results)


def expand_all(data: Data, contexts: Contexts) -> Data:
    """The data with the expressions in its strings evaluated; several outcomes are Unknown."""
    if isinstance(data, dict):
        return {name: expand_all(inner, contexts) for name, inner in data.items()}
    if isinstance(data, list):
        return [expand_all(inner, contexts) for inner in data]
    if isinstance(data, str) and has_expression(data):
        outcomes = evaluate(data, contexts)
        return outcomes[0] if len(outcomes) == 1 else Unknown((data,))
    return data


def _segments(text: str) -> Iterable[tuple[str, bool]]:
    at = 0
    while (start := text.find(_OPEN, at)) >= 0:
        end = _end(text, start + len(_OPEN))
        if end < 0:
            break
        if start > at:
            yield text[at:start], False
        yield text[start + len(_OPEN) : end], True
        at = end + len(_CLOSE)
    if at < len(text) or not text:
        yield text[at:], False


def _end(text: str, start: int) -> int:
    quoted = False
    for match in re.compile(r"'|\}\}").finditer(text, start):
        if match[0] == "'":
            quoted = not quoted
        elif not quoted:
            return match.start()
    return -1


def _joined(left: Data, right: Data) -> Data:
    names = [name for side in (left, right) if isinstance(side, Unknown) for name in side.names]
    if names:
        return Unknown(tuple(dict.fromkeys(names)))
    texts = text_of(left), text_of(right)
    return "".join(text if text is not None else "Object" for text in texts)


def _distinct(outcomes: Iterable[Data]) -> Outcomes:
    found: list[Data] = []
    for outcome in outcomes:
        if not any(type(outcome) is type(other) and outcome == other for other in found):
            found.append(outcome)
    return tuple(found[:_MAX_OUTCOMES])


def _parse(source: str, contexts: Contexts) -> Outcomes:
    try:
        parser = _Parser(source, contexts)
        outcomes = parser.either()
        parser.end()
    except _Broken:
        return (Unknown((source.strip(),)),)
    return _distinct(outcomes)


class _Broken(Exception):
    """The text is no expression of GitHub's."""


class _Parser:
    """Evaluates while it parses; every method returns all outcomes of its part."""

    def __init__(self, source: str, contexts: Contexts) -> None:
        self._tokens = _tokens(source)
        self._at = 0
        self._contexts = contexts
        self._depth = 0

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("", "")

    def _take(self, *operators: str) -> str:
        kind, value = self._peek()
        if kind == "operator" and value in operators:
            self._at += 1
            return value
        return ""

    def _expect(self, operator: str) -> None:
        if not self._take(operator):
            raise _Broken

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise _Broken

    def either(self) -> Outcomes:
        left = self._both()
        while self._take("||"):
            right = self._both()
            left = _distinct(value for each in left for value in _either(each, right))
        return left

    def _both(self) -> Outcomes:
        left = self._equal()
        while self._take("&&"):
            right = self._equal()
            left = _distinct(value for each in left for value in _both(each, right))
        return left

    def _equal(self) -> Outcomes:
        left = self._ordered()
        while operator := self._take("==", "!="):
            left = _compared(left, self._ordered(), _COMPARISONS[operator])
        return left

    def _ordered(self) -> Outcomes:
        left = self._negated()
        while operator := self._take("<=", ">=", "<", ">"):
            left = _compared(left, self._negated(), _COMPARISONS[operator])
        return left

    def _negated(self) -> Outcomes:
        if not self._take("!"):
            return self._steps()
        self._deeper()
        inner = self._negated()
        self._depth -= 1
        return tuple(
            Unknown(value.names) if isinstance(value, Unknown) else not is_truthy(value)
            for value in inner
        )

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _Broken

    def _steps(self) -> Outcomes:
        kind, value = self._peek()
        self._at += 1
        if kind == "string":
            outcomes: Outcomes = (value[1:-1].replace("''", "'"),)
        elif kind == "number":
            outcomes = (_number(value),)
        elif kind == "operator" and value == "(":
            self._deeper()
            outcomes = self.either()
            self._depth -= 1
            self._expect(")")
        elif kind == "name" and self._take("("):
            outcomes = self._call(value)
        elif kind == "name":
            return self._path(value)
        else:
            raise _Broken
        while (step := self._step()) is not None:
            outcomes = tuple(property_of(each, step) for each in outcomes)
        return outcomes

    def _path(self, first: str) -> Outcomes:
        constants: dict[str, Data] = {"true": True, "false": False, "null": None}
        if first.lower() in constants:
            return (constants[first.lower()],)
        path = [first]
        while (step := self._step()) is not None:
            path.append(step)
        return (self._contexts.lookup(tuple(path)),)

    def _step(self) -> str | None:
        if self._take("."):
            kind, value = self._peek()
            self._at += 1
            if kind != "name" and value != "*":
                raise _Broken
            return value
        if self._take("["):
            if self._take("*"):
                self._expect("]")
                return "*"
            self._deeper()
            outcomes = self.either()
            self._depth -= 1
            self._expect("]")
            return text_of(outcomes[0]) or "?" if len(outcomes) == 1 else "?"
        return None

    def _call(self, name: str) -> Outcomes:
        arguments: list[Data] = []
        self._deeper()
        while not self._take(")"):
            outcomes = self.either()
            arguments.append(outcomes[0] if len(outcomes) == 1 else Unknown((name,)))
            if not self._take(","):
                self._expect(")")
                break
        self._depth -= 1
        unknown = [n for each in arguments if isinstance(each, Unknown) for n in each.names]
        if unknown:
            return (Unknown(tuple(dict.fromkeys(unknown))),)
        function = FUNCTIONS.get(name.lower())
        try:
            return (function(*arguments),) if function else (Unknown((f"{name}()",)),)
        except (TypeError, ValueError, IndexError, RecursionError):
            return (Unknown((f"{name}()",)),)


def _tokens(source: str) -> list[tuple[str, str]]:
    tokens, at, source = [], 0, source.rstrip()
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None or match.lastgroup is None:
            raise _Broken
        tokens.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return tokens


def _number(written: str) -> float:
    try:
        return float(int(written, 16)) if "x" in written else float(written)
    except ValueError:
        raise _Broken from None


def _either(left: Data, right: Outcomes) -> Outcomes:
    if isinstance(left, Unknown):
        return right if left.falsy else (left, *right)
    return (left,) if is_truthy(left) else right


def _both(left: Data, right: Outcomes) -> Outcomes:
    if isinstance(left, Unknown):
        return (left,) if left.falsy else (Unknown(left.names, falsy=True), *right)
    return right if is_truthy(left) else (left,)


def _compared(left: Outcomes, right: Outcomes, compare: Callable[[Data, Data], bool]) -> Outcomes:
    results: list[Data] = []
    for a in left:
        for b in right:
            names = [n for side in (a, b) if isinstance(side, Unknown) for n in side.names]
            results.append(Unknown(tuple(dict.fromkeys(names))) if names else compare(a, b))
    return _distinct(results)
