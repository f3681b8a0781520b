"""A reader's results as short lines for tables, with every place checked against the text."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import dedent

from prewarm.scan.finding import Class, Finding, Place, Result, Unresolved
from prewarm.scan.reader import Document, Inputs, Reader, Scope


@dataclass(frozen=True)
class Tree:
    """Files in memory, by path."""

    texts: Mapping[str, str] = field(default_factory=dict)

    def read(self, path: str) -> Document | None:
        path = posixpath.normpath(path)
        return Document(path, self.texts[path]) if path in self.texts else None

    def names(self, folder: str) -> tuple[str, ...]:
        start = "" if folder in ("", ".") else f"{posixpath.normpath(folder)}/"
        inside = {p[len(start) :].partition("/")[0] for p in self.texts if p.startswith(start)}
        return tuple(sorted(inside))


def results(
    read: Reader,
    text: str,
    path: str,
    files: Mapping[str, str] | None = None,
    inputs: Inputs | None = None,
) -> list[Result]:
    """What a reader yields, with each place checked to hold what it says."""
    texts = {name: dedent(content) for name, content in (files or {}).items()}
    texts[path] = dedent(text)
    scope = Scope(Tree(texts), inputs or Inputs())
    found = list(read(Document(path, texts[path]), scope))
    for result in found:
        if isinstance(result, (Finding, Unresolved)):
            _check_place(result.place, result.written, texts)
    return found


def shown(
    read: Reader,
    text: str,
    path: str,
    files: Mapping[str, str] | None = None,
    inputs: Inputs | None = None,
) -> list[str]:
    """The results of `results` as lines, in the order of their places."""
    found = results(read, text, path, files, inputs)
    placed = [r for r in found if isinstance(r, (Finding, Unresolved))]
    placed.sort(key=lambda r: (r.place.file != path, r.place, _line(r, path)))
    return [_line(r, path) for r in placed]


def _line(result: Finding | Unresolved, path: str) -> str:
    where = "" if result.place.file == path else f"{result.place.file}:"
    if isinstance(result, Unresolved):
        return f"? {result.written} | {where}{result.place.line}"
    class_ = "" if result.class_ is Class.PULL else f" ({result.class_.value})"
    platform = f" [{result.platform}]" if result.platform else ""
    guess = " ?" if result.guess else ""
    name = str(result.reference).removeprefix("docker.io/").removeprefix("library/")
    return f"{name} | {result.kind}{class_}{platform}{guess} | {where}{result.place.line}"


def _check_place(place: Place, written: str, texts: Mapping[str, str]) -> None:
    line = texts[place.file].split("\n")[place.line - 1]
    begin = written.split("\n", maxsplit=1)[0]
    assert line[place.column - 1 :].startswith(begin), (place, line, written)
