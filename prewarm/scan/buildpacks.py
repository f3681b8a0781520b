"""Cloud Native Buildpacks: builders, run images and buildpacks that come as images."""

from __future__ import annotations

from collections.abc import Iterator

from prewarm.scan.finding import Place, Result, Skipped
from prewarm.scan.naming import literal, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.tomltext import strings_at
from prewarm.scan.values import Text

_NAMES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("io", "buildpacks", "builder"), "builder"),
    (("build", "builder"), "builder"),
    (("build", "image"), "build image"),
    (("run", "images", "*", "image"), "run image"),
    (("stack", "build-image"), "build image"),
    (("stack", "run-image"), "run image"),
    (("buildpacks", "*", "image"), "buildpack"),
    (("extensions", "*", "image"), "buildpack"),
    (("dependencies", "*", "image"), "buildpack"),
)
_URIS: tuple[tuple[str, ...], ...] = (
    ("io", "buildpacks", "group", "*", "uri"),
    ("io", "buildpacks", "pre", "group", "*", "uri"),
    ("io", "buildpacks", "post", "group", "*", "uri"),
    ("build", "buildpacks", "*", "uri"),
    ("buildpacks", "*", "uri"),
    ("extensions", "*", "uri"),
    ("dependencies", "*", "uri"),
)
_SCHEME = "docker://"


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What building with a `project.toml`, `builder.toml` or `package.toml` pulls."""
    try:
        yield from settled(list(_images(document)))
    except ValueError as error:
        yield Skipped(document.path, f"bad TOML: {error}")


def _images(document: Document) -> Iterator[Result]:
    for path, kind in _NAMES:
        for value, line, column in strings_at(document.text, path):
            yield from literal(Text(value, Place(document.path, line, column)), kind)
    for path in _URIS:
        for value, line, column in strings_at(document.text, path):
            source = Text(value, Place(document.path, line, column))
            if value.startswith(_SCHEME):
                yield from literal(source.part(len(_SCHEME)), "buildpack")
