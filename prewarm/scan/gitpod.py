"""Gitpod: the image of a workspace, or the Dockerfile that it is built from."""

from __future__ import annotations

from collections.abc import Iterator

from prewarm.scan.building import beside, built
from prewarm.scan.finding import Result, Skipped
from prewarm.scan.naming import literal, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import get, text
from prewarm.scan.yamlvalues import load


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What starting the workspace pulls."""
    yield from settled(_read(document, scope))


def _read(document: Document, scope: Scope) -> Iterator[Result]:
    for root in load(document):
        if isinstance(root, Skipped):
            yield root
            continue
        image = get(root, "image")
        name, file = text(image), text(get(image, "file"))
        if name is not None:
            yield from literal(name, "workspace")
        elif file is not None:
            yield from built(beside(document.path, file.value), file.place, scope)
