"""Tables of small trees and of what a scan of each says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prewarm.scan.finding import Class, Finding, Scan, Unresolved
from prewarm.scan.reader import Inputs
from prewarm.scan.scanner import Scanner
from prewarm.scan.tree import Tree


@dataclass(frozen=True)
class Case:
    """A tree's files by path, and the lines that a scan of it comes to."""

    name: str
    files: dict[str, str]
    says: tuple[str, ...]

    def scan(self, folder: Path) -> Scan:
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return Scanner(Inputs(), workers=1).scan(Tree.at([folder]))


def cases(folder: Path) -> list[Case]:
    """All cases of the tables in a folder."""
    return [
        _case(f"{path.stem}: {part}")
        for path in sorted(folder.glob("*.txt"))
        for part in path.read_text("utf-8").removeprefix("=== ").split("\n=== ")
        if part.strip()
    ]


def _case(text: str) -> Case:
    name, *sections = text.split("\n== ")
    files = {}
    for section in sections:
        title, _, body = section.partition("\n")
        files[title] = f"{body}\n" if body else ""
    says = files.pop("says", "")
    return Case(name.strip(), files, tuple(line for line in says.splitlines() if line.strip()))


def lines(scan: Scan) -> tuple[str, ...]:
    """What a scan says in the tables' form, sorted by place."""
    placed = sorted(_placed(scan), key=lambda result: (result.place, _line(result)))
    skipped = [f"skipped {each.file} | {each.reason}" for each in scan.skipped]
    return (*(_line(each) for each in placed), *skipped)


def _placed(scan: Scan) -> list[Finding | Unresolved]:
    return [*scan.findings, *scan.unresolved]


def _line(result: Finding | Unresolved) -> str:
    where = f"{result.place.file}:{result.place.line}"
    via = " ".join(f"< {place}" for place in result.via)
    if isinstance(result, Unresolved):
        names = " ".join(result.variables)
        return f"? {result.written} | {names} | {where} {via}".strip()
    class_ = "" if result.class_ is Class.PULL else f" ({result.class_.value})"
    return f"{result.reference} | {result.kind}{class_} | {where} {via}".strip()


def misplaced(case: Case, scan: Scan) -> list[str]:
    """The results whose place does not hold what they say is written there."""
    wrong = []
    for result in _placed(scan):
        line = case.files[result.place.file].split("\n")[result.place.line - 1]
        if not line[result.place.column - 1 :].startswith(result.written):
            wrong.append(f"{result.place}: {result.written!r} is not in {line!r}")
    return wrong
