"""Lists of images from a file: a name a line, skopeo sync's YAML, or regsync's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from prewarm.errors import UsageError
from prewarm.fromfile import regsync, skopeo
from prewarm.fromfile.content import Content, Listed, TagRules, reference_at, wrong
from prewarm.scan.finding import Place, Skipped
from prewarm.scan.reader import Document
from prewarm.scan.values import Mapping, Value
from prewarm.scan.yamlvalues import load

__all__ = ["Content", "Listed", "TagRules", "parse", "read"]

MAX_SIZE = 4 * 1024 * 1024
_YAML = re.compile(r"^(?:---|\{|[\w.\"'-][^\s#]*:(?:[ \t\r]|$))", re.MULTILINE)
"""A line that no list of names has: in a name something follows the colon at once."""


def read(file: Path) -> Content:
    """Read a list; raises UsageError naming file, line and key."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(MAX_SIZE + 1)
    except OSError as error:
        raise UsageError(file, f"cannot be read: {error.strerror or error}") from error
    if len(raw) > MAX_SIZE:
        raise UsageError(file, f"has more than {MAX_SIZE} bytes")
    try:
        return parse(raw.decode("utf-8-sig"), str(file))
    except UnicodeDecodeError as error:
        line = 1 + raw.count(b"\n", 0, error.start)
        raise UsageError(f"{file}:{line}", "not UTF-8", "save it as UTF-8") from error


def parse(text: str, file: str) -> Content:
    """Read a list's text, told apart by what stands in it."""
    content = _parse_yaml(text, file) if _YAML.search(text) else Content(tuple(_names(text, file)))
    if not content.images and not content.rules:
        raise UsageError(file, "names no image", "write one a line, or skopeo sync's YAML")
    return content


def _names(text: str, file: str) -> Iterator[Listed]:
    for number, line in enumerate(text.splitlines(), 1):
        name = re.sub(r"(?:^|\s)#.*", "", line).strip()
        if name:
            place = Place(file, number, 1 + line.index(name))
            yield Listed(reference_at(name.removeprefix("docker://"), place, "the line"))


def _parse_yaml(text: str, file: str) -> Content:
    documents = list(load(Document(file, text)))
    for document in documents:
        if isinstance(document, Skipped):
            raise UsageError(document.file, document.reason)
    if len(documents) != 1:
        raise UsageError(file, f"has {len(documents)} YAML documents", "leave one in it")
    return _dispatch(documents[0], file)


def _dispatch(root: Value | Skipped, file: str) -> Content:
    if not isinstance(root, Mapping):
        raise UsageError(file, "neither names of images nor a list of skopeo sync or regsync")
    if "sync" in root.entries:
        return regsync.parse(root)
    if "version" in root.entries:
        raise wrong(root.place, "sync", "is missing", "regsync's lists have it")
    return skopeo.parse(root)
