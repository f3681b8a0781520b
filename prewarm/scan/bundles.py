"""Images listed in objects of packaging tools: Hauler, Zarf, Carvel, oc-mirror."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from prewarm.reference import looks_like_host
from prewarm.scan.expansion import Expanded
from prewarm.scan.finding import Result, Skipped
from prewarm.scan.naming import named, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Text, Value, elements, get, scalar, text
from prewarm.scan.yamlvalues import load

_PLACEHOLDER = re.compile(r"###ZARF_\w+###|\{\{.*?\}\}|\$\{[^}]*\}")
_KIND = "image list"

TOOLS = re.compile(
    r"\bcontent\.hauler\.cattle\.io/|\bimgpkg\.carvel\.dev/|\b(?:vendir|kbld)\.k14s\.io/"
    r"|\bmirror\.openshift\.io/|^kind:[ \t]*[\"']?ZarfPackageConfig\b",
    re.MULTILINE,
)
"""What the files of these tools say of themselves, and no other file does."""


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """The images of all objects of a file that are of such a kind."""
    yield from settled(_read(document))


def _read(document: Document) -> Iterator[Result]:
    for root in load(document):
        if isinstance(root, Skipped):
            yield root
            continue
        handler = _handler(_written(root, "apiVersion"), _written(root, "kind"))
        if handler is not None:
            yield from handler(root)


def _hauler(root: Value) -> Iterator[Result]:
    """`spec.images[].name`; annotations may set a registry and a platform for all of them."""
    annotations = get(root, "metadata", "annotations")
    registry = _written(annotations, "hauler.dev/registry")
    platform = _written(annotations, "hauler.dev/platform")
    for image in elements(get(root, "spec", "images")):
        source = text(get(image, "name"))
        if source is not None:
            own = _written(image, "platform") or platform or None
            first, slash, _ = source.value.partition("/")
            has_host = bool(slash) and looks_like_host(first)
            prefix = f"{registry}/" if registry and not has_host else ""
            yield from _named(source, prefix, own)


def _zarf(root: Value) -> Iterator[Result]:
    architecture = _written(root, "metadata", "architecture")
    platform = f"linux/{architecture}" if architecture and "#" not in architecture else None
    for component in elements(get(root, "components")):
        for image in elements(get(component, "images")):
            yield from _named(text(image), "", platform)


def _images_lock(root: Value) -> Iterator[Result]:
    listed = get(root, "images") or get(root, "spec", "images")
    for image in elements(listed):
        yield from _named(text(get(image, "image")))


def _bundle_lock(root: Value) -> Iterator[Result]:
    yield from _named(text(get(root, "bundle", "image")))


def _vendir(root: Value) -> Iterator[Result]:
    for directory in elements(get(root, "directories")):
        for content in elements(get(directory, "contents")):
            yield from _named(text(get(content, "imgpkgBundle", "image")))
            yield from _named(text(get(content, "image", "url")))


def _kbld(root: Value) -> Iterator[Result]:
    for override in elements(get(root, "overrides")):
        yield from _named(text(get(override, "newImage")))


def _oc_mirror(root: Value) -> Iterator[Result]:
    mirror = get(root, "mirror")
    for image in elements(get(mirror, "additionalImages")):
        yield from _named(text(get(image, "name")))
    for operator in elements(get(mirror, "operators")):
        yield from _named(text(get(operator, "catalog")))


def _named(source: Text | None, prefix: str = "", platform: str | None = None) -> Iterator[Result]:
    if source is None or source.value.startswith(("oci://", "oci:", "file://")):
        return
    placeholders = tuple(_PLACEHOLDER.findall(source.value))
    if source.value.startswith("docker://"):
        source = source.part(len("docker://"))
    value = Expanded("", placeholders) if placeholders else Expanded(f"{prefix}{source.value}")
    yield from named(value, source, _KIND, platform=platform)


def _written(value: Value | None, *path: str) -> str:
    found = scalar(get(value, *path))
    return found.value if found is not None else ""


_HANDLERS: tuple[tuple[str, str, Callable[[Value], Iterator[Result]]], ...] = (
    ("content.hauler.cattle.io/", "Images", _hauler),
    ("", "ZarfPackageConfig", _zarf),
    ("imgpkg.carvel.dev/", "ImagesLock", _images_lock),
    ("imgpkg.carvel.dev/", "BundleLock", _bundle_lock),
    ("vendir.k14s.io/", "Config", _vendir),
    ("kbld.k14s.io/", "Config", _kbld),
    ("kbld.k14s.io/", "ImageOverrides", _kbld),
    ("mirror.openshift.io/", "ImageSetConfiguration", _oc_mirror),
)


def _handler(api_version: str, kind: str) -> Callable[[Value], Iterator[Result]] | None:
    for prefix, wanted, handler in _HANDLERS:
        if api_version.startswith(prefix) and kind == wanted:
            return handler
    return None
