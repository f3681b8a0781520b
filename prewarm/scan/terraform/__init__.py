"""Terraform and OpenTofu: the images that resources run, with variables, locals and modules."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from prewarm.scan.finding import Place, Result, Skipped
from prewarm.scan.hcltext import Block, Body
from prewarm.scan.naming import settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.terraform.evaluation import Bound, Frame, texts
from prewarm.scan.terraform.module import bodies, body, names_of
from prewarm.scan.terraform.resources import Resources

__all__ = ["read"]

_MAX_MODULES = 5
_META = ("source", "version", "providers", "count", "for_each", "depends_on")


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """The images of a file's resources, and of the local modules that it calls."""
    content = body(document.path, document.text)
    if isinstance(content, Skipped):
        yield content
        return
    for fault in content.faults:
        yield Skipped(document.path, f"line {fault.line}: {fault.problem}")
    folder = posixpath.dirname(document.path)
    names = names_of(folder, scope.files, scope.inputs.variables)
    frame = Frame(document.path, names, scope.inputs.variables)
    yield from settled(_body(content, frame, scope, ()))


def _body(content: Body, frame: Frame, scope: Scope, via: tuple[Place, ...]) -> Iterator[Result]:
    resources = Resources(scope.files, via)
    for block in content.blocks_of("resource"):
        yield from resources.of(block, frame.with_(_looked_up(content, frame)))
    for block in content.blocks_of("module"):
        if len(via) < _MAX_MODULES:
            yield from _module(block, frame, scope, via)


def _looked_up(content: Body, frame: Frame) -> Mapping[str, Bound]:
    """Names that data sources only hand on: `data.docker_registry_image.x.name`."""
    found: dict[str, Bound] = {}
    for block in content.blocks_of("data"):
        name = block.body.get("name")
        if block.labels[:1] == ("docker_registry_image",) and name is not None:
            found[f"data.{'.'.join(block.labels)}.name"] = Bound(name, frame)
    return found


def _module(block: Block, frame: Frame, scope: Scope, via: tuple[Place, ...]) -> Iterator[Result]:
    """What a module of this repository pulls when it is called with these arguments."""
    source = block.body.get("source")
    path = texts(source, frame)[0].text if source is not None else ""
    if not path.startswith(("./", "../")):
        return
    folder = posixpath.normpath(posixpath.join(posixpath.dirname(frame.path), path))
    arguments = {
        f"var.{attribute.name}": Bound(attribute.value, frame)
        for attribute in block.body.attributes
        if attribute.name not in _META
    }
    names = names_of(folder, scope.files, {})
    names.update(arguments)
    here = (*via, Place(frame.path, block.line, block.column))
    for inner_path, content in bodies(folder, scope.files):
        yield from _body(content, Frame(inner_path, names), scope, here)
