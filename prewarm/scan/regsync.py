"""The lists that `regsync` copies from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prewarm.scan.expansion import Expanded
from prewarm.scan.finding import Result, Skipped, Unresolved
from prewarm.scan.naming import named, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Text, Value, elements, get, scalar, text
from prewarm.scan.yamlvalues import load

_LITERAL = re.compile(r"[\w-]+")
_TEMPLATE = re.compile(r"\{\{.*?\}\}")


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """The images of type `image`, and the tags of repositories that are written out."""
    yield from settled(_read(document))


def _read(document: Document) -> Iterator[Result]:
    for root in load(document):
        if isinstance(root, Skipped):
            yield root
            continue
        for entry in elements(get(root, "sync")):
            source, type_ = text(get(entry, "source")), text(get(entry, "type"))
            if source is None or type_ is None or source.value.startswith("ocidir://"):
                continue
            platform = text(get(entry, "platform"))
            if type_.value == "image":
                asked = platform.value if platform else None
                yield from named(_value(source), source, "image list", platform=asked)
            elif type_.value == "repository":
                yield from _repository(source, get(entry, "tags", "allow"))
            else:
                yield _unknown(source)


def _repository(source: Text, allowed: Value | None) -> Iterator[Result]:
    """A tag that is a plain word matches itself alone; other patterns only a registry resolves."""
    tags = [tag for item in elements(allowed) if (tag := scalar(item))]
    if not tags:
        yield _unknown(source)
    for tag in tags:
        if _LITERAL.fullmatch(tag.value) and not _TEMPLATE.search(source.value):
            yield from named(Expanded(f"{source.value}:{tag.value}"), tag, "image list")
        else:
            yield _unknown(tag)


def _value(source: Text) -> Expanded:
    templates = tuple(_TEMPLATE.findall(source.value))
    return Expanded("", templates) if templates else Expanded(source.value)


def _unknown(source: Text) -> Unresolved:
    reason = "only the registry knows which tags there are: list those wanted"
    return Unresolved(source.value, source.place, reason)
