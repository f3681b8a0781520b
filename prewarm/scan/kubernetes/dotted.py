"""Helm's dotted settings as the values they stand for: `image.tag=v1` is `{image: {tag: v1}}`."""

from __future__ import annotations

import re

from prewarm.scan.values import Mapping, Sequence, Text, Value, elements, get

_STEP = re.compile(r"(?:[^.\\\[\]]|\\.)+")


def nested(settings: Value | None) -> Mapping | None:
    """The values that a list of `{name: a.b, value: c}` sets; None if it is no such list."""
    pairs = []
    for entry in elements(settings):
        name, value = get(entry, "name"), get(entry, "value")
        if isinstance(name, Text) and isinstance(value, Text) and "mage" in name.value:
            pairs.append((name, value))
    if not pairs or not isinstance(settings, Sequence):
        return None
    root = Mapping({}, {}, settings.place)
    for name, value in pairs:
        _put(root, name, value)
    return root


def _put(root: Mapping, name: Text, value: Text) -> None:
    steps = [step.replace("\\", "") for step in _STEP.findall(name.value)]
    for step in steps[:-1]:
        below = root.entries.setdefault(step, Mapping({}, {}, name.place))
        root.keys.setdefault(step, name)
        if not isinstance(below, Mapping):
            return
        root = below
    if steps:
        root.entries[steps[-1]] = value
        root.keys[steps[-1]] = name
