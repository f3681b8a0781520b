"""Pods in other formats' data: the images of their containers, wherever a pod's spec stands."""

from __future__ import annotations

from collections.abc import Iterator

from prewarm.scan.values import Text, Value, elements, entries, get, text

CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def container_images(value: Value) -> Iterator[Text]:
    """The `image` of each container in lists of containers, at any depth."""
    for key, inner in entries(value):
        if key in CONTAINERS:
            for container in elements(inner):
                image = text(get(container, "image"))
                if image is not None:
                    yield image
        else:
            yield from container_images(inner)
    for element in elements(value):
        yield from container_images(element)
