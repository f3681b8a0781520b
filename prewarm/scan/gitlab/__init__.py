"""GitLab's pipelines: the images and services of all jobs, with local includes followed."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from yaml.nodes import MappingNode, Node

from prewarm.scan import yamltext
from prewarm.scan.finding import Result, Unresolved
from prewarm.scan.gitlab.configuration import (
    ENTRY,
    Configuration,
    children,
    configuration,
    paths_from,
    project_of,
)
from prewarm.scan.gitlab.jobs import Jobs
from prewarm.scan.gitlab.variables import Variables, expanded, reason, sets_of, variables_of
from prewarm.scan.naming import named, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Mapping, Text, Value, elements, get, text

__all__ = ["looks_like", "read"]

_MAX_CHILDREN = 3


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """All that a pipeline pulls; a file that the entry file includes is read with that one."""
    project = project_of(document.path, scope.files)
    path = posixpath.join(project, ENTRY)
    entry = scope.files.read(path) if document.path != path else None
    if entry is not None and document.path in paths_from(entry, scope.files, project):
        return
    given = dict(scope.inputs.variables)
    yield from settled(_pipeline(document, scope, project, given, 0))


def _pipeline(
    document: Document, scope: Scope, project: str, given: dict[str, str], depth: int
) -> Iterator[Result]:
    whole = configuration(document, scope.files, project)
    yield from whole.skipped
    jobs = Jobs(whole.root)
    for job in jobs.visible():
        if get(job, "trigger") is None:
            yield from _job(whole, jobs, job, given)
            continue
        passed = {**_passed(whole, job), **given}
        for child in children(job, document, scope.files, project):
            if depth < _MAX_CHILDREN:
                yield from _pipeline(child, scope, project, passed, depth + 1)
    yield from _shared(whole, jobs, given)
    if posixpath.basename(document.path) != ENTRY and depth == 0:
        yield from _templates(whole, jobs, given)


def _job(whole: Configuration, jobs: Jobs, job: Value, given: dict[str, str]) -> Iterator[Result]:
    for variables in sets_of(whole.root, job, given):
        yield from _images(jobs.default(job, "image"), variables, "job image")
        yield from _services(jobs.default(job, "services"), variables)


def _passed(whole: Configuration, job: Value) -> dict[str, str]:
    """What a pipeline hands to one that it starts."""
    both = {**variables_of(whole.root), **variables_of(job)}
    return {name: variable.value for name, variable in both.items() if "$" not in variable.value}


def _shared(whole: Configuration, jobs: Jobs, given: dict[str, str]) -> Iterator[Result]:
    """The defaults that no job here inherits: jobs from elsewhere may."""
    running = [job for job in jobs.visible() if get(job, "trigger") is None]
    nobody = Mapping({}, {}, whole.root.place)
    for variables in sets_of(whole.root, nobody, given):
        if not any(jobs.inherits(job, "image") for job in running):
            yield from _images(jobs.shared("image"), variables, "job image")
        if not any(jobs.inherits(job, "services") for job in running):
            yield from _services(jobs.shared("services"), variables)


def _templates(whole: Configuration, jobs: Jobs, given: dict[str, str]) -> Iterator[Result]:
    """The hidden jobs of a file that is there for others to include."""
    for name, job in jobs.hidden():
        if name not in jobs.used:
            for variables in sets_of(whole.root, job, given):
                yield from _images(get(job, "image"), variables, "job image")
                yield from _services(get(job, "services"), variables)


def _services(value: Value | None, variables: Variables) -> Iterator[Result]:
    for service in elements(value):
        yield from _images(service, variables, "service")


def _images(value: Value | None, variables: Variables, kind: str) -> Iterator[Result]:
    source = text(get(value, "name") if isinstance(value, Mapping) else value)
    if source is None:
        return
    for result in named(expanded(source, variables), source, kind, platform=_platform(value)):
        if isinstance(result, Unresolved) and result.variables:
            why = reason(result.variables)
            yield Unresolved(result.written, result.place, why, result.variables)
        else:
            yield result


def _platform(value: Value | None) -> str | None:
    asked = text(get(value, "docker", "platform"))
    return asked.value if isinstance(asked, Text) and "$" not in asked.value else None


def looks_like(root: Node, path: str) -> bool:
    """Whether a document is the head of a CI/CD component: `spec` with `inputs`, nothing else."""
    names = [name for name, _, _ in yamltext.items(root)]
    return names == ["spec"] and isinstance(yamltext.get(root, "spec", "inputs"), MappingNode)
