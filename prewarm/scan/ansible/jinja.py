"""Jinja as Ansible's files use it in names of images: variables, their parts, defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping as Names

from prewarm.scan.expansion import Expanded
from prewarm.scan.values import Sequence, Text, Value, get, number_text

Variables = Names[str, Value]

_EXPRESSION = re.compile(r"\{\{-?((?:[^}'\"]|'[^']*'|\"[^\"]*\"|\}(?!\}))*?)-?\}\}")
_STATEMENT = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_PATH = re.compile(r"[A-Za-z_]\w*(?:\.\w+|\[\s*(?:'[^']*'|\"[^\"]*\"|\d+|[A-Za-z_]\w*)\s*\])*")
_STEP = re.compile(r"\.(\w+)|\[\s*(?:'([^']*)'|\"([^\"]*)\"|(\d+)|([A-Za-z_]\w*))\s*\]")
_LITERAL = re.compile(r"'([^']*)'|\"([^\"]*)\"|(\d+(?:\.\d+)?)")
_DEFAULT = re.compile(r"(?:default|d)\s*\((.*)\)", re.DOTALL)
_PLAIN_FILTERS = {"string", "trim", "lower", "int", "quote", "mandatory"}
_MAX_DEPTH = 20


def expanded(source: str, variables: Variables, depth: int = 0) -> Expanded:
    """A text with its expressions put in; statements (`{% … %}`) are not evaluated."""
    statement = _STATEMENT.search(source)
    if statement:
        return Expanded("", (statement[0],))
    result, at = Expanded(), 0
    for match in _EXPRESSION.finditer(source):
        result = result.then(Expanded(source[at : match.start()]))
        result = result.then(_evaluated(match[1].strip(), variables, depth))
        at = match.end()
    rest = source[at:]
    if "{{" in rest:
        return result.then(Expanded("", (rest[rest.index("{{") :],)))
    return result.then(Expanded(rest))


def whole(value: Value | None, variables: Variables, depth: int = 0) -> Value | None:
    """What one expression alone stands for, a list for example; else the value itself."""
    if not isinstance(value, Text) or depth > _MAX_DEPTH:
        return value
    match = _EXPRESSION.fullmatch(value.value.strip())
    if match is None:
        return value
    found = _lookup(_split(match[1])[0].strip(), variables)
    return value if found is None else whole(found, variables, depth + 1)


def _evaluated(expression: str, variables: Variables, depth: int) -> Expanded:
    if depth > _MAX_DEPTH:
        return Expanded("", (expression,))
    joined = _parts(expression, "~")
    if len(joined) > 1:
        result = Expanded()
        for part in joined:
            result = result.then(_evaluated(part.strip(), variables, depth + 1))
        return result
    first, *filters = _split(expression)
    value = _operand(first.strip(), variables, depth)
    for name in filters:
        value = _filtered(value, name.strip(), variables, depth)
    return value


def _operand(source: str, variables: Variables, depth: int) -> Expanded:
    literal = _LITERAL.fullmatch(source)
    if literal:
        return Expanded(literal[1] or literal[2] or literal[3] or "")
    found = _lookup(source, variables)
    if isinstance(found, Text) and found.type != "null":
        return expanded(number_text(found), variables, depth + 1)
    return Expanded("", (source,))


def _filtered(value: Expanded, name: str, variables: Variables, depth: int) -> Expanded:
    default = _DEFAULT.fullmatch(name)
    if default:
        arguments = _parts(default[1], ",")
        also_empty = len(arguments) > 1 and arguments[1].strip().lower().endswith("true")
        if value.missing or (also_empty and not value.text):
            return _evaluated(arguments[0].strip(), variables, depth + 1)
        return value
    if value.missing or name in _PLAIN_FILTERS:
        if name == "lower" and not value.missing:
            return Expanded(value.text.lower())
        return value
    return Expanded("", (name,))


def _lookup(source: str, variables: Variables) -> Value | None:
    """What a path such as `a.b['c'][0]` leads to."""
    if not _PATH.fullmatch(source):
        return None
    first = re.match(r"\w+", source)
    assert first
    value = variables.get(first[0])
    for match in _STEP.finditer(source):
        step = match[1] or match[2] or match[3] or match[4]
        if match[5]:
            named = variables.get(match[5])
            step = named.value if isinstance(named, Text) else None
        value = _inside(whole(value, variables, 1), step)
    return value


def _inside(value: Value | None, step: str | None) -> Value | None:
    if isinstance(value, Sequence) and step is not None and step.isdigit():
        return value.items[int(step)] if int(step) < len(value.items) else None
    return get(value, step) if step is not None else None


def _split(expression: str) -> list[str]:
    return _parts(expression, "|")


def _parts(text: str, separator: str) -> list[str]:
    """A text split at a character that stands outside of quotes and brackets."""
    parts, depth, start = [], 0, 0
    for match in re.compile(r"'[^']*'|\"[^\"]*\"|[(\[{]|[)\]}]|[|~,]").finditer(text):
        depth += (match[0] in "([{") - (match[0] in ")]}")
        if match[0] == separator and depth == 0:
            parts.append(text[start : match.start()])
            start = match.end()
    return [*parts, text[start:]]
