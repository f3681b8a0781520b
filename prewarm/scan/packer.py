"""Packer: the images that its docker builder starts from."""

from __future__ import annotations

from collections.abc import Iterator

from prewarm.scan.finding import Result, Skipped
from prewarm.scan.hcltext import Body, Literal, parse
from prewarm.scan.naming import settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.terraform.evaluation import Bound, Frame
from prewarm.scan.terraform.naming import images


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What the sources of type docker pull."""
    body = parse(document.text)
    for fault in body.faults:
        yield Skipped(document.path, f"line {fault.line}: {fault.problem}")
    names: dict[str, Bound] = {}
    frame = Frame(document.path, names, scope.inputs.variables)
    names.update(_names(body, frame))
    yield from settled(_sources(body, frame))


def _names(body: Body, frame: Frame) -> Iterator[tuple[str, Bound]]:
    for kind, attribute, prefix in (
        ("variable", "default", "var"),
        ("local", "expression", "local"),
    ):
        for block in body.blocks_of(kind):
            value = block.body.get(attribute)
            if block.labels and value is not None:
                yield f"{prefix}.{block.labels[0]}", Bound(value, frame)
    for block in body.blocks_of("locals"):
        for item in block.body.attributes:
            yield f"local.{item.name}", Bound(item.value, frame)


def _sources(body: Body, frame: Frame) -> Iterator[Result]:
    for block in body.blocks_of("source"):
        image, pull = block.body.get("image"), block.body.get("pull")
        is_pulled = not (isinstance(pull, Literal) and pull.value is False)
        if block.labels[:1] == ("docker",) and image is not None and is_pulled:
            yield from images(image, frame, "base image")
