"""Texts as Markdown that no file's content can break out of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from prewarm.report.text import count
from prewarm.scan.advice import Advice
from prewarm.scan.finding import Finding, Scan


def scan_markdown(scan: Scan, remarks: Sequence[Advice]) -> str:
    """A scan as a table of images, with lists of what needs a look."""
    rows = [
        (code(str(reference)), ", ".join(code(str(use.place)) for use in uses), _kinds(uses))
        for reference, uses in scan.images.items()
    ]
    parts = [f"### {count(len(scan.images), 'image')} in {count(scan.files, 'file')}"]
    if rows:
        parts.append(table(("Image", "Where", "Use"), rows))
    parts += _list(
        "Not resolved",
        (f"{code(str(u.place))} {code(u.written)}: {plain(u.reason)}" for u in scan.unresolved),
    )
    parts += _list("Not read", (f"{code(s.file)}: {plain(s.reason)}" for s in scan.skipped))
    parts += _list("Worth a look", (f"{code(str(a.place))} {plain(a.message)}" for a in remarks))
    return "\n\n".join(parts)


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; its cells are Markdown already."""
    lines = [headers, ["---"] * len(headers), *rows]
    cells = ([cell.replace("|", r"\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def code(text: str) -> str:
    """Text from outside as a code span, whatever it holds."""
    text = " ".join(text.split())
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}" if longest else f"`{text}`"


def plain(text: str) -> str:
    """Text from outside as plain text: no mark-up, no mention, no link."""
    text = " ".join(text.split())
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", text).replace("@", "@\u200b")


def _kinds(uses: Sequence[Finding]) -> str:
    return plain(", ".join(dict.fromkeys(use.kind for use in uses)))


def _list(title: str, items: Iterable[str]) -> list[str]:
    lines = [f"* {item}" for item in items]
    return [f"**{title}**\n\n" + "\n".join(lines)] if lines else []
