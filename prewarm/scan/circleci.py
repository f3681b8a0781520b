"""CircleCI: the images of jobs and executors, with the parameters that jobs are started with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as Names
from dataclasses import dataclass, field

from prewarm.scan.expansion import Expanded
from prewarm.scan.finding import Result, Skipped
from prewarm.scan.matrix import combinations, without
from prewarm.scan.naming import named, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import (
    Mapping,
    Text,
    Value,
    elements,
    entries,
    get,
    number_text,
    scalar,
    text,
)
from prewarm.scan.yamlvalues import load

_PARAMETER = re.compile(r"<<\s*([\w.-]+)\s*>>")

Parameters = dict[str, Value]
"""By full name: `parameters.tag`, `pipeline.parameters.tag`, `matrix.tag`."""


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What the jobs of a configuration pull, and the executors that no job here uses."""
    results: list[Result] = []
    for root in load(document):
        if isinstance(root, Skipped):
            results.append(root)
        else:
            results.extend(_configuration(root, scope.inputs.variables))
    yield from settled(results)


def _configuration(root: Value, given: Names[str, str]) -> Iterator[Result]:
    pipeline = _defaults(get(root, "parameters"), "pipeline.parameters")
    for name, value in pipeline.items():
        outside = given.get(name.rpartition(".")[2])
        if outside is not None and isinstance(value, Text):
            pipeline[name] = Text(outside, value.place)
    invocations = list(_invocations(root, pipeline))
    yield from _Package(root, pipeline, given, invocations).images()
    for name, orb in entries(get(root, "orbs")):
        prefix = f"{name}/"
        own = [(job[len(prefix) :], p) for job, p in invocations if job.startswith(prefix)]
        yield from _Package(orb, pipeline, given, own).images()


def _defaults(declared: Value | None, prefix: str) -> Parameters:
    return {
        f"{prefix}.{name}": default
        for name, declaration in entries(declared)
        if (default := get(declaration, "default")) is not None
    }


def _invocations(root: Value, pipeline: Parameters) -> Iterator[tuple[str, Parameters]]:
    """The jobs that workflows start, each with the parameters of one start."""
    for _, workflow in entries(get(root, "workflows")):
        for item in elements(get(workflow, "jobs")):
            if isinstance(item, Text):
                yield item.value, {}
            for name, settings in entries(item):
                for row in _rows(get(settings, "matrix")):
                    known = {**pipeline, **row}
                    matrix = {n.replace("matrix.", "parameters.", 1): v for n, v in row.items()}
                    own = {f"parameters.{n}": _put(v, known) for n, v in entries(settings)}
                    yield name, {**own, **matrix}


def _rows(matrix: Value | None) -> list[Parameters]:
    axes = {
        f"matrix.{name}": list(elements(values))
        for name, values in entries(get(matrix, "parameters"))
    }
    excluded = [
        {f"matrix.{name}": value for name, value in entries(entry)}
        for entry in elements(get(matrix, "exclude"))
    ]
    rows = combinations(axes)
    return without(rows, excluded, _is_same) or [{}]


def _is_same(left: Value, right: Value) -> bool:
    return isinstance(left, Text) and isinstance(right, Text) and left.value == right.value


@dataclass(slots=True)
class _Package:
    """The jobs and executors of the configuration itself, or of an orb that stands in it."""

    root: Value
    pipeline: Parameters
    given: Names[str, str]
    invocations: list[tuple[str, Parameters]]
    used: set[str] = field(default_factory=set)

    def images(self) -> Iterator[Result]:
        for name, job in entries(get(self.root, "jobs")):
            starts = [started for wanted, started in self.invocations if wanted == name] or [{}]
            for started in starts:
                own = _defaults(get(job, "parameters"), "parameters")
                yield from self._job(job, {**self.pipeline, **own, **started})
        for name, executor in entries(get(self.root, "executors")):
            if name not in self.used:
                yield from self._executor(executor, {})

    def _job(self, job: Value, known: Parameters) -> Iterator[Result]:
        yield from self._containers(get(job, "docker"), known)
        wanted = get(job, "executor")
        if isinstance(wanted, Text):
            wanted = _put(wanted, known)
        name = text(get(wanted, "name") if isinstance(wanted, Mapping) else wanted)
        chosen = _put(name, known) if name else None
        if isinstance(chosen, Text):
            self.used.add(chosen.value)
            settings = {f"parameters.{n}": _put(v, known) for n, v in entries(wanted)}
            executor = get(self.root, "executors", chosen.value)
            if executor is not None:
                yield from self._executor(executor, settings)

    def _executor(self, executor: Value, settings: Parameters) -> Iterator[Result]:
        own = _defaults(get(executor, "parameters"), "parameters")
        yield from self._containers(get(executor, "docker"), {**self.pipeline, **own, **settings})

    def _containers(self, docker: Value | None, known: Parameters) -> Iterator[Result]:
        for index, item in enumerate(elements(docker)):
            source = text(get(item, "image"))
            if source is not None:
                value = _expanded(source.value, known, self.given)
                owner = "CircleCI" if any(_is_circles(n) for n in value.missing) else ""
                kind = "service" if index else "job image"
                yield from named(value, source, kind, owner=owner)


def _is_circles(name: str) -> bool:
    return name.startswith("pipeline.") and not name.startswith("pipeline.parameters.")


def _put(value: Value, known: Parameters) -> Value:
    """A parameter's value where `<< … >>` in it is known; one alone keeps its type."""
    if not isinstance(value, Text):
        return value
    whole = _PARAMETER.fullmatch(value.value.strip())
    if whole:
        return known.get(whole[1], value)
    expanded = _expanded(value.value, known, {})
    return value if expanded.missing else Text(expanded.text, value.place, value.type)


def _expanded(source: str, known: Parameters, given: Names[str, str]) -> Expanded:
    result, at = Expanded(), 0
    for match in _PARAMETER.finditer(source):
        value = scalar(known.get(match[1]))
        left = _PARAMETER.search(value.value) if value else None
        if value is not None and left is None:
            put = Expanded(number_text(value))
        else:
            name = left[1] if left else match[1]
            outside = given.get(name, given.get(name.rpartition(".")[2]))
            put = Expanded("", (name,)) if outside is None else Expanded(outside)
        result = result.then(Expanded(source[at : match.start()])).then(put)
        at = match.end()
    return result.then(Expanded(source[at:]))
