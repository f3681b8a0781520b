"""Terraform's expressions: what a name leads to, and every text that one can come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from prewarm.scan.expansion import Expanded
from prewarm.scan.hcltext import (
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

_MAX_DEPTH = 30
_MAX_OUTCOMES = 16
_SAME_LIST = {"toset", "tolist", "tomap", "flatten", "distinct", "sort", "compact", "values"}
_SAME_TEXT = {"tostring", "trimspace", "nonsensitive", "sensitive", "one"}
_FIRST_KNOWN = {"coalesce", "try"}


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """An expression with the file and the names among which it stands."""

    expression: Expression
    frame: Frame


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """`names` has what `var.x`, `local.x`, `each.value` and the like stand for, by full name."""

    path: str
    names: Mapping[str, Bound] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)

    def with_(self, names: Mapping[str, Bound]) -> Frame:
        return replace(self, names={**self.names, **names})


def resolve(expression: Expression, frame: Frame, depth: int = 0) -> Bound | None:
    """What an expression leads to when names are followed; None where that is not known."""
    if depth > _MAX_DEPTH:
        return None
    if isinstance(expression, Call) and expression.name in _SAME_LIST and expression.args:
        return resolve(expression.args[0], frame, depth + 1)
    if isinstance(expression, Call) and expression.name == "merge":
        return _merged(expression, frame, depth)
    if isinstance(expression, Template) and len(expression.parts) == 1:
        return resolve(expression.parts[0], frame, depth + 1)
    if not isinstance(expression, Reference):
        return Bound(expression, frame)
    for length in range(len(expression.path), 0, -1):
        bound = frame.names.get(".".join(expression.path[:length]))
        if bound is not None:
            return _inside(bound, expression.path[length:], depth)
    return None


def _inside(bound: Bound, steps: tuple[str, ...], depth: int) -> Bound | None:
    found = resolve(bound.expression, bound.frame, depth + 1)
    for step in steps:
        if found is None:
            return None
        inner: Expression | None = None
        if isinstance(found.expression, Object):
            inner = found.expression.get(step)
        elif isinstance(found.expression, List) and step.isdigit():
            items = found.expression.items
            inner = items[int(step)] if int(step) < len(items) else None
        found = resolve(inner, found.frame, depth + 1) if inner is not None else None
    return found


def _merged(call: Call, frame: Frame, depth: int) -> Bound | None:
    pairs: list[tuple[Expression, Expression]] = []
    for argument in call.args:
        found = resolve(argument, frame, depth + 1)
        if found is None or not isinstance(found.expression, Object) or found.frame is not frame:
            return None
        pairs.extend(found.expression.items)
    return Bound(Object(tuple(pairs), call.line, call.column), frame)


def elements(expression: Expression, frame: Frame) -> Iterator[tuple[Bound, Bound]]:
    """The keys and values of a list, a set or a map that is known; nothing for others."""
    found = resolve(expression, frame)
    if found is not None and isinstance(found.expression, Object):
        for key, value in found.expression.items:
            yield Bound(key, found.frame), Bound(value, found.frame)
    elif found is not None and isinstance(found.expression, List):
        for item in found.expression.items:
            yield Bound(item, found.frame), Bound(item, found.frame)


def texts(expression: Expression, frame: Frame, depth: int = 0) -> tuple[Expanded, ...]:
    """All that an expression can come to as a text: several where a condition is not known."""
    if depth > _MAX_DEPTH:
        return (Expanded("", ("…",)),)
    if isinstance(expression, Literal):
        return (_literal(expression),)
    if isinstance(expression, Template):
        return _joined([texts(part, frame, depth + 1) for part in expression.parts])
    if isinstance(expression, Reference):
        return _reference(expression, frame, depth)
    if isinstance(expression, Conditional):
        return _conditional(expression, frame, depth)
    if isinstance(expression, Call):
        return _call(expression, frame, depth)
    name = expression.text if isinstance(expression, Opaque) else "the value"
    return (Expanded("", (name,)),)


def is_null(expression: Expression) -> bool:
    return isinstance(expression, Literal) and expression.value is None


def _literal(literal: Literal) -> Expanded:
    if isinstance(literal.value, bool):
        return Expanded("true" if literal.value else "false")
    return Expanded("", ("null",)) if literal.value is None else Expanded(str(literal.value))


def _reference(reference: Reference, frame: Frame, depth: int) -> tuple[Expanded, ...]:
    outside = frame.given.get(reference.name, frame.given.get(reference.path[-1]))
    if reference.path[0] == "var" and outside is not None:
        return (Expanded(outside),)
    found = resolve(reference, frame, depth + 1)
    if found is None or isinstance(found.expression, (List, Object)) or is_null(found.expression):
        return (Expanded("", (reference.name,)),)
    return texts(found.expression, found.frame, depth + 1)


def _joined(parts: list[tuple[Expanded, ...]]) -> tuple[Expanded, ...]:
    """Parts put together; where two of them are open, they may hang together: not known."""
    if sum(len(part) > 1 for part in parts) > 1:
        names = [name for part in parts for each in part for name in each.missing]
        return (Expanded("", tuple(dict.fromkeys(names)) or ("the conditions",)),)
    results: tuple[Expanded, ...] = (Expanded(),)
    for part in parts:
        results = tuple(left.then(right) for left in results for right in part)
    return results[:_MAX_OUTCOMES]


def _conditional(choice: Conditional, frame: Frame, depth: int) -> tuple[Expanded, ...]:
    test = _truth(choice.test, frame, depth + 1)
    if test is not None:
        return texts(choice.then if test else choice.otherwise, frame, depth + 1)
    either = texts(choice.then, frame, depth + 1) + texts(choice.otherwise, frame, depth + 1)
    return tuple(dict.fromkeys(either))


def _truth(test: Expression, frame: Frame, depth: int) -> bool | None:
    if isinstance(test, Operation) and test.left is not None:
        if test.operator in ("&&", "||"):
            return _both(test, frame, depth)
        if test.operator in ("==", "!="):
            same = _is_same(test.left, test.right, frame, depth)
            return None if same is None else same is (test.operator == "==")
        return None
    if isinstance(test, Operation):
        inner = _truth(test.right, frame, depth + 1)
        return None if inner is None or test.operator != "!" else not inner
    known = {"true": True, "false": False}
    values = texts(test, frame, depth + 1)
    return known.get(values[0].text) if len(values) == 1 and not values[0].missing else None


def _both(test: Operation, frame: Frame, depth: int) -> bool | None:
    assert test.left is not None
    sides = [_truth(side, frame, depth + 1) for side in (test.left, test.right)]
    decisive = test.operator == "||"
    if decisive in sides:
        return decisive
    return None if None in sides else not decisive


def _is_same(left: Expression, right: Expression, frame: Frame, depth: int) -> bool | None:
    sides = [resolve(side, frame, depth + 1) for side in (left, right)]
    if any(side is not None and is_null(side.expression) for side in sides):
        nulls = [None if side is None else is_null(side.expression) for side in sides]
        return None if None in nulls else nulls[0] == nulls[1]
    values = texts(left, frame, depth + 1) + texts(right, frame, depth + 1)
    if len(values) != 2 or values[0].missing or values[1].missing:
        return None
    return values[0].text == values[1].text


def _call(call: Call, frame: Frame, depth: int) -> tuple[Expanded, ...]:
    unknown = (Expanded("", (f"{call.name}()",)),)
    if call.name in _SAME_TEXT and call.args:
        return texts(call.args[0], frame, depth + 1)
    if call.name in _FIRST_KNOWN:
        return _first_known(call, frame, depth)
    if call.name == "lookup" and len(call.args) > 1:
        return _lookup(call, frame, depth)
    if call.name == "join" and len(call.args) == 2:
        found = resolve(call.args[1], frame, depth + 1)
        if found is None or not isinstance(found.expression, List):
            return unknown
        parts = [texts(item, found.frame, depth + 1) for item in found.expression.items]
        between = texts(call.args[0], frame, depth + 1)
        spread = [each for part in parts for each in (between, part)]
        return _joined(spread[1:])
    if call.name in ("lower", "upper", "format", "replace") and call.args:
        parts = [texts(argument, frame, depth + 1) for argument in call.args]
        if any(len(part) > 1 for part in parts):
            return unknown
        return (_computed(call.name, [part[0] for part in parts]),)
    return unknown


def _first_known(call: Call, frame: Frame, depth: int) -> tuple[Expanded, ...]:
    names: list[str] = []
    for argument in call.args:
        found = resolve(argument, frame, depth + 1)
        if found is not None and is_null(found.expression):
            continue
        values = texts(argument, frame, depth + 1)
        if not any(
            value.missing or (not value.text and call.name == "coalesce") for value in values
        ):
            return values
        names.extend(name for value in values for name in value.missing)
        if found is None and call.name == "coalesce":
            break
    return (Expanded("", tuple(dict.fromkeys(names)) or (f"{call.name}()",)),)


def _lookup(call: Call, frame: Frame, depth: int) -> tuple[Expanded, ...]:
    found = resolve(call.args[0], frame, depth + 1)
    key = texts(call.args[1], frame, depth + 1)[0]
    if found is None or not isinstance(found.expression, Object) or key.missing:
        return (Expanded("", key.missing or ("lookup()",)),)
    value = found.expression.get(key.text)
    if value is not None:
        return texts(value, found.frame, depth + 1)
    if len(call.args) > 2:
        return texts(call.args[2], frame, depth + 1)
    return (Expanded("", (key.text,)),)


def _computed(name: str, arguments: list[Expanded]) -> Expanded:
    missing = tuple(dict.fromkeys(n for argument in arguments for n in argument.missing))
    if missing:
        return Expanded("", missing)
    first, *rest = [argument.text for argument in arguments]
    if name == "format":
        return _formatted(first, rest)
    if name == "replace":
        plain = len(rest) == 2 and not (rest[0].startswith("/") and rest[0].endswith("/"))
        return Expanded(first.replace(rest[0], rest[1])) if plain else Expanded("", ("replace()",))
    return Expanded(first.lower() if name == "lower" else first.upper())


def _formatted(pattern: str, values: list[str]) -> Expanded:
    pieces = pattern.replace("%v", "%s").replace("%d", "%s").split("%s")
    if len(pieces) != len(values) + 1 or "%" in "".join(pieces):
        return Expanded("", ("format()",))
    return Expanded("".join(a + b for a, b in zip(pieces, [*values, ""], strict=True)))
