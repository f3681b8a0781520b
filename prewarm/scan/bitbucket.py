"""Bitbucket Pipelines: the images of the file and its steps, the services, the pipes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prewarm.scan.expansion import Expanded, expand, flat
from prewarm.scan.finding import Result, Skipped, Unresolved
from prewarm.scan.naming import literal, named, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Mapping, Text, Value, elements, entries, get, text
from prewarm.scan.yamlvalues import load

_SCHEME = "docker://"
_OFFICIAL_PIPE = re.compile(r"atlassian/([a-z0-9-]+):(\d[\w.-]*)")
_WITHOUT_CONTAINERS = {"linux.shell", "macos", "windows"}


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What the pipelines of a repository pull."""
    yield from settled(_read(document, scope))


def _read(document: Document, scope: Scope) -> Iterator[Result]:
    for root in load(document):
        if isinstance(root, Skipped):
            yield root
            continue
        yield from _image(get(root, "image"), "job image", scope)
        for _, service in entries(get(root, "definitions", "services")):
            yield from _image(get(service, "image"), "service", scope)
        yield from _steps(get(root, "pipelines"), scope)


def _steps(value: Value | None, scope: Scope) -> Iterator[Result]:
    """The steps at any depth: under branches, in stages, beside each other."""
    for element in elements(value):
        yield from _steps(element, scope)
    for key, inner in entries(value):
        if key == "step":
            yield from _step(inner, scope)
        else:
            yield from _steps(inner, scope)


def _step(step: Value, scope: Scope) -> Iterator[Result]:
    runs_on = get(step, "runs-on")
    labels = {label.value for label in elements(runs_on) if isinstance(label, Text)}
    if not labels & _WITHOUT_CONTAINERS:
        yield from _image(get(step, "image"), "step image", scope)
    for script in ("script", "after-script"):
        for command in elements(get(step, script)):
            pipe = text(get(command, "pipe"))
            if pipe is not None:
                yield from _pipe(pipe, scope)


def _image(value: Value | None, kind: str, scope: Scope) -> Iterator[Result]:
    source = text(get(value, "name") if isinstance(value, Mapping) else value)
    if source is not None:
        name = expand(source.value, flat(scope.inputs.variables))
        owner = "Bitbucket" if all(n.startswith("BITBUCKET_") for n in name.missing) else ""
        yield from named(name, source, kind, owner=owner)


def _pipe(pipe: Text, scope: Scope) -> Iterator[Result]:
    """A pipe is an image, or a repository whose pipe.yml names one."""
    if pipe.value.startswith(_SCHEME):
        yield from literal(pipe.part(len(_SCHEME)), "pipe")
        return
    official = _OFFICIAL_PIPE.fullmatch(pipe.value)
    if official and scope.inputs.guess:
        name = Expanded(f"bitbucketpipelines/{official[1]}:{official[2]}")
        yield from named(name, pipe, "pipe", guess=True)
        return
    reason = "the pipe.yml in the pipe's own repository names its image: add that one by hand"
    yield Unresolved(pipe.value, pipe.place, reason)
