"""pre-commit: hooks that are images (`language: docker_image`)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prewarm.scan.finding import Result, Skipped
from prewarm.scan.naming import literal, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Text, Value, elements, get, text
from prewarm.scan.yamlvalues import load

_WORD = re.compile(r"\S+")
_FLAGS_WITH_VALUE = {
    "--entrypoint",
    "--env",
    "--name",
    "--network",
    "--platform",
    "--user",
    "--volume",
    "--workdir",
    "-e",
    "-u",
    "-v",
    "-w",
}


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What running the hooks pulls; hooks of other repositories are named there."""
    yield from settled(_read(document))


def _read(document: Document) -> Iterator[Result]:
    for root in load(document):
        if isinstance(root, Skipped):
            yield root
            continue
        for hook in elements(root):
            yield from _hook(hook)
        for repository in elements(get(root, "repos")):
            for hook in elements(get(repository, "hooks")):
                yield from _hook(hook)


def _hook(hook: Value) -> Iterator[Result]:
    language, entry = text(get(hook, "language")), text(get(hook, "entry"))
    if language is None or entry is None or language.value != "docker_image":
        return
    image = _first_word(entry)
    if image is not None:
        yield from literal(image, "hook")


def _first_word(entry: Text) -> Text | None:
    """The image of a command line of `docker run`: the first word that is no option."""
    skip = False
    for match in _WORD.finditer(entry.value):
        if skip:
            skip = False
        elif match[0].startswith("-"):
            skip = match[0] in _FLAGS_WITH_VALUE
        else:
            return entry.part(match.start(), match.end())
    return None
