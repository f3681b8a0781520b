"""Azure Pipelines: container resources, the containers and services of jobs, local templates."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from yaml.nodes import Node

from prewarm.scan import yamltext
from prewarm.scan.azure.expressions import Names
from prewarm.scan.azure.pipeline import Walk, defaults
from prewarm.scan.finding import Result, Skipped
from prewarm.scan.naming import settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Mapping, Value, get
from prewarm.scan.yamlvalues import load

__all__ = ["looks_like", "read"]

_ONLY_IN_PIPELINES = ("trigger", "pr", "resources", "schedules", "extends")


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What the jobs of a pipeline pull, or those of a template with its defaults."""
    yield from settled(_read(document, scope))


def _read(document: Document, scope: Scope) -> Iterator[Result]:
    for root in load(document):
        if isinstance(root, Skipped):
            yield root
            continue
        given = dict(scope.inputs.variables)
        parameters = Mapping(defaults(root), {}, root.place)
        names = Names({"parameters": parameters}, {}, given)
        is_template = _is_template(document.path, root)
        yield from Walk(document.path, scope.files, names, is_template=is_template).pipeline(root)


def _is_template(path: str, root: Value) -> bool:
    named_as_pipeline = posixpath.basename(path).startswith(("azure-pipelines", ".azure-pipelines"))
    return not named_as_pipeline and not any(get(root, key) for key in _ONLY_IN_PIPELINES)


def looks_like(root: Node, path: str) -> bool:
    """Whether a document is a pipeline of Azure's by what it holds."""
    containers = yamltext.get(root, "resources", "containers")
    if any(yamltext.get(each, "container") for each in yamltext.elements(containers)):
        return True
    pool = yamltext.get(root, "pool", "vmImage") or yamltext.get(root, "pool", "name")
    parts = any(yamltext.get(root, key) for key in ("stages", "jobs", "steps"))
    return pool is not None and parts
