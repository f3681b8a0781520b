"""YAML and JSON inside strings: a ConfigMap's files, a chart's values, an annotation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from yaml.nodes import ScalarNode

from prewarm.scan import yamltext
from prewarm.scan.finding import Place, Result, Skipped, Unresolved
from prewarm.scan.imagelines import literal_images
from prewarm.scan.imagetext import Look
from prewarm.scan.kubernetes.setting import Path, Setting, Trust
from prewarm.scan.values import Text, Value
from prewarm.scan.yamlvalues import from_node

MAX_DEPTH = 3
"""Strings within strings that are opened."""

_VALUES = {"values", "valuesContent", "valuesObject", "valuesInline", "valuesTemplate"}
_INSIDE = " in a string"
_HINT = re.compile(r"[iI]mage|IMAGE|repository:")
_JSON = re.compile(r"\s*[\[{].*[\]}]\s*", re.DOTALL)

_OPENERS = {"{", "[", " "}

Read = Callable[[Value, Path, Setting], Iterator[Result]]


def is_embedded(text: Text) -> bool:
    """Whether a string may hold a document that names images."""
    value = text.value
    if "\n" not in value and (value[:1] not in _OPENERS or _JSON.fullmatch(value) is None):
        return False
    return _HINT.search(value) is not None


def within(text: Text, path: Path, setting: Setting, read: Read) -> Iterator[Result]:
    """What the document inside a string says, `read` being the reader of its values."""
    if setting.depth >= MAX_DEPTH:
        return
    key = path[-1] if path else ""
    helm = key in _VALUES and setting.kind
    inner = replace(
        setting,
        depth=setting.depth + 1,
        trust=Trust.OBJECT if helm else Trust.LOOSE,
        use="Helm value" if helm else setting.use,
    )
    for part in yamltext.parse(text.value):
        if part.root is None or isinstance(part.root, ScalarNode):
            for result in literal_images(
                text.value, Place(text.place.file, 1, 1), setting.use, Look.TAGGED
            ):
                yield shifted(result, text.place)
            return
    for part in yamltext.parse(text.value):
        if part.root is not None:
            value = from_node(part.root, part, text.place.file, text.value.split("\n"))
            for result in read(value, path if helm else (), inner):
                yield shifted(result, text.place)


def shifted(result: Result, start: Place) -> Result:
    """A result of a text that begins at `start` in the text around it."""
    if isinstance(result, Skipped):
        return result
    place = result.place
    moved = Place(place.file, place.line + start.line - 1, place.column + start.column - 1)
    if isinstance(result, Unresolved):
        return replace(result, place=moved)
    kind = result.kind if result.kind.endswith(_INSIDE) else f"{result.kind}{_INSIDE}"
    return replace(result, place=moved, kind=kind)


def settled(result: Result, lines: list[str], first: int) -> Result:
    """The result with its place put right, where a string's lines are not those of the file."""
    if isinstance(result, Skipped):
        return result
    place, written = result.place, result.written
    if _stands_at(lines, place, written):
        return result
    for number in range(first, min(first + 5000, len(lines) + 1)):
        column = lines[number - 1].find(written)
        if column >= 0:
            return replace(result, place=Place(place.file, number, column + 1))
    return replace(result, place=Place(place.file, first, 1))


def _stands_at(lines: list[str], place: Place, written: str) -> bool:
    return place.line <= len(lines) and lines[place.line - 1].startswith(written, place.column - 1)
