"""A workflow's inputs: the values they have in each of the ways that lead into the workflow."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from prewarm.scan.finding import Place, Skipped
from prewarm.scan.github.data import Data, Unknown, data_of
from prewarm.scan.github.expressions import Contexts, expand_all
from prewarm.scan.github.matrix import matrices
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Value, entries, get, text
from prewarm.scan.yamlvalues import load

_OWN_INPUTS = ("workflow_call", "workflow_dispatch")
_WORKFLOWS = re.compile(r"(?:.*/)?\.(?:github|gitea|forgejo)/workflows/[^/]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Way:
    """One way into a workflow: the inputs that it brings, and the places that lead here.

    `certain` is false for a way that may bring no inputs at all (a push).
    """

    inputs: dict[str, Data]
    via: tuple[Place, ...] = ()
    certain: bool = True


def ways(document: Document, root: Value, scope: Scope) -> Iterator[Way]:
    """The defaults, each workflow of the same repository that calls this one, other triggers."""
    triggers = get(root, "on")
    declared: dict[str, Data] = {}
    for trigger in reversed(_OWN_INPUTS):
        declared.update(defaults(get(triggers, trigger, "inputs")))
    yield Way(declared)
    if not declared:
        return
    if get(triggers, "workflow_call") is not None:
        for given, place in _calls(document, scope):
            yield Way({**declared, **given}, (place,))
    if any(name not in _OWN_INPUTS for name, _ in entries(triggers)):
        yield Way({}, certain=False)


def defaults(inputs: Value | None) -> dict[str, Data]:
    """What declared inputs are when nothing is given; Unknown where there is no default."""
    return {
        name: data_of(get(value, "default"))
        if get(value, "default") is not None
        else Unknown((f"inputs.{name}",))
        for name, value in entries(inputs)
    }


def _calls(document: Document, scope: Scope) -> Iterator[tuple[dict[str, Data], Place]]:
    """What the jobs that use this workflow give it, with the place of each `uses`."""
    folder = posixpath.dirname(document.path)
    own = f"./{posixpath.join(*folder.split('/')[-2:], posixpath.basename(document.path))}"
    for name in scope.files.names(folder):
        if not name.endswith((".yml", ".yaml")):
            continue
        caller = scope.files.read(posixpath.join(folder, name))
        if caller is None or own not in caller.text:
            continue
        for root in load(caller):
            if not isinstance(root, Skipped):
                yield from _jobs_that_use(own, root, scope)


def _jobs_that_use(own: str, root: Value, scope: Scope) -> Iterator[tuple[dict[str, Data], Place]]:
    for _, job in entries(get(root, "jobs")):
        uses = text(get(job, "uses"))
        given = data_of(get(job, "with"))
        if uses is None or uses.value != own or not isinstance(given, dict):
            continue
        contexts = Contexts({}, scope.inputs.variables)
        for row in matrices(get(job, "strategy"), contexts):
            values = expand_all(given, contexts.with_("matrix", row))
            if isinstance(values, dict):
                yield values, uses.place


def is_workflow(path: str) -> bool:
    """Whether a file stands where workflows stand."""
    return _WORKFLOWS.fullmatch(path) is not None
