"""werf: the base images of the images that a `werf.yaml` builds, and their Dockerfiles."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from prewarm.scan.building import beside, built
from prewarm.scan.expansion import Expanded
from prewarm.scan.finding import Result, Skipped
from prewarm.scan.naming import named, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Value, entries, get, scalar, text
from prewarm.scan.yamlvalues import load


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What building the images pulls; `image` is the name of what is built."""
    yield from settled(_read(document, scope))


def _read(document: Document, scope: Scope) -> Iterator[Result]:
    for root in load(document):
        if isinstance(root, Skipped):
            yield root
        elif get(root, "image") is not None or get(root, "artifact") is not None:
            yield from _image(document, root, scope)


def _image(document: Document, root: Value, scope: Scope) -> Iterator[Result]:
    base = text(get(root, "from"))
    if base is not None:
        yield from named(Expanded(base.value), base, "base image")
    dockerfile = text(get(root, "dockerfile"))
    if dockerfile is not None:
        context = text(get(root, "context"))
        folder = context.value if context is not None else "."
        target = text(get(root, "target"))
        declared = entries(get(root, "args"))
        args = {name: plain.value for name, value in declared if (plain := scalar(value))}
        yield from built(
            beside(document.path, posixpath.join(folder, dockerfile.value)),
            dockerfile.place,
            scope,
            args=args,
            target=target.value if target is not None else None,
        )
