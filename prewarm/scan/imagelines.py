"""Lines such as `image: nginx:1.27` in text that is no YAML by itself: templates and scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prewarm.scan.finding import Place, Result, found
from prewarm.scan.imagekeys import is_of_pictures, key_of
from prewarm.scan.imagetext import Look, look_at

_LINE = re.compile(
    r"^[ \t]*(?:-[ \t]+)?[\"']?(?P<key>[A-Za-z_][\w.-]*)[\"']?[ \t]*:[ \t]+"
    r"(?P<quote>[\"']?)(?P<value>[^\s\"'#{}$<>]+)(?P=quote),?[ \t]*(?:#.*)?\r?$",
    re.MULTILINE,
)


def literal_images(text: str, start: Place, use: str, least: Look) -> Iterator[Result]:
    """The images that lines of a text name outright; the text begins at `start`."""
    if "mage" not in text and "MAGE" not in text:
        return
    line, counted = start.line, 0
    for match in _LINE.finditer(text):
        key, value = match["key"], match["value"]
        role = key_of(key) if "mage" in key.lower() else None
        if role is None or role.role.value != "name" or is_of_pictures(key):
            continue
        if look_at(value) < (least if key == "image" else max(least, Look.TAGGED)):
            continue
        line += text.count("\n", counted, match.start("value"))
        counted = match.start("value")
        column = counted - (text.rfind("\n", 0, counted) + 1)
        yield found(value, Place(start.file, line, start.column + column), use)
