"""The reader of Dockerfiles: every image that a build would pull, as BuildKit would name it."""

from __future__ import annotations

from collections.abc import Iterator

from prewarm.scan.dockerfile.build import Build
from prewarm.scan.dockerfile.images import read_images
from prewarm.scan.finding import Result
from prewarm.scan.reader import Document, Scope

__all__ = ["Build", "read", "read_build"]


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """Every image of a Dockerfile, of all its stages unless a target was given."""
    inputs = scope.inputs
    return read_build(document, Build(inputs.build_args, inputs.target, inputs.platform))


def read_build(document: Document, build: Build) -> Iterator[Result]:
    """The images that one build of a Dockerfile pulls, each at its place in that Dockerfile.

    A name that `build.contexts` replaces yields nothing here: the image of a `docker-image://`
    context is the finding of the caller, at the place where the context is written.
    """
    text = document.text.removeprefix("\ufeff")
    return read_images(Document(document.path, text), build)
