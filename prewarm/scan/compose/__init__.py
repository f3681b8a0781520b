"""The reader of compose files: every image that `docker compose` would pull, build or mount."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from yaml.nodes import MappingNode, Node

from prewarm.scan.compose.load import Loader
from prewarm.scan.compose.neighbours import leader_of
from prewarm.scan.compose.project import results_of
from prewarm.scan.finding import Result, Skipped
from prewarm.scan.formats import reader_of
from prewarm.scan.reader import Document, Scope
from prewarm.scan.yamltext import get, items, parse

__all__ = ["looks_like", "read"]

_NAMED = re.compile(r"[^/]*compose[^/]*\.ya?ml", re.IGNORECASE)
_SECTIONS = ("services", "include", "jobs")
_FOREIGN = {"apiVersion", "kind", "on", "pipeline", "stages", "steps"}


def looks_like(root: Node) -> bool:
    """Whether a YAML document is a compose file, whatever its name: it has services with images."""
    top = {key: value for key, _, value in items(root)}
    services = top.get("services")
    return (
        not _FOREIGN & top.keys()
        and isinstance(services, MappingNode)
        and any(_is_container(service) for _, _, service in items(services))
    )


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """The images of the project that a compose file belongs to.

    A file that is laid over another one is read on top of it. A file without compose in its name
    whose services another one takes is read there and not by itself.
    """
    roots = [part.root for part in parse(document.text) if part.root is not None]
    if not any(get(root, key) for root in roots for key in _SECTIONS):
        yield from _without_services(document, scope, roots)
        return
    name = posixpath.basename(document.path)
    leader = None if _NAMED.fullmatch(name) else leader_of(document.path, scope.files)
    if leader is not None:
        yield Skipped(document.path, f"it is a part of {leader} and was read there")
        return
    loader = Loader(scope.files)
    yield from results_of(document.path, loader, scope)
    yield from loader.skipped


def _without_services(document: Document, scope: Scope, roots: list[Node]) -> Iterator[Result]:
    """A file that is called compose and is something else, or of the format's first version."""
    if any(_is_container(value) for root in roots for _, _, value in items(root)):
        reason = "version 1 of the format, which compose refuses: put `services:` above it"
        yield Skipped(document.path, reason)
    else:
        yield from reader_of("yamlfile")(document, scope)


def _is_container(node: Node) -> bool:
    return any(get(node, key) is not None for key in ("image", "build", "extends"))
