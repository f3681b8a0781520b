"""GitHub's workflows and actions, and those of Gitea and Forgejo, which are the same."""

from __future__ import annotations

from collections.abc import Iterator

from prewarm.scan.building import beside, built
from prewarm.scan.finding import Result, Skipped
from prewarm.scan.github.containers import SCHEME, Run, container, services, steps
from prewarm.scan.github.data import Data, data_of
from prewarm.scan.github.expressions import Contexts, evaluate, expand_all
from prewarm.scan.github.inputs import defaults, is_workflow, ways
from prewarm.scan.github.matrix import matrices
from prewarm.scan.naming import settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Value, entries, get, scalar, text
from prewarm.scan.yamlvalues import load

__all__ = ["read"]


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """The images of a workflow's jobs, or of an action."""
    results: list[Result] = []
    for root in load(document):
        if isinstance(root, Skipped):
            results.append(root)
        elif is_workflow(document.path):
            results.extend(_workflow(document, root, scope))
        else:
            results.extend(_action(document, root, scope))
    yield from settled(results)


def _workflow(document: Document, root: Value, scope: Scope) -> Iterator[Result]:
    forge = "GitHub" if "/.github/" in f"/{document.path}" else "the forge"
    for way in ways(document, root, scope):
        contexts = Contexts({"inputs": way.inputs}, scope.inputs.variables)
        for _, job in entries(get(root, "jobs")):
            if _never_runs(job):
                continue
            for matrix in matrices(get(job, "strategy"), contexts):
                known = contexts.with_("matrix", matrix)
                env = _env(known, root, job)
                if forge != "GitHub":
                    known = known.with_("env", env)
                yield from _job(job, Run(known, env, forge, way.via, way.certain))


def _env(contexts: Contexts, *owners: Value) -> Data:
    env: dict[str, Data] = {}
    for owner in owners:
        own = expand_all(data_of(get(owner, "env")), contexts.with_("env", dict(env)))
        env.update(own if isinstance(own, dict) else {})
    return env


def _job(job: Value, run: Run) -> Iterator[Result]:
    yield from container(get(job, "container"), run, "job image")
    yield from services(get(job, "services"), run)
    yield from steps(get(job, "steps"), run)


def _never_runs(job: Value) -> bool:
    condition = scalar(get(job, "if"))
    if condition is None:
        return False
    written = condition.value.strip()
    source = written if written.startswith("${{") else f"${{{{ {written} }}}}"
    return evaluate(source, Contexts({})) == (False,)


def _action(document: Document, root: Value, scope: Scope) -> Iterator[Result]:
    runs = get(root, "runs")
    inputs = defaults(get(root, "inputs"))
    run = Run(Contexts({"inputs": inputs}, scope.inputs.variables))
    yield from steps(get(runs, "steps"), run)
    image = text(get(runs, "image"))
    if image is None or get(runs, "using") is None:
        return
    if image.value.startswith(SCHEME):
        yield from run.image(image, "action")
    else:
        yield from built(beside(document.path, image.value), image.place, scope)
