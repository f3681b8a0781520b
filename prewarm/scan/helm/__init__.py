"""Helm charts: values, templates, and the images that Chart.yaml lists."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prewarm.scan import yamltext
from prewarm.scan.blockyaml import read_part
from prewarm.scan.finding import Result, Skipped
from prewarm.scan.helm.template import is_template, read_template
from prewarm.scan.helm.values import read_values
from prewarm.scan.kubernetes import once, read_value
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import get

_CHART = re.compile(r"(?:.*/)?Chart\.ya?ml")
_VALUES = re.compile(
    r"(?:.*/)?(?:values[^/]*|[^/]*[._-]values|[^/]*\.values\.[^/]*)\.ya?ml", re.IGNORECASE
)
_TEMPLATES = re.compile(r"(?:.*/)?templates/.*")


def is_values(path: str) -> bool:
    """Whether a file is named like values of a chart."""
    return _VALUES.fullmatch(path) is not None and not is_in_templates(path)


def is_chart(path: str) -> bool:
    return _CHART.fullmatch(path) is not None


def is_in_templates(path: str) -> bool:
    """Whether a file stands where a chart's templates stand."""
    return _TEMPLATES.fullmatch(path) is not None


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """A chart's file, by its name: Chart.yaml, values, else a template."""
    if is_chart(document.path) or is_values(document.path):
        yield from _read_yaml(document, scope)
    else:
        yield from once(read_template(document, scope))


def _read_yaml(document: Document, scope: Scope) -> Iterator[Result]:
    lines = document.text.split("\n")
    for first_line, text in yamltext.split(document.text):
        value = read_part(first_line, text, document.path, lines, None)
        if value is None:
            continue
        if isinstance(value, str):
            if is_template(text):
                yield from once(read_template(Document(document.path, text), scope, first_line))
            else:
                yield Skipped(document.path, value)
        elif is_chart(document.path):
            annotations = get(value, "annotations")
            if annotations is not None:
                yield from read_value(annotations, lines, scope)
        elif get(value, "apiVersion") is not None and get(value, "kind") is not None:
            yield from read_value(value, lines, scope)
        else:
            yield from once(read_values(value, document.path, lines, scope))
