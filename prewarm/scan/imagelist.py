"""Plain lists of images: one name a line, `#` before comments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prewarm.errors import UsageError
from prewarm.reference import Reference, looks_like_host
from prewarm.scan.expansion import expand, flat
from prewarm.scan.finding import Place, Result
from prewarm.scan.naming import named, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Text

_ENTRY = re.compile(r"[ \t]*(?P<quote>[\"']?)(?:docker://)?(?P<name>[^\s#\"',]+)(?P=quote)")
_PICTURE = re.compile(r"\.(?:avif|bmp|gif|ico|jpe?g|png|svg|tiff?|webp)$", re.IGNORECASE)


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """The images of a list; nothing where most lines are not the full name of an image."""
    entries = list(_entries(document))
    if sum(_is_full(entry.value) for entry in entries) * 2 <= len(entries):
        return
    results: list[Result] = []
    for entry in entries:
        name = expand(entry.value, flat(scope.inputs.variables))
        results.extend(named(name, entry, "image list"))
    yield from settled(results)


def _entries(document: Document) -> Iterator[Text]:
    """The first word of each line that is no comment."""
    for number, line in enumerate(document.text.split("\n"), start=1):
        match = _ENTRY.match(line)
        if match:
            yield Text(match["name"], Place(document.path, number, match.start("name") + 1))


def _is_full(name: str) -> bool:
    """Whether a word can only be an image: a host, a tag or a digest stands in it."""
    if _PICTURE.search(name) or "://" in name:
        return False
    first, slash, _ = name.partition("/")
    marked = ":" in name.rpartition("/")[2] or "@" in name or (slash and looks_like_host(first))
    if "$" in name:
        return bool(marked)
    try:
        Reference.parse(name)
    except UsageError:
        return False
    return bool(marked)
