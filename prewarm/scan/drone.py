"""Drone: the steps and services of its pipelines, of which a file may hold several."""

from __future__ import annotations

from collections.abc import Iterator

from prewarm.scan import woodpecker
from prewarm.scan.finding import Result, Skipped
from prewarm.scan.naming import settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Value, get, scalar, text
from prewarm.scan.woodpecker import Steps
from prewarm.scan.yamlvalues import load

_IN_CONTAINERS = ("docker", "kubernetes")
"""The types of pipelines whose steps are containers; those of others (exec, ssh) are commands."""


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What each pipeline pulls; files in the format before 1.0 are read as Woodpecker's."""
    yield from settled(_read(document, scope))


def _read(document: Document, scope: Scope) -> Iterator[Result]:
    for root in load(document):
        if isinstance(root, Skipped):
            yield root
        elif get(root, "kind") is None:
            yield from woodpecker.workflow(root, scope.inputs.variables, "Drone")
        else:
            yield from _resource(root, scope)


def _resource(root: Value, scope: Scope) -> Iterator[Result]:
    kind, type_ = text(get(root, "kind")), text(get(root, "type"))
    if kind is None or kind.value != "pipeline":
        return
    if type_ is not None and type_.value not in _IN_CONTAINERS:
        return
    steps = Steps(scope.inputs.variables, "Drone", _platform(get(root, "platform")))
    yield from steps.of(get(root, "steps"), "step image")
    yield from steps.of(get(root, "services"), "service")


def _platform(value: Value | None) -> str | None:
    os, arch = scalar(get(value, "os")), scalar(get(value, "arch"))
    if os is None and arch is None:
        return None
    return f"{os.value if os else 'linux'}/{arch.value if arch else 'amd64'}"
