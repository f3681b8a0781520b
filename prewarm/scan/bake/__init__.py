"""The reader of `docker buildx bake` files: what the Dockerfiles of their targets pull."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from prewarm.scan.bake.builds import results_of
from prewarm.scan.bake.definitions import Definitions
from prewarm.scan.bake.targets import Bakery
from prewarm.scan.compose.paths import join
from prewarm.scan.finding import Result
from prewarm.scan.reader import Document, Files, Scope

STANDARD_NAMES = (
    "docker-bake.json",
    "docker-bake.hcl",
    "docker-bake.override.json",
    "docker-bake.override.hcl",
)
"""What bake reads when no file is named, in this order, each laid over those before it."""


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What the targets of a bake file pull, each with what it inherits."""
    definitions = _definitions(document, scope.files)
    yield from definitions.skipped
    bakery = Bakery(definitions, {**scope.inputs.variables, **scope.inputs.environ})
    for target in bakery.targets():
        yield from results_of(target, posixpath.dirname(document.path), scope)


def _definitions(document: Document, files: Files) -> Definitions:
    """Those of the standard files together; those of another file alone, where that is enough."""
    folder, name = posixpath.split(document.path)
    alone = Definitions()
    alone.add_file(document)
    if name not in STANDARD_NAMES and Bakery(alone, {}).is_complete():
        return alone
    together = Definitions()
    for standard in STANDARD_NAMES:
        path = join(folder, standard)
        if standard in files.names(folder) and (other := files.read(path)) is not None:
            together.add_file(other)
    if name not in STANDARD_NAMES:
        together.add_file(document)
    return together
