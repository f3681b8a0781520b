"""Pods that stand as YAML in a string of a Jenkinsfile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from prewarm.scan.finding import Place, Result, Skipped
from prewarm.scan.groovytext import Token
from prewarm.scan.jenkins.script import Script
from prewarm.scan.naming import named
from prewarm.scan.pods import container_images
from prewarm.scan.reader import Document
from prewarm.scan.yamlvalues import load


def pod(string: Token, script: Script, path: str) -> Iterator[Result]:
    """The containers of a pod; `string` is its YAML as it stands in the file."""
    base = script.place(string.start)
    for root in load(Document(path, string.text)):
        if isinstance(root, Skipped):
            yield Skipped(path, f"the YAML that begins in line {base.line}: {root.reason}")
            continue
        for image in container_images(root):
            placed = replace(image, place=_shifted(image.place, base))
            name = Token("string", image.value, string.start, string.is_template)
            yield from named(script.expanded(name), placed, "container", owner="Jenkins")


def _shifted(place: Place, base: Place) -> Place:
    column = place.column if place.line > 1 else base.column + place.column - 1
    return Place(base.file, base.line + place.line - 1, column)
