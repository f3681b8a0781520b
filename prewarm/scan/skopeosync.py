"""The lists that `skopeo sync` copies from: registries with their repositories and tags."""

from __future__ import annotations

from collections.abc import Iterator

from yaml.nodes import MappingNode, Node, SequenceNode

from prewarm.reference import is_host
from prewarm.scan import yamltext
from prewarm.scan.expansion import Expanded
from prewarm.scan.finding import Result, Skipped, Unresolved
from prewarm.scan.naming import named, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Mapping, Text, Value, elements, entries, get, scalar
from prewarm.scan.yamlvalues import load

_PATTERNS = ("images-by-tag-regex", "images-by-semver")
_SETTINGS = {"images", "credentials", "tls-verify", "cert-dir", *_PATTERNS}


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """The images that are named with their tags; of the rest only the registry knows the tags."""
    yield from settled(_read(document))


def _read(document: Document) -> Iterator[Result]:
    for root in load(document):
        if isinstance(root, Skipped):
            yield root
            continue
        for host, settings in entries(root):
            images = get(settings, "images")
            for repository, tags in entries(images):
                assert isinstance(images, Mapping)
                yield from _tags(host, repository, tags, images.keys[repository])
            for pattern in _PATTERNS:
                yield from _open(get(settings, pattern))


def _tags(host: str, repository: str, tags: Value, key: Text) -> Iterator[Result]:
    listed = list(elements(tags))
    if not listed:
        yield _unknown(key)
    for item in listed:
        tag = scalar(item)
        if tag is not None:
            mark = "@" if tag.value.startswith("sha256:") else ":"
            yield from named(Expanded(f"{host}/{repository}{mark}{tag.value}"), tag, "image list")


def _open(images: Value | None) -> Iterator[Result]:
    for repository, _ in entries(images):
        assert isinstance(images, Mapping)
        yield _unknown(images.keys[repository])


def _unknown(key: Text) -> Unresolved:
    return Unresolved(key.value, key.place, "only the registry knows its tags: list those wanted")


def looks_like(root: Node, path: str) -> bool:
    """Whether a document is such a list: registries, each with `images` or the like."""
    pairs = list(yamltext.items(root))
    return bool(pairs) and all(_is_registry(name, value) for name, _, value in pairs)


def _is_registry(name: str, value: Node) -> bool:
    names = {key for key, _, _ in yamltext.items(value)}
    if not is_host(name) or not names or not names <= _SETTINGS:
        return False
    images = yamltext.get(value, "images")
    if isinstance(images, MappingNode):
        return all(
            isinstance(tags, SequenceNode) or yamltext.text_of(tags) is None
            for _, _, tags in yamltext.items(images)
        )
    return images is None and bool(names & set(_PATTERNS))
