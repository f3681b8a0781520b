"""Concourse: the images that pipelines and tasks run in, and those that they get."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from yaml.nodes import Node, SequenceNode

from prewarm.scan import yamltext
from prewarm.scan.expansion import Expanded
from prewarm.scan.finding import Class, Result, Skipped, Unresolved
from prewarm.scan.naming import named, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Value, elements, entries, get, number_text, scalar, text
from prewarm.scan.yamlvalues import load

_TYPES = ("registry-image", "docker-image")
_VARIABLE = re.compile(r"\(\(\s*([\w.:/-]+)\s*\)\)")
_OPEN_TAGS = ("semver_constraint", "tag_regex", "variant", "created_at_sort")


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What a pipeline, or a task in a file of its own, pulls."""
    yield from settled(_read(document, scope))


def _read(document: Document, scope: Scope) -> Iterator[Result]:
    given = scope.inputs.variables
    for root in load(document):
        if isinstance(root, Skipped):
            yield root
            continue
        for type_ in elements(get(root, "resource_types")):
            yield from _source(type_, "resource type", given)
        gotten = set(_steps(root, "get"))
        for resource in elements(get(root, "resources")):
            name = scalar(get(resource, "name"))
            is_gotten = name is not None and name.value in gotten
            class_ = Class.PULL if is_gotten else Class.PRODUCT
            yield from _source(resource, "resource", given, class_)
        yield from _tasks(root, given)


def _steps(value: Value, kind: str) -> Iterator[str]:
    """The resources that steps at any depth get: by `resource`, else by the step's own name."""
    step, resource = scalar(get(value, kind)), scalar(get(value, "resource"))
    if step is not None:
        yield resource.value if resource is not None else step.value
    for _, inner in entries(value):
        yield from _steps(inner, kind)
    for element in elements(value):
        yield from _steps(element, kind)


def _tasks(value: Value, given: Mapping[str, str]) -> Iterator[Result]:
    for key, inner in entries(value):
        if key == "image_resource":
            yield from _source(inner, "task image", given)
        else:
            yield from _tasks(inner, given)
    for element in elements(value):
        yield from _tasks(element, given)


def _source(
    resource: Value, kind: str, given: Mapping[str, str], class_: Class = Class.PULL
) -> Iterator[Result]:
    type_, source = text(get(resource, "type")), get(resource, "source")
    repository = text(get(source, "repository"))
    if type_ is None or type_.value not in _TYPES or repository is None:
        return
    tag, digest = scalar(get(source, "tag")), scalar(get(resource, "version", "digest"))
    if tag is None and digest is None and any(get(source, key) for key in _OPEN_TAGS):
        reason = "only the registry knows the newest tag that fits: add it by hand"
        yield Unresolved(repository.value, repository.place, reason)
        return
    name = _expanded(repository.value, given)
    if tag is not None:
        name = name.then(Expanded(":")).then(_expanded(number_text(tag), given))
    if digest is not None:
        name = name.then(Expanded("@")).then(_expanded(digest.value, given))
    yield from named(name, repository, kind, class_=class_)


def _expanded(source: str, given: Mapping[str, str]) -> Expanded:
    names = [match[1] for match in _VARIABLE.finditer(source)]
    missing = tuple(name for name in names if name not in given)
    return Expanded(_VARIABLE.sub(lambda m: given.get(m[1], ""), source), missing)


def looks_like(root: Node, path: str) -> bool:
    """Whether a document is a pipeline (jobs with plans) or a task (an image and what it runs)."""
    if yamltext.get(root, "image_resource") is not None:
        return yamltext.get(root, "run") is not None
    jobs = yamltext.get(root, "jobs")
    return isinstance(jobs, SequenceNode) and any(
        yamltext.get(job, "plan") is not None for job in jobs.value
    )
