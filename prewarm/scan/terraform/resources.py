"""The images of one resource, as the table of resources says where to look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prewarm.scan import nomad
from prewarm.scan.finding import Class, Place, Result, Unresolved
from prewarm.scan.hcltext import Block, Body, Literal, Reference, parse
from prewarm.scan.reader import Files
from prewarm.scan.terraform.composed import composed
from prewarm.scan.terraform.embedded import definitions, manifest, raw
from prewarm.scan.terraform.evaluation import Frame, elements, texts
from prewarm.scan.terraform.naming import images, written
from prewarm.scan.terraform.schema import Spot, schema_of

_MANAGED = ("aws/codebuild/",)
"""Names that a service has for its own environments: no registry knows them."""


@dataclass(frozen=True, slots=True)
class Resources:
    """How resources are read: with which other files, and by which places one came here."""

    files: Files
    via: tuple[Place, ...] = ()

    def of(self, block: Block, frame: Frame) -> Iterator[Result]:
        """All images of one `resource` block, for each of its `for_each`."""
        if len(block.labels) != 2 or _is_switched_off(block):
            return
        for inner in _each(block.body, "each", frame):
            yield from self._resource(block, inner)

    def _resource(self, block: Block, frame: Frame) -> Iterator[Result]:
        resource = block.labels[0]
        yield from composed(block, frame, self.via)
        schema = schema_of(resource)
        if schema is None:
            return
        for spot in schema.spots:
            yield from self._spot(spot, "", block, frame)
        for attribute in schema.definitions:
            yield from self._definitions(attribute, block, frame)
        for attribute in schema.manifests:
            value = block.body.get(attribute)
            if value is not None:
                for image in manifest(value, frame, self.files):
                    yield from images(image.expression, image.frame, "container", via=self.via)
        if resource == "nomad_job":
            yield from self._jobspec(block, frame)

    def _spot(self, spot: Spot, type_: str, block: Block, frame: Frame) -> Iterator[Result]:
        """The attribute in this block, if its type is one of the spot's, and in those inside."""
        value = block.body.get(spot.attribute) if type_ in spot.blocks else None
        if value is not None:
            is_built = type_ == "" and any(block.body.blocks_of("build"))
            yield from images(
                value,
                frame,
                spot.kind,
                platform=_platform(block.body, frame),
                class_=Class.PRODUCT if is_built else Class.PULL,
                via=self.via,
                ignored=_MANAGED,
            )
        for inner in block.body.blocks:
            if inner.type != "dynamic":
                yield from self._spot(spot, inner.type, inner, frame)
            elif inner.labels:
                yield from self._dynamic(spot, inner, frame)

    def _dynamic(self, spot: Spot, block: Block, frame: Frame) -> Iterator[Result]:
        label = block.labels[0]
        iterator = block.body.get("iterator")
        name = iterator.name if isinstance(iterator, Reference) else label
        for inner in _each(block.body, name, frame):
            for content in block.body.blocks_of("content"):
                yield from self._spot(spot, label, content, inner)

    def _definitions(self, attribute: str, block: Block, frame: Frame) -> Iterator[Result]:
        value = block.body.get(attribute)
        if value is None:
            return
        found = definitions(value, frame, self.files)
        if found is not None:
            for image in found:
                yield from images(image.expression, image.frame, "container", via=self.via)
            return
        source = written(value, frame.path)
        if source is not None:
            reason = "the containers are made elsewhere: add their images by hand"
            yield Unresolved(source.value, source.place, reason, via=self.via)

    def _jobspec(self, block: Block, frame: Frame) -> Iterator[Result]:
        value = block.body.get("jobspec")
        content = raw(value, frame, self.files) if value is not None else None
        if content is not None:
            shifted = "\n" * (content.place.line - 1) + content.value
            yield from nomad.jobs(parse(shifted), frame, self.via)


def _each(body: Body, name: str, frame: Frame) -> Iterator[Frame]:
    """The frame with `name.key` and `name.value` for each element of `for_each`, where known."""
    for_each = body.get("for_each")
    pairs = list(elements(for_each, frame)) if for_each is not None else []
    for key, value in pairs:
        yield frame.with_({f"{name}.key": key, f"{name}.value": value})
    if not pairs:
        yield frame


def _is_switched_off(block: Block) -> bool:
    count = block.body.get("count")
    return isinstance(count, Literal) and count.value == 0


def _platform(body: Body, frame: Frame) -> str | None:
    platform = body.get("platform")
    value = texts(platform, frame)[0] if platform is not None else None
    return value.text if value is not None and not value.missing else None
