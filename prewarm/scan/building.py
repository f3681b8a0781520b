"""From a file that builds an image to the Dockerfile that it names."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from prewarm.scan.dockerfile import Build, read_build
from prewarm.scan.finding import Place, Result, Skipped
from prewarm.scan.reader import Scope


def built(
    path: str,
    place: Place,
    scope: Scope,
    *,
    args: Mapping[str, str] | None = None,
    target: str | None = None,
    via: tuple[Place, ...] = (),
) -> Iterator[Result]:
    """The images that a build of the Dockerfile at `path` pulls; `place` is what named it."""
    document = scope.files.read(posixpath.normpath(path))
    if document is None:
        yield Skipped(place.file, f"line {place.line}: there is no {path} to read")
        return
    build = Build(
        {**(args or {}), **scope.inputs.build_args},
        target,
        scope.inputs.platform,
        via=(*via, place),
    )
    yield from read_build(document, build)


def beside(document: str, path: str) -> str:
    """A path that stands in a file, relative to the root: it is relative to the file's folder."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(document), path))
