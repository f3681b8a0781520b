"""Molecule: the images of the platforms that an Ansible role is tested on."""

from __future__ import annotations

from collections.abc import Iterator

from prewarm.scan.expansion import Syntax, expand, flat
from prewarm.scan.finding import Class, Result, Skipped
from prewarm.scan.naming import named, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import elements, get, scalar, text
from prewarm.scan.yamlvalues import load

_SYNTAX = Syntax(operators=True)
_IN_CONTAINERS = {"", "containers", "default", "delegated", "docker", "podman"}


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What creating the platforms pulls, where they are containers."""
    yield from settled(_read(document, scope))


def _read(document: Document, scope: Scope) -> Iterator[Result]:
    for root in load(document):
        if isinstance(root, Skipped):
            yield root
            continue
        driver = scalar(get(root, "driver", "name"))
        if driver is not None and driver.value not in _IN_CONTAINERS:
            continue
        for platform in elements(get(root, "platforms")):
            image, pull = text(get(platform, "image")), scalar(get(platform, "pull"))
            if image is not None:
                kept = pull is not None and pull.value.lower() in ("false", "no")
                asked = text(get(platform, "platform"))
                yield from named(
                    expand(image.value, flat(scope.inputs.variables), _SYNTAX),
                    image,
                    "test platform",
                    platform=asked.value if asked is not None and "$" not in asked.value else None,
                    class_=Class.LOCAL if kept else Class.PULL,
                )
