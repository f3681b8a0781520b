"""A chart on disk: its Chart.yaml, its values, the charts inside it, as far as files are there."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from prewarm.scan import yamltext
from prewarm.scan.blockyaml import read_part
from prewarm.scan.helm.merge import merged
from prewarm.scan.imageparts import as_used
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Mapping, Text, Value, elements, get, scalar

_MAX_ABOVE = 4
"""Folders between a values file and its Chart.yaml (`ci/`, `environments/prod/`)."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A folder with a Chart.yaml; `dependencies` by the key that their values stand under."""

    folder: str
    about: Value
    dependencies: dict[str, str]

    @property
    def name(self) -> str:
        return _text(self.about, "name")

    @property
    def version(self) -> str:
        return _text(self.about, "version")

    @property
    def app_version(self) -> str:
        return _text(self.about, "appVersion")


def chart_above(path: str, scope: Scope) -> Chart | None:
    """The chart that a file belongs to: the nearest folder above with a Chart.yaml."""
    folder = posixpath.dirname(path)
    for _ in range(_MAX_ABOVE):
        if "Chart.yaml" in scope.files.names(folder):
            return chart_at(folder, scope)
        if not folder:
            return None
        folder = posixpath.dirname(folder)
    return None


def chart_at(folder: str, scope: Scope) -> Chart | None:
    """The chart whose Chart.yaml stands in a folder."""
    about = load(posixpath.join(folder, "Chart.yaml"), scope)
    if about is None:
        return None
    listed = list(elements(get(about, "dependencies")))
    if not listed:
        requirements = load(posixpath.join(folder, "requirements.yaml"), scope)
        listed = list(elements(get(requirements, "dependencies")))
    names = {_text(each, "alias") or _text(each, "name"): _text(each, "name") for each in listed}
    if "charts" in scope.files.names(folder):
        for name in scope.files.names(posixpath.join(folder, "charts")):
            names.setdefault(name, name)
    return Chart(folder, about, {key: name for key, name in names.items() if key})


def defaults_of(chart: Chart, scope: Scope) -> Value | None:
    """A chart's own values over those that the charts inside it bring."""
    own = load(posixpath.join(chart.folder, "values.yaml"), scope)
    return merged(inner_defaults(chart, scope), own)


def inner_defaults(chart: Chart, scope: Scope, depth: int = 0) -> Value | None:
    """The values of the charts inside a chart, each under its key; None if there are none."""
    inner: dict[str, Value] = {}
    keys: dict[str, Text] = {}
    for key, below in inner_charts(chart, scope):
        own = load(posixpath.join(below.folder, "values.yaml"), scope)
        if depth < 3:
            own = merged(inner_defaults(below, scope, depth + 1), own)
        if own is not None:
            inner[key] = own
            keys[key] = Text(key, own.place)
    return Mapping(inner, keys, next(iter(inner.values())).place) if inner else None


def inner_charts(chart: Chart, scope: Scope) -> Iterator[tuple[str, Chart]]:
    """The charts in a chart's `charts/` folder, by the key of their values."""
    folders = scope.files.names(posixpath.join(chart.folder, "charts"))
    for key, name in chart.dependencies.items():
        if name in folders:
            below = chart_at(posixpath.join(chart.folder, "charts", name), scope)
            if below is not None:
                yield key, below


def load(path: str, scope: Scope) -> Value | None:
    """The first document of a YAML file; None where there is none or it is broken."""
    document = scope.files.read(path)
    return parsed(document) if document is not None else None


def parsed(document: Document) -> Value | None:
    first_line, text = next(yamltext.split(document.text), (1, ""))
    value = read_part(first_line, text, document.path, document.text.split("\n"), None)
    return None if isinstance(value, str) else value


def _text(value: Value | None, key: str) -> str:
    found = scalar(get(value, key))
    return as_used(found) if found is not None else ""
