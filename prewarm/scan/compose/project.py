"""Which files make up a project, with which variables, and what the whole of them says."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prewarm.scan.compose.builds import Builder
from prewarm.scan.compose.images import Container, built, containers, images
from prewarm.scan.compose.load import Loader, Source
from prewarm.scan.compose.paths import join
from prewarm.scan.finding import Result, Skipped
from prewarm.scan.reader import Inputs, Scope

DEFAULT_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
"""What `docker compose` looks for, best first."""

OVERRIDE_NAMES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
"""What is laid over the file found, best first."""

_PROJECT_NAME = "COMPOSE_PROJECT_NAME"


@dataclass(frozen=True, slots=True)
class Project:
    """Files that are laid over each other, and how they are read."""

    paths: tuple[str, ...]
    source: Source


def project_of(path: str, loader: Loader, inputs: Inputs) -> Project:
    """The project that a file belongs to when nobody says more than compose needs to be told."""
    folder = posixpath.dirname(path)
    outside = {**inputs.variables, **inputs.environ}
    own = loader.env_file(join(folder, ".env"), outside, {})
    return project_from(_paths(path, loader, own), loader, inputs)


def project_from(paths: tuple[str, ...], loader: Loader, inputs: Inputs) -> Project:
    """The project of these files; its folder is that of the first one."""
    folder = posixpath.dirname(paths[0])
    outside = {**inputs.variables, **inputs.environ}
    own = loader.env_file(join(folder, ".env"), outside, {})
    environment = {**own, **outside}
    if not environment.get(_PROJECT_NAME):
        name = _normalised(loader.name(paths, environment) or posixpath.basename(folder))
        if name:
            environment[_PROJECT_NAME] = name
    return Project(paths, Source(environment, folder))


def results_of(path: str, loader: Loader, scope: Scope) -> Iterator[Result]:
    """What a file says as part of its project; of a file laid over another one, only its own."""
    project = project_of(path, loader, scope.inputs)
    parts = containers(loader.load(project.paths, project.source))
    base = _base_of(path, loader) if project.paths == (path,) else None
    if base is not None:
        below = containers(loader.load((base,), project.source))
        if _is_overlay(parts, below):
            names = {part.path for part in parts}
            project = project_from((base, path), loader, scope.inputs)
            merged = containers(loader.load(project.paths, project.source))
            parts = tuple(part for part in merged if part.path in names)
    results = _results(parts, Builder(path, scope, project.source.environment, built(parts)))
    if path in project.paths[1:] and base is None:
        results = (r for r in results if not isinstance(r, Skipped) and r.place.file == path)
    yield from results


def _results(parts: tuple[Container, ...], builder: Builder) -> Iterator[Result]:
    for part in parts:
        if part.is_active(builder.scope.inputs.profiles):
            yield from images(part, builder.made, builder.file)
            yield from builder.results(part)


def _base_of(path: str, loader: Loader) -> str | None:
    """The file that one in the same folder may be meant to be laid over with `-f`, or None."""
    folder = posixpath.dirname(path)
    default = _first(DEFAULT_NAMES, loader.files.names(folder))
    return join(folder, default) if default and join(folder, default) != path else None


def _is_overlay(parts: tuple[Container, ...], below: tuple[Container, ...]) -> bool:
    """Whether services lack what only the file below can give them."""
    base = {part.path: part for part in below}
    return any(
        part.path in base
        and (part.is_empty or (part.build and base[part.path].build and not part.has_context))
        for part in parts
    )


def _paths(path: str, loader: Loader, own: Mapping[str, str]) -> tuple[str, ...]:
    folder, name = posixpath.split(path)
    listed = own.get("COMPOSE_FILE", "").split(own.get("COMPOSE_PATH_SEPARATOR") or ":")
    chosen = tuple(join(folder, item) for item in listed if item)
    if chosen:
        return chosen if path in chosen else (path,)
    names = loader.files.names(folder)
    default, override = _first(DEFAULT_NAMES, names), _first(OVERRIDE_NAMES, names)
    if default is None or override is None or name not in (default, override):
        return (path,)
    return (join(folder, default), join(folder, override))


def _first(wanted: tuple[str, ...], names: tuple[str, ...]) -> str | None:
    return next((name for name in wanted if name in names), None)


def _normalised(name: str) -> str:
    return re.sub("[^a-z0-9_-]", "", name.lower()).lstrip("_-")
