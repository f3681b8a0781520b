"""The table of traps: small projects, and what is to be said of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prewarm.scan.finding import Class, Finding, Result, Skipped
from prewarm.scan.formats import format_of, reader_of
from prewarm.scan.reader import Inputs, Scope
from prewarm.scan.tree import Tree


@dataclass(frozen=True)
class Trap:
    """One project: its files, how it is looked at, and the lines that are expected."""

    name: str
    files: dict[str, str]
    says: tuple[str, ...]
    options: dict[str, str]

    @property
    def start(self) -> str:
        """The file that is read: the one that is named, else the last."""
        return self.options.get("start") or list(self.files)[-1]

    @property
    def refused(self) -> bool:
        """Whether compose-go refuses the project as a whole."""
        return "refused" in self.options

    @property
    def environment(self) -> dict[str, str]:
        pairs = (pair.partition("=") for pair in self.options.get("env", "").split())
        return {name: value for name, _, value in pairs}

    def write(self, folder: Path) -> None:
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")


def traps(folder: Path) -> list[Trap]:
    """All of the tables in a folder, one family a file."""
    return [
        _trap(f"{path.stem}: {part}")
        for path in sorted(folder.glob("*.txt"))
        for part in path.read_text("utf-8").removeprefix("=== ").split("\n=== ")
        if part.strip()
    ]


def _trap(text: str) -> Trap:
    head, *sections = text.split("\n== ")
    name, *options = head.splitlines()
    files = {}
    for section in sections:
        title, _, body = section.partition("\n")
        files[title] = f"{body}\n" if body else ""
    says = tuple(line for line in files.pop("says").splitlines() if line.strip())
    pairs = (option.partition(": ") for option in options)
    return Trap(name, files, says, {key: value for key, _, value in pairs})


def said(trap: Trap, folder: Path) -> list[Result]:
    """What the reader says of the file that the trap starts with."""
    tree = Tree.at([folder])
    document = tree.load(trap.start)
    assert not isinstance(document, Skipped)
    profiles = tuple(trap.options.get("profiles", "").split())
    inputs = Inputs(environ=trap.environment, profiles=profiles)
    format_ = format_of(trap.start)
    module = format_.module if format_ and format_.module != "yamlfile" else "compose"
    return list(reader_of(module)(document, Scope(tree, inputs)))


def difference(trap: Trap, folder: Path) -> tuple[list[str], list[str]]:
    """The lines of the table that nothing stands for, and the results that stand in no line."""
    open_lines, surplus = list(trap.says), []
    for result in said(trap, folder):
        fitting = [line for line in trap.says if matches(line, result, trap.start)]
        still_open = [line for line in fitting if line in open_lines]
        if still_open:
            open_lines.remove(still_open[0])
        elif not fitting:
            surplus.append(str(result))
    return open_lines, surplus


def matches(line: str, result: Result, start: str) -> bool:
    """Whether a line of the table stands for a result; what it leaves out may be anything."""
    expected = [part.strip() for part in line.split("|")]
    if expected[0] == "skipped":
        return (
            isinstance(result, Skipped)
            and result.file == expected[1]
            and result.reason.startswith(expected[2])
        )
    if isinstance(result, Skipped):
        return False
    file, _, number = expected[2].rpartition(":")
    if (result.place.file, result.place.line) != (file or start, int(number)):
        return False
    if not isinstance(result, Finding):
        names = tuple(expected[3].split()) if len(expected) > 3 else ()
        named = (line.split("|")[1][1:-1], names)
        return expected[0] == "unresolved" and named == (result.written, result.variables)
    actual = (str(result.reference), result.kind, str(result.place.column))
    platform = expected[4] if len(expected) > 4 else ""
    class_ = expected[5] if len(expected) > 5 else ""
    return (
        expected[0] == actual[0]
        and expected[1] == actual[1]
        and (len(expected) < 4 or expected[3] == actual[2])
        and (not platform or platform == result.platform)
        and Class(class_ or result.class_) == result.class_
    )
