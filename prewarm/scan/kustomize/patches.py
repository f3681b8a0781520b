"""Patches of kustomizations that give a container another image than its manifest says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from prewarm.scan import yamltext
from prewarm.scan.blockyaml import read_part
from prewarm.scan.finding import Place
from prewarm.scan.reader import Document
from prewarm.scan.values import Mapping, Sequence, Text, Value, elements, entries, get

_GROUPS = ("containers", "initContainers", "ephemeralContainers")
_POINTER = re.compile(r"/(?:.*/)?(containers|initContainers|ephemeralContainers)/(\d+)/image")


@dataclass(frozen=True, slots=True)
class Container:
    """A container of an object: by its name for a merge, by its number for a JSON patch."""

    kind: str
    owner: str
    group: str
    name: str
    number: int


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch: a file's path, or the text itself, and the object that it is for, if it says so."""

    path: str
    text: str
    kind: str
    owner: str


@dataclass(frozen=True, slots=True)
class Override:
    """One container whose image a patch sets; empty words match any."""

    kind: str
    owner: str
    group: str
    name: str
    number: int

    def matches(self, container: Container) -> bool:
        if container.group != self.group or self.kind not in ("", container.kind):
            return False
        if self.owner not in ("", container.owner):
            return False
        return container.name == self.name if self.name else container.number == self.number


def containers_in(document: Document) -> Iterator[tuple[Place, Container]]:
    """The containers of a manifest, each with the place of its image."""
    for value in _documents(document):
        listed = get(value, "items")
        objects = listed.items if isinstance(listed, Sequence) else (value,)
        for each in objects:
            kind, owner = _word(get(each, "kind")), _word(get(each, "metadata", "name"))
            for group, number, container in _containers(each):
                image = get(container, "image")
                if isinstance(image, Text):
                    name = _word(get(container, "name"))
                    yield image.place, Container(kind, owner, group, name, number)


def overrides_in(document: Document, patch: Patch) -> Iterator[Override]:
    """The containers whose image a patch sets, `document` being its text."""
    for value in _documents(document):
        for operation in elements(value):
            pointer = _POINTER.fullmatch(_word(get(operation, "path")))
            if pointer and _word(get(operation, "op")) in ("add", "replace"):
                yield Override(patch.kind, patch.owner, pointer[1], "", int(pointer[2]))
        kind = patch.kind or _word(get(value, "kind"))
        owner = patch.owner or ("" if patch.kind else _word(get(value, "metadata", "name")))
        for group, _, container in _containers(value):
            name = _word(get(container, "name"))
            if name and get(container, "image") is not None:
                yield Override(kind, owner, group, name, -1)


def _documents(document: Document) -> Iterator[Value]:
    lines = document.text.split("\n")
    for first_line, text in yamltext.split(document.text):
        value = read_part(first_line, text, document.path, lines, None)
        if value is not None and not isinstance(value, str):
            yield value


def _containers(value: Value) -> Iterator[tuple[str, int, Value]]:
    for key, below in entries(value):
        if key in _GROUPS and isinstance(below, Sequence):
            for number, container in enumerate(below.items):
                yield key, number, container
        elif isinstance(below, Mapping):
            yield from _containers(below)


def _word(value: Value | None) -> str:
    return value.value.strip() if isinstance(value, Text) else ""
