"""From an expression that names an image to results."""

from __future__ import annotations

from collections.abc import Iterator

from prewarm.scan.expansion import Expanded
from prewarm.scan.finding import Class, Place, Result
from prewarm.scan.hcltext import Expression, List, Literal, Object, parse_template
from prewarm.scan.naming import named
from prewarm.scan.terraform.evaluation import Frame, texts
from prewarm.scan.values import Text

_OTHERS = ("docker_image.", "docker_registry_image.", "docker_tag.", "podman_image.")
"""What names an image by the resource that pulls or builds it: found where that one stands."""

_SCHEME = "docker://"


def images(
    expression: Expression,
    frame: Frame,
    kind: str,
    *,
    platform: str | None = None,
    class_: Class = Class.PULL,
    via: tuple[Place, ...] = (),
    ignored: tuple[str, ...] = (),
) -> Iterator[Result]:
    """What an attribute names; names that begin with one of `ignored` are no images."""
    source = written(expression, frame.path)
    if source is None:
        return
    if source.value.startswith(_SCHEME):
        source = source.part(len(_SCHEME))
    for value in texts(expression, frame):
        if value.missing and all(name.startswith(_OTHERS) for name in value.missing):
            continue
        if ignored and value.text.startswith(ignored):
            continue
        name = Expanded(value.text.removeprefix(_SCHEME), value.missing)
        yield from named(name, source, kind, platform=platform, class_=class_, via=via)


def written(expression: Expression, path: str) -> Text | None:
    """What the file has for an expression, and where; None for what is no text."""
    place = Place(path, expression.line, expression.column)
    if isinstance(expression, Literal):
        return Text(expression.value, place) if isinstance(expression.value, str) else None
    if isinstance(expression, (List, Object)):
        return None
    return Text(expression.text, place)


def template(text: Text) -> Expression:
    """A string of another format that stands in the file, with its `${…}`."""
    return parse_template(text.value, text.place.line, text.place.column)
