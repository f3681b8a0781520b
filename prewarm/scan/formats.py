"""Which reader reads which file: a table of names, looked at before any file is opened.

Readers are imported when the first file of theirs turns up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import cast

from prewarm.scan.reader import Reader


@dataclass(frozen=True, slots=True)
class Format:
    """A format: the word for it, the module that reads it, and the paths that it claims."""

    name: str
    module: str
    paths: re.Pattern[str]


def _format(name: str, module: str, paths: str) -> Format:
    return Format(name, module, re.compile(rf"(?:^|.*/)(?:{paths})", re.IGNORECASE))


FORMATS = (
    _format(
        "Dockerfile",
        "dockerfile",
        r"(?:(?:docker|container)file(?:[.\-_][^/]*)?|[^/]+\.(?:docker|container)file)",
    ),
    _format("compose", "compose", r"[^/]*compose[^/]*\.ya?ml"),
    _format("Kubernetes", "kubernetes", r"[^/]+\.(?:ya?ml|json)"),
)
"""First match wins, so the particular stand before the general."""


def format_of(path: str) -> Format | None:
    """The format that reads the file at `path`, or None."""
    return next((f for f in FORMATS if f.paths.fullmatch(path)), None)


@cache
def reader_of(module: str) -> Reader:
    """The reader of a format: the function `read` of its module."""
    return cast(Reader, import_module(f"prewarm.scan.{module}").read)
