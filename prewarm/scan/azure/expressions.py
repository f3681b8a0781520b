"""Azure's three kinds of expression in one: `${{ … }}`, `$[ … ]` and `$(name)`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from prewarm.scan.expansion import Expanded
from prewarm.scan.finding import Place
from prewarm.scan.values import Mapping, Sequence, Text, Value, elements, entries, get, scalar

_EXPRESSION = re.compile(
    r"\$\{\{(?P<template>(?:[^}']|'[^']*'|\}(?!\}))*)\}\}"
    r"|\$\[(?P<runtime>(?:\[[^\[\]]*\]|'[^']*'|[^\[\]'])*)\]"
    r"|\$\((?P<macro>[\w.-]+)\)"
)
_STEP = re.compile(r"\.(?P<name>[\w-]+)|\[\s*'(?P<quoted>[^']*)'\s*\]|\[\s*(?P<index>\d+)\s*\]")
_PATH = re.compile(r"[A-Za-z_]\w*(?:\.[\w-]+|\[\s*(?:'[^']*'|\d+)\s*\])*")
_CALL = re.compile(r"(?P<name>format|coalesce)\s*\((?P<arguments>.*)\)", re.DOTALL)
_ARGUMENT = re.compile(r"\s*('(?:[^']|'')*'|[^,']+)\s*(?:,|$)")
_EACH = re.compile(r"\$\{\{\s*each\s+(\w+)\s+in\s+(.*?)\s*\}\}")
_NOWHERE = Place("", 1, 1)
_MAX_REPLACED = 10


@dataclass(frozen=True, slots=True)
class Names:
    """What names stand for: `values` those of templates, `variables` also those of macros."""

    values: dict[str, Value] = field(default_factory=dict)
    variables: dict[str, Text] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)

    def with_value(self, name: str, value: Value) -> Names:
        return replace(self, values={**self.values, name: value})

    def with_variables(self, variables: dict[str, Text]) -> Names:
        lower = {name.lower(): value for name, value in variables.items()}
        return replace(self, variables={**self.variables, **lower})

    def value(self, source: str) -> Value | None:
        """What one expression comes to, without its brackets; None where that is not known."""
        source = source.strip()
        if source.startswith("'") and source.endswith("'"):
            return Text(source[1:-1].replace("''", "'"), _NOWHERE)
        call = _CALL.fullmatch(source)
        if call:
            return self._call(call["name"], call["arguments"])
        if not _PATH.fullmatch(source):
            return None
        first = re.match(r"\w+", source)
        assert first
        steps = [m["name"] or m["quoted"] or m["index"] for m in _STEP.finditer(source)]
        if first[0].lower() == "variables" and steps:
            return self.variable(".".join(steps))
        value = self.values.get(first[0])
        for step in steps:
            value = _inside(value, step)
        return value

    def variable(self, name: str) -> Text | None:
        if name in self.given:
            return Text(self.given[name], _NOWHERE)
        return self.variables.get(name.lower())

    def _call(self, name: str, arguments: str) -> Value | None:
        values = [scalar(self.value(match[1])) for match in _ARGUMENT.finditer(arguments)]
        if name == "coalesce":
            return next((value for value in values if value is None or value.value), None)
        known = [value.value for value in values if value is not None]
        if len(known) < len(values) or not known:
            return None
        text = known[0]
        for index, value in enumerate(known[1:]):
            text = text.replace(f"{{{index}}}", value)
        return Text(text, _NOWHERE)


def expanded(source: str, names: Names, depth: int = 0) -> Expanded:
    """A text with all three kinds of expression put in; variables may themselves hold some."""
    result, at = Expanded(), 0
    for match in _EXPRESSION.finditer(source):
        inner = match["template"] or match["runtime"] or ""
        macro = match["macro"]
        value = scalar(names.variable(macro) if macro else names.value(inner))
        name = macro or re.sub(r"\['([^']*)'\]", r".\1", inner.strip())
        put = Expanded("", (name,))
        if value is None and name in names.given:
            put = Expanded(names.given[name])
        elif value is not None and depth < _MAX_REPLACED:
            put = expanded(value.value, names, depth + 1)
        result = result.then(Expanded(source[at : match.start()])).then(put)
        at = match.end()
    return result.then(Expanded(source[at:]))


def whole(value: Value | None, names: Names) -> Value | None:
    """A value that one template expression alone stands for, else the value itself."""
    if isinstance(value, Text):
        match = _EXPRESSION.fullmatch(value.value.strip())
        put = names.value(match["template"]) if match and match["template"] else None
        return put if isinstance(put, (Mapping, Sequence)) else value
    return value


def items(value: Value | None, names: Names) -> Iterator[tuple[Value, Names]]:
    """The elements of a list, with those that `${{ if }}` and `${{ each }}` put into it."""
    value = whole(value, names)
    for element in elements(value):
        inserts = [(k, v) for k, v in entries(element) if k.startswith("${{")]
        for key, inner in inserts:
            for bound in _bindings(key, names):
                if isinstance(whole(inner, bound), Sequence):
                    yield from items(inner, bound)
                elif isinstance(inner, Mapping):
                    yield inner, bound
        if len(inserts) < len(list(entries(element))) or not inserts:
            yield element, names


def fields(value: Value | None, key: str, names: Names) -> Iterator[tuple[Value, Names]]:
    """The values of a key, also those under `${{ if }}` keys, of which only one will hold."""
    value = whole(value, names)
    found = get(value, key)
    if found is not None:
        yield found, names
    for insert, inner in entries(value):
        if insert.startswith("${{"):
            for bound in _bindings(insert, names):
                yield from fields(inner, key, bound)


def _bindings(key: str, names: Names) -> Iterator[Names]:
    each = _EACH.fullmatch(key.strip())
    if each is None:
        yield names
        return
    values = names.value(each[2])
    if isinstance(values, Mapping):
        for name, value in values.entries.items():
            pair: dict[str, Value] = {"key": values.keys[name], "value": value}
            yield names.with_value(each[1], Mapping(pair, {}, value.place))
    for value in elements(values):
        yield names.with_value(each[1], value)
    if not isinstance(values, (Mapping, Sequence)):
        yield names


def _inside(value: Value | None, step: str) -> Value | None:
    if isinstance(value, Sequence) and step.isdigit():
        return value.items[int(step)] if int(step) < len(value.items) else None
    return get(value, step)
