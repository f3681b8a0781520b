"""Images inside of other formats' text in Terraform files: containers as JSON, pods as YAML."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from prewarm.scan.finding import Place, Skipped
from prewarm.scan.hcltext import Call, Expression, List, Literal, Object, Template
from prewarm.scan.pods import CONTAINERS, container_images
from prewarm.scan.reader import Document, Files
from prewarm.scan.terraform.evaluation import Bound, Frame, resolve, texts
from prewarm.scan.terraform.naming import template
from prewarm.scan.values import Text
from prewarm.scan.yamlvalues import load

_IMAGE_KEY = re.compile(r'\\?"image\\?"\s*:\s*\\?"((?:[^"\\]|\\(?!"))*)')
"""In JSON as it is, and in JSON whose quotes are escaped in a string on one line."""

_DECLARATION = "gce-container-declaration"
_MAX_DEPTH = 30
_ENCODERS = ("jsonencode", "yamlencode")
_DECODERS = ("yamldecode", "jsondecode")
_FILES = ("file", "templatefile")


def definitions(expression: Expression, frame: Frame, files: Files) -> Iterator[Bound] | None:
    """The images of containers that are given as JSON; None where those cannot be seen."""
    found = resolve(expression, frame)
    if found is None:
        return None
    inner = found.expression
    if isinstance(inner, Call) and inner.name in _ENCODERS and inner.args:
        return _keys(Bound(inner.args[0], found.frame), "image", 0)
    if isinstance(inner, Call) and inner.name in _FILES and inner.args:
        return _of_file(inner, found.frame, files)
    content = raw(inner, found.frame, files)
    return None if content is None else _matches(content, found.frame)


def manifest(expression: Expression, frame: Frame, files: Files) -> Iterator[Bound]:
    """The images of a Kubernetes object, as an expression or as YAML; files are read as such."""
    found = resolve(expression, frame)
    if found is None:
        return
    inner = found.expression
    if isinstance(inner, Call) and inner.name in (*_DECODERS, *_ENCODERS) and inner.args:
        yield from manifest(inner.args[0], found.frame, files)
        return
    content = raw(inner, found.frame, files)
    if content is not None:
        for image in _of_yaml(content):
            yield Bound(template(image), found.frame)
    elif isinstance(inner, (Object, List)):
        yield from _containers(found, files, 0)


def _containers(bound: Bound, files: Files, depth: int) -> Iterator[Bound]:
    found = resolve(bound.expression, bound.frame)
    if found is None or depth > _MAX_DEPTH:
        return
    if isinstance(found.expression, Object):
        for key, value in found.expression.entries():
            here = Bound(value, found.frame)
            if key in CONTAINERS:
                yield from _keys(here, "image", 0)
            elif key == _DECLARATION:
                yield from manifest(value, found.frame, files)
            else:
                yield from _containers(here, files, depth + 1)
    elif isinstance(found.expression, List):
        for item in found.expression.items:
            yield from _containers(Bound(item, found.frame), files, depth + 1)


def _keys(bound: Bound, key: str, depth: int) -> Iterator[Bound]:
    """The values of `key` in the objects of a list, or in an object and those inside of it."""
    found = resolve(bound.expression, bound.frame)
    if found is None or depth > 5:
        return
    if isinstance(found.expression, List):
        for item in found.expression.items:
            yield from _keys(Bound(item, found.frame), key, depth + 1)
    elif isinstance(found.expression, Object):
        for name, value in found.expression.entries():
            if name == key:
                yield Bound(value, found.frame)
            elif isinstance(value, (Object, List)):
                yield from _keys(Bound(value, found.frame), key, depth + 1)


def _of_file(call: Call, frame: Frame, files: Files) -> Iterator[Bound] | None:
    path = texts(_without_module_path(call.args[0]), frame)[0]
    folder = posixpath.dirname(frame.path)
    document = files.read(posixpath.join(folder, path.text)) if not path.missing else None
    if document is None:
        return None
    names: dict[str, Bound] = {}
    variables = resolve(call.args[1], frame) if len(call.args) > 1 else None
    if variables is not None and isinstance(variables.expression, Object):
        names = {k: Bound(v, variables.frame) for k, v in variables.expression.entries()}
    return _matches(Text(document.text, Place(document.path, 1, 1)), Frame(document.path, names))


def _without_module_path(expression: Expression) -> Expression:
    """A path without its `${path.module}/`: it is looked up in the module's folder anyway."""
    if isinstance(expression, Template):
        rest = re.sub(r"^\$\{path\.(?:module|root|cwd)\}/", "", expression.text)
        return template(Text(rest, Place("", expression.line, expression.column)))
    return expression


def _matches(content: Text, frame: Frame) -> Iterator[Bound]:
    for match in _IMAGE_KEY.finditer(content.value):
        place = content.at(match.start(1))
        yield Bound(template(Text(match[1], place)), frame)


def raw(expression: Expression, frame: Frame, files: Files) -> Text | None:
    """A string as the file has it, indentation and all."""
    document = files.read(frame.path)
    if not isinstance(expression, (Literal, Template)) or document is None:
        return None
    value = expression.text if isinstance(expression, Template) else expression.value
    if not isinstance(value, str):
        return None
    place = Place(frame.path, expression.line, expression.column)
    lines = document.text.split("\n")
    first = expression.line - 1
    if "\n" not in value or expression.column > 1:
        is_escaped = isinstance(expression, Literal) and not expression.exact
        return Text(lines[first][expression.column - 1 :] if is_escaped else value, place)
    return Text("\n".join(lines[first : first + value.count("\n")]) + "\n", place)


def _of_yaml(content: Text) -> Iterator[Text]:
    for root in load(Document(content.place.file, content.value)):
        if isinstance(root, Skipped):
            continue
        for image in container_images(root):
            first = image.place.line == 1
            line = content.place.line + image.place.line - 1
            column = image.place.column + (content.place.column - 1 if first else 0)
            yield Text(image.value, Place(content.place.file, line, column))
