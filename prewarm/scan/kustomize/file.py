"""A kustomization file: what it takes in, and how it changes images."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from prewarm.scan import yamltext
from prewarm.scan.kustomize.entry import Entry, entries_of
from prewarm.scan.kustomize.patches import Patch
from prewarm.scan.reader import Document
from prewarm.scan.values import Mapping, Text, Value, elements, get
from prewarm.scan.yamlvalues import from_node

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_REMOTE = re.compile(r"[a-z][a-z+]*://|git@|github\.com[/:]|[\w.-]+\.[a-z]+/[^/]+/[^/]+|.*\?ref=")
_ELSEWHERE = (
    *("helmCharts", "helmChartInflationGenerator", "generators", "transformers", "replacements"),
    "vars",
)


@dataclass(frozen=True, slots=True)
class Kustomization:
    """A kustomization; paths are those of the tree.

    `complete` is False where it takes in what cannot be seen here: something remote, something
    generated.
    """

    path: str
    resources: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    patches: tuple[Patch, ...] = ()
    entries: tuple[Entry, ...] = ()
    any_field: bool = False
    complete: bool = True

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.path)


def is_kustomization(path: str) -> bool:
    """Whether a file is a kustomization by its name."""
    return posixpath.basename(path) in NAMES


def parse(document: Document) -> Kustomization | None:
    """The kustomization in a file; None if it cannot be read as one."""
    part = next(iter(yamltext.parse(document.text)), None)
    if part is None or part.root is None:
        return None
    value = from_node(part.root, part, document.path, document.text.split("\n"))
    if not isinstance(value, Mapping):
        return None
    folder = posixpath.dirname(document.path)
    resources = [*_texts(value, "resources"), *_texts(value, "bases")]
    components = list(_texts(value, "components"))
    remote = [text for text in (*resources, *components) if _REMOTE.match(text)]
    return Kustomization(
        document.path,
        _paths(folder, resources),
        _paths(folder, components),
        tuple(_patches(value, folder)),
        tuple(entries_of(value)),
        any_field=get(value, "configurations") is not None,
        complete=bool(resources)
        and not remote
        and not any(get(value, key) is not None for key in _ELSEWHERE),
    )


def _texts(value: Value, key: str) -> Iterator[str]:
    for each in elements(get(value, key)):
        if isinstance(each, Text):
            yield each.value.strip()


def _patches(value: Value, folder: str) -> Iterator[Patch]:
    for text in _texts(value, "patchesStrategicMerge"):
        yield _patch(text if "\n" not in text else "", text, "", "", folder)
    for key in ("patches", "patchesJson6902"):
        for each in elements(get(value, key)):
            words = (get(each, name) for name in ("path", "patch"))
            path, text = (
                word.value.strip("\n") if isinstance(word, Text) else "" for word in words
            )
            kind, owner = (get(each, "target", name) for name in ("kind", "name"))
            yield _patch(path, text, _plain(kind), _plain(owner), folder)


def _patch(path: str, text: str, kind: str, owner: str, folder: str) -> Patch:
    place = posixpath.normpath(posixpath.join(folder, path.strip())) if path else ""
    return Patch(place, "" if path else text, kind, owner)


def _plain(value: Value | None) -> str:
    """A target's word; one that is an expression matches any."""
    word = value.value.strip() if isinstance(value, Text) else ""
    return "" if re.search(r"[*|()\[\]+?^$]", word) else word


def _paths(folder: str, texts: list[str]) -> tuple[str, ...]:
    return tuple(
        posixpath.normpath(posixpath.join(folder, text))
        for text in texts
        if text and not _REMOTE.match(text)
    )
