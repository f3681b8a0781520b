"""The build of one bake target: its tags, its named contexts, and its Dockerfile."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace

from prewarm.errors import UsageError
from prewarm.oci import Platform
from prewarm.scan.bake.evaluate import Unknown
from prewarm.scan.bake.targets import Target, Text, written
from prewarm.scan.compose.inline import located
from prewarm.scan.compose.paths import is_remote, join
from prewarm.scan.dockerfile import Build, read_build
from prewarm.scan.finding import Class, Finding, Place, Result, Skipped, Unresolved, found
from prewarm.scan.reader import Document, Files, Scope

_IMAGE_CONTEXT = "docker-image://"
_NO_PATH = ("target:", "service:")


def results_of(target: Target, folder: str, scope: Scope) -> Iterator[Result]:
    """The tags that a target gives, and the images that its build pulls."""
    place = Place(target.place[0], target.place[1], 1)
    for tag in target.tags:
        result = _named(tag, "", "bake tag", Class.PRODUCT)
        if isinstance(result, Finding):
            yield result
    document = _dockerfile(target, folder, scope.files)
    if isinstance(document, str) and not target.is_base:
        yield Skipped(place.file, f"target {target.name}: {document}")
    for platform in _platforms(target) or (scope.inputs.platform,):
        build = Build(
            {**{k: _arg(v) for k, v in target.args.items()}, **scope.inputs.build_args},
            _known(target.texts.get("target")) or None,
            platform,
            {name: _context(value, folder) for name, value in target.contexts.items()},
            (place,),
        )
        yield from _build(target, build, document, scope.files)


def _build(
    target: Target, build: Build, document: Document | str, files: Files
) -> Iterator[Result]:
    results = _read(target, build, document, files)
    yield from results
    for name, text in target.contexts.items():
        if not build.contexts[name].startswith(_IMAGE_CONTEXT):
            continue
        others = {key: value for key, value in build.contexts.items() if key != name}
        bare = _read(target, replace(build, contexts=others), document, files)
        if isinstance(document, str) or bare != results:
            yield _named(text, _IMAGE_CONTEXT, "build context", Class.PULL)


def _read(target: Target, build: Build, document: Document | str, files: Files) -> list[Result]:
    if isinstance(document, str):
        return []
    results = list(read_build(document, build))
    inline = target.texts.get("dockerfile-inline")
    if inline is not None:
        source = files.read(inline.file)
        lines = source.text.split("\n") if source else []
        start = Place(inline.file, inline.expression.line, inline.expression.column)
        results = [located(result, document.text, start, lines) for result in results]
    unknown = [name for name, text in target.args.items() if isinstance(text.value, Unknown)]
    return [_explained(result, unknown) for result in results]


def _explained(result: Result, unknown: list[str]) -> Result:
    if not isinstance(result, Unresolved) or not unknown:
        return result
    names = ", ".join(unknown)
    reason = f"what bake gives for {names} is only known when it runs: give --build-arg"
    return replace(result, reason=reason, variables=tuple(unknown))


def _dockerfile(target: Target, folder: str, files: Files) -> Document | str:
    """The Dockerfile of a target, or why there is none to read.

    Paths start where bake is called: at the file, as a rule, or in a folder above it.
    """
    inline = target.texts.get("dockerfile-inline")
    if inline is not None:
        text = _known(inline)
        return Document(inline.file, text) if text else "its Dockerfile is only known when it runs"
    context, name = _path(target, "context", "."), _path(target, "dockerfile", "Dockerfile")
    if context is None or name is None:
        return "the path of its Dockerfile is only known when it runs"
    if is_remote(context):
        return f"its context {context} is remote and was not read"
    start = folder
    while True:
        document = files.read(join(join(start, context), name))
        if document is not None:
            return document
        if not start:
            return f"there is no Dockerfile at {join(join(folder, context), name)}"
        start = posixpath.dirname(start)


def _path(target: Target, key: str, default: str) -> str | None:
    text = target.texts.get(key)
    known = default if text is None else _known(text)
    return known.removeprefix("cwd://") if known else known


def _known(text: Text | None) -> str | None:
    return text.value if text is not None and isinstance(text.value, str) else None


def _arg(text: Text) -> str:
    """An argument's value; what is not known is something that no image can be called."""
    return text.value if isinstance(text.value, str) else f"${{{text.value.text}}}"


def _context(text: Text, folder: str) -> str:
    value = _arg(text)
    return value if is_remote(value) or value.startswith(_NO_PATH) else join(folder, value)


def _platforms(target: Target) -> tuple[Platform, ...]:
    found_ = []
    for text in target.platforms:
        try:
            found_.append(Platform.parse(_known(text) or ""))
        except UsageError:
            continue
    return tuple(found_)


def _named(text: Text, prefix: str, kind: str, class_: Class) -> Finding | Unresolved:
    """What a text says that names an image after a prefix."""
    shown = written(text.expression)
    start = len(prefix) if shown.startswith(prefix) else 0
    place = Place(text.file, text.expression.line, text.expression.column + start)
    if isinstance(text.value, Unknown):
        names = text.value.names
        reason = f"{text.value.text} is only known when bake runs"
        return Unresolved(shown[start:], place, reason, names)
    name = text.value.removeprefix(prefix)
    return found(name, place, kind, written=shown[start:] or name, class_=class_)
