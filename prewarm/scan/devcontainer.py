"""Dev containers: the image or the Dockerfile of a `devcontainer.json`, and its features."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as Names

from prewarm.reference import looks_like_host
from prewarm.scan.building import beside, built
from prewarm.scan.expansion import Expanded
from prewarm.scan.finding import Result, Skipped
from prewarm.scan.jsonvalues import load
from prewarm.scan.naming import named, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Mapping, Value, entries, get, scalar, text

_VARIABLE = re.compile(r"\$\{(?P<kind>\w+)(?::(?P<name>[^:}]*)(?::(?P<default>[^}]*))?)?\}")


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What opening the dev container pulls; compose files that it names are read as such."""
    root = load(document)
    if isinstance(root, Skipped):
        yield root
    else:
        yield from settled(_container(document, root, scope))


def _container(document: Document, root: Value, scope: Scope) -> Iterator[Result]:
    given = scope.inputs.variables
    image = text(get(root, "image"))
    if image is not None:
        yield from named(_expanded(image.value, given), image, "dev container")
    yield from _build(document, root, scope)
    features = get(root, "features")
    for name, _ in entries(features):
        assert isinstance(features, Mapping)
        if _is_artifact(name):
            source = features.keys[name]
            yield from named(_expanded(name, given), source, "dev container feature")


def _build(document: Document, root: Value, scope: Scope) -> Iterator[Result]:
    build = get(root, "build")
    dockerfile = text(get(build, "dockerfile")) or text(get(root, "dockerFile"))
    if dockerfile is None:
        return
    args = {}
    for name, value in entries(get(build, "args")):
        plain = scalar(value)
        given = _expanded(plain.value, scope.inputs.variables) if plain else None
        if given is not None and not given.missing:
            args[name] = given.text
    target = text(get(build, "target"))
    yield from built(
        beside(document.path, dockerfile.value),
        dockerfile.place,
        scope,
        args=args,
        target=target.value if target else None,
    )


def _is_artifact(feature: str) -> bool:
    """Whether a feature comes from a registry; others are folders, archives, or old short names."""
    host, slash, _ = feature.partition("/")
    return (
        bool(slash) and host not in (".", "..") and looks_like_host(host) and "://" not in feature
    )


def _expanded(value: str, given: Names[str, str]) -> Expanded:
    """A text with `${localEnv:NAME:default}` put in; other variables only the client knows."""
    result, at = Expanded(), 0
    for match in _VARIABLE.finditer(value):
        result = result.then(Expanded(value[at : match.start()]))
        at = match.end()
        name = match["name"] or match["kind"]
        put = given.get(name, match["default"])
        result = result.then(Expanded(put) if put is not None else Expanded("", (name,)))
    return result.then(Expanded(value[at:]))
