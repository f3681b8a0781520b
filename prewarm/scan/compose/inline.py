"""Places in a Dockerfile that stands inside of another file."""

from __future__ import annotations

from dataclasses import replace

from prewarm.scan.finding import Place, Result, Skipped


def located(result: Result, text: str, start: Place, lines: list[str]) -> Result:
    """A result of the Dockerfile `text` with its place in the file whose `lines` hold it.

    `start` is where the text begins there. Dollar signs may be doubled there.
    """
    if isinstance(result, Skipped):
        return result
    for written in (result.written, result.written.replace("$", "$$")):
        place = _place(result.place, written, text, start, lines)
        if place is not None:
            return replace(result, place=place, written=written)
    return replace(result, place=start)


def _place(place: Place, written: str, text: str, start: Place, lines: list[str]) -> Place | None:
    """Where `written` stands: in the line that `place` leads to, else in the first that has it."""
    blank = len(text) - len(text.lstrip("\n"))
    row = start.line - 1 + place.line - 1 - blank
    column = start.column - 1 + place.column - 1
    if row < len(lines) and lines[row].startswith(written, column):
        return Place(start.file, row + 1, column + 1)
    for number in (row, *range(start.line - 1, len(lines))):
        if number < len(lines) and written in lines[number]:
            return Place(start.file, number + 1, lines[number].index(written) + 1)
    return None
