"""`$[[ inputs.x ]]`: what a file's `spec` declares and an include gives, put into its texts."""

from __future__ import annotations

import re
from dataclasses import replace

from prewarm.scan.values import Mapping, Sequence, Text, Value, entries, get

_INTERPOLATION = re.compile(r"\$\[\[\s*inputs\.([\w-]+)\s*((?:\|[^\]|]*)*)\]\]")

Inputs = dict[str, Value]


def declared(spec: Value | None, given: Value | None) -> Inputs:
    """The inputs that have a value: a given one, else a default."""
    inputs: Inputs = {}
    for name, declaration in entries(get(spec, "inputs")):
        value = get(given, name) or get(declaration, "default")
        if value is not None:
            inputs[name] = value
    return inputs


def put(value: Value, inputs: Inputs) -> Value:
    """A value with its interpolations replaced; an input without a value stays as it stands."""
    if isinstance(value, Mapping):
        replaced = {name: put(inner, inputs) for name, inner in value.entries.items()}
        return Mapping(replaced, value.keys, value.place)
    if isinstance(value, Sequence):
        return replace(value, items=tuple(put(item, inputs) for item in value.items))
    return _text(value, inputs)


def absent(text: str) -> tuple[str, ...]:
    """The names of the interpolations that are left in a text."""
    return tuple(f"inputs.{match[1]}" for match in _INTERPOLATION.finditer(text))


def _text(text: Text, inputs: Inputs) -> Value:
    if "$[[" not in text.value:
        return text
    whole = _INTERPOLATION.fullmatch(text.value.strip())
    if whole and isinstance(inputs.get(whole[1]), (Mapping, Sequence)):
        return inputs[whole[1]]

    def insert(match: re.Match[str]) -> str:
        value = inputs.get(match[1])
        plain = not match[2] or re.fullmatch(r"\|\s*expand_vars\s*", match[2])
        return value.value if isinstance(value, Text) and plain else match[0]

    return replace(text, value=_INTERPOLATION.sub(insert, text.value), original=text.written)
