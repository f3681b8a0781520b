"""Semaphore: the containers of agents, of the pipeline and of its blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from prewarm.scan.expansion import Expanded
from prewarm.scan.finding import Result, Skipped
from prewarm.scan.naming import named, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Value, elements, entries, get, text
from prewarm.scan.yamlvalues import load

_PARAMETER = re.compile(r"\$\{\{\s*parameters\.(\w+)\s*\}\}")


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What the agents of a pipeline pull; the first container runs the jobs."""
    yield from settled(_read(document, scope))


def _read(document: Document, scope: Scope) -> Iterator[Result]:
    for root in load(document):
        if isinstance(root, Skipped):
            yield root
        else:
            yield from _agents(root, scope.inputs.variables)


def _agents(value: Value, given: Mapping[str, str]) -> Iterator[Result]:
    for key, inner in entries(value):
        if key == "agent":
            yield from _containers(inner, given)
        else:
            yield from _agents(inner, given)
    for element in elements(value):
        yield from _agents(element, given)


def _containers(agent: Value, given: Mapping[str, str]) -> Iterator[Result]:
    for index, container in enumerate(elements(get(agent, "containers"))):
        source = text(get(container, "image"))
        if source is not None:
            names = [m[1] for m in _PARAMETER.finditer(source.value)]
            missing = tuple(f"parameters.{name}" for name in names if name not in given)
            value = _PARAMETER.sub(lambda m: given.get(m[1], ""), source.value)
            kind = "service" if index else "job image"
            yield from named(Expanded(value, missing), source, kind, owner="Semaphore")
