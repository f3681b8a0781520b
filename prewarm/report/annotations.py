"""A scan's remarks as the workflow commands that GitHub shows beside the lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prewarm.scan.advice import Advice
from prewarm.scan.finding import Place, Scan


def scan_annotations(scan: Scan, remarks: Sequence[Advice]) -> str:
    """One command a line; empty when there is nothing to say."""
    return "\n".join(_commands(scan, remarks))


def _commands(scan: Scan, remarks: Sequence[Advice]) -> Iterator[str]:
    for item in scan.unresolved:
        yield _command(
            "warning", "image not resolved", f"{item.written}: {item.reason}", item.place
        )
    for skipped in scan.skipped:
        yield _command("notice", "file not read", skipped.reason, Place(skipped.file, 1, 1))
    for remark in remarks:
        yield _command("notice", remark.code, remark.message, remark.place)


def _command(level: str, title: str, message: str, place: Place) -> str:
    where = f"file={_property(place.file)},line={place.line},col={place.column}"
    return f"::{level} {where},title={_property(title)}::{_text(message)}"


def _text(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _text(text).replace(":", "%3A").replace(",", "%2C")
