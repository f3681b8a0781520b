"""`prewarm: ignore` in a file: the lines of which nothing is to be said.

The words stand in a comment at the end of a line, or in a comment of its own on the line before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from prewarm.scan.finding import Finding, Result, Unresolved
from prewarm.scan.reader import Document, Files

MARK = "prewarm: ignore"
_ALONE = re.compile(r"\s*(?:#|//|--|;|<!--|/\*)\s*prewarm: ignore\b")


def ignored_lines(text: str) -> frozenset[int]:
    """The numbers of the lines that a mark stands for, counted from 1."""
    if MARK not in text:
        return frozenset()
    lines = set()
    for number, line in enumerate(text.split("\n"), 1):
        if MARK in line:
            lines.add(number + 1 if _ALONE.match(line) else number)
    return frozenset(lines)


@dataclass(slots=True)
class MarkedFiles:
    """Files that remember the marks in everything that was read through them."""

    files: Files
    marks: dict[str, frozenset[int]] = field(default_factory=dict)

    def note(self, document: Document) -> None:
        """Remember the marks of a document."""
        if lines := ignored_lines(document.text):
            self.marks[document.path] = lines

    def read(self, path: str) -> Document | None:
        document = self.files.read(path)
        if document is not None:
            self.note(document)
        return document

    def names(self, folder: str) -> tuple[str, ...]:
        return self.files.names(folder)

    def hides(self, result: Result) -> bool:
        """Whether a mark asks for silence about a result."""
        if not isinstance(result, Finding | Unresolved):
            return False
        return result.place.line in self.marks.get(result.place.file, ())
