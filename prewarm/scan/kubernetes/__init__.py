"""Kubernetes manifests, and other YAML and JSON that names images under keys."""

from __future__ import annotations

from collections.abc import Iterator

from prewarm.scan import yamltext
from prewarm.scan.finding import Finding, Result, Skipped
from prewarm.scan.kubernetes.say import as_they_stand
from prewarm.scan.kubernetes.setting import Setting
from prewarm.scan.kubernetes.walk import Walk
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Value
from prewarm.scan.yamlvalues import from_node


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """All documents of a file."""
    lines = document.text.split("\n")
    for part in yamltext.parse(document.text):
        if part.root is None:
            yield Skipped(document.path, part.error)
        else:
            yield from read_value(from_node(part.root, part, document.path, lines), lines, scope)


def read_value(value: Value, lines: list[str], scope: Scope) -> Iterator[Result]:
    """One document that is already parsed; what two rules find at one place is said once."""
    yield from once(walked(value, lines, scope))


def walked(value: Value, lines: list[str], scope: Scope, kind: str = "") -> Iterator[Result]:
    """Everything that the rules find in a document; `kind` where the file's name tells it."""
    setting = Setting(as_they_stand, variables=scope.inputs.variables, kind=kind)
    yield from Walk(lines).value(value, (), setting)


def once(results: Iterator[Result]) -> Iterator[Result]:
    """The results without those that say the same of the same place again."""
    said = set()
    for result in results:
        if isinstance(result, Skipped):
            yield result
            continue
        reference = result.reference if isinstance(result, Finding) else None
        key = (result.place, reference)
        if key not in said:
            said.add(key)
            yield result
