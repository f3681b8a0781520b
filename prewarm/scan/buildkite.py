"""Buildkite: the images of steps, and those that the docker and kubernetes plugins run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as Names
from itertools import chain

from prewarm.scan.expansion import Expanded, Syntax, expand, nested
from prewarm.scan.finding import Result, Skipped
from prewarm.scan.matrix import combinations
from prewarm.scan.naming import named, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Sequence, Text, Value, elements, entries, get, scalar, text
from prewarm.scan.yamlvalues import load

_SYNTAX = Syntax(operators=True)
_MATRIX = re.compile(r"\{\{\s*(matrix(?:\.\w+)?)\s*\}\}")
_CONTAINERS = ("containers", "initContainers", "sidecars")

Row = dict[str, str]
"""The values of `matrix` or `matrix.name` in one run of a step."""


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What the steps of a pipeline pull."""
    yield from settled(_read(document, scope))


def _read(document: Document, scope: Scope) -> Iterator[Result]:
    for root in load(document):
        if isinstance(root, Skipped):
            yield root
            continue
        env = {name: plain.value for name, v in entries(get(root, "env")) if (plain := scalar(v))}
        variables = {**env, **scope.inputs.variables}
        yield from _image(get(root, "image"), "job image", {}, variables)
        steps = root if isinstance(root, Sequence) else get(root, "steps")
        yield from _steps(steps, variables)


def _steps(steps: Value | None, variables: Names[str, str]) -> Iterator[Result]:
    for step in elements(steps):
        yield from _steps(get(step, "steps"), variables)
        for row in _rows(get(step, "matrix")):
            yield from _image(get(step, "image"), "step image", row, variables)
            for name, settings in _plugins(get(step, "plugins")):
                yield from _plugin(name, settings, row, variables)


def _plugins(plugins: Value | None) -> Iterator[tuple[str, Value]]:
    """The plugins by their plain names: `docker` for `docker#v5` and for its repository."""
    for name, settings in chain(entries(plugins), *map(entries, elements(plugins))):
        base = name.partition("#")[0].rstrip("/").rpartition("/")[2]
        yield base.removesuffix(".git").removesuffix("-buildkite-plugin"), settings


def _plugin(name: str, settings: Value, row: Row, variables: Names[str, str]) -> Iterator[Result]:
    if name == "docker":
        yield from _image(get(settings, "image"), "step image", row, variables)
    elif name == "kubernetes":
        for spec in ("podSpec", "podSpecPatch"):
            for containers in _CONTAINERS:
                for container in elements(get(settings, spec, containers)):
                    yield from _image(get(container, "image"), "container", row, variables)


def _image(
    value: Value | None, kind: str, row: Row, variables: Names[str, str]
) -> Iterator[Result]:
    source = text(value)
    if source is None:
        return
    name = expand(source.value.replace("\\$", "$$"), nested(variables, _SYNTAX), _SYNTAX)
    if not name.missing:
        name = _with_matrix(name.text, row)
    owner = "Buildkite" if any(n.startswith("BUILDKITE_") for n in name.missing) else ""
    yield from named(name, source, kind, owner=owner)


def _with_matrix(name: str, row: Row) -> Expanded:
    missing = [m[1] for m in _MATRIX.finditer(name) if m[1] not in row]
    return Expanded(_MATRIX.sub(lambda m: row.get(m[1], ""), name), tuple(missing))


def _rows(matrix: Value | None) -> list[Row]:
    setup = get(matrix, "setup") or matrix
    if isinstance(setup, Sequence):
        rows = [{"matrix": value} for value in _values(setup)]
    else:
        rows = combinations({f"matrix.{n}": _values(v) for n, v in entries(setup)})
    for adjustment in elements(get(matrix, "adjustments")):
        rows = _adjusted(rows, adjustment)
    return rows or [{}]


def _adjusted(rows: list[Row], adjustment: Value) -> list[Row]:
    with_ = get(adjustment, "with")
    row = {f"matrix.{n}": plain.value for n, v in entries(with_) if (plain := scalar(v))}
    if isinstance(with_, Text):
        row = {"matrix": with_.value}
    skip = scalar(get(adjustment, "skip"))
    if skip is not None and skip.value not in ("false", ""):
        return [each for each in rows if each != row]
    return rows if row in rows or not row else [*rows, row]


def _values(values: Value) -> list[str]:
    return [value.value for value in elements(values) if isinstance(value, Text)]
