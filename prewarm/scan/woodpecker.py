"""Woodpecker: the steps, services and clone steps of a workflow, for each row of its matrix."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Names
from dataclasses import dataclass

from prewarm.scan.expansion import Syntax, expand, flat
from prewarm.scan.finding import Result, Skipped
from prewarm.scan.matrix import combinations
from prewarm.scan.naming import named, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import (
    Sequence,
    Text,
    Value,
    elements,
    entries,
    get,
    scalar,
    text,
)
from prewarm.scan.yamlvalues import load

_SYNTAX = Syntax(bare=False, operators=True)
_PREDEFINED = ("CI", "DRONE")


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What the steps of a workflow pull."""
    yield from settled(_read(document, scope))


def _read(document: Document, scope: Scope) -> Iterator[Result]:
    for root in load(document):
        if isinstance(root, Skipped):
            yield root
        else:
            yield from workflow(root, scope.inputs.variables, "Woodpecker")


def workflow(root: Value, given: Names[str, str], service: str) -> Iterator[Result]:
    """One workflow's images; `service` is the program that runs it, in words."""
    backend = text(get(root, "labels", "backend"))
    if backend is not None and backend.value == "local":
        return
    for row in _matrix(get(root, "matrix")):
        steps = Steps({**row, **given}, service)
        yield from steps.of(get(root, "clone"), "step image")
        yield from steps.of(get(root, "steps") or get(root, "pipeline"), "step image")
        yield from steps.of(get(root, "services"), "service")


@dataclass(frozen=True, slots=True)
class Steps:
    """How steps that are containers are read: with which variables, for which platform."""

    variables: Names[str, str]
    service: str
    platform: str | None = None

    def of(self, value: Value | None, kind: str) -> Iterator[Result]:
        """The images of steps, which stand in a list, or in a mapping by name."""
        for step in elements(value):
            yield from self._image(step, kind)
        for _, step in entries(value):
            yield from self._image(step, kind)

    def _image(self, step: Value, kind: str) -> Iterator[Result]:
        source = text(get(step, "image"))
        if source is not None:
            name = expand(source.value, flat(self.variables), _SYNTAX)
            owner = self.service if any(n.startswith(_PREDEFINED) for n in name.missing) else ""
            yield from named(name, source, kind, owner=owner, platform=self.platform)


def _matrix(matrix: Value | None) -> list[dict[str, str]]:
    included = get(matrix, "include")
    if isinstance(included, Sequence):
        return [_row(entry) for entry in included.items] or [{}]
    axes = {
        name: [item.value for item in elements(values) if isinstance(item, Text)]
        for name, values in entries(matrix)
    }
    return combinations(axes) or [{}]


def _row(entry: Value) -> dict[str, str]:
    return {name: plain.value for name, value in entries(entry) if (plain := scalar(value))}
