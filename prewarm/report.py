"""Values to text and JSON; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prewarm.fetch import Outcome
from prewarm.layout import Entry, Image
from prewarm.scan.finding import Finding, Scan, Unresolved

_UNITS = ("B", "kB", "MB", "GB", "TB")


def format_size(size: float) -> str:
    """Bytes as people read them, in powers of ten: `12.3 MB`."""
    for unit in _UNITS:
        if size < 999.5 or unit == _UNITS[-1]:
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" or size >= 99.5 else f"{size:.1f} {unit}"


def format_table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A plain table, columns apart by two spaces."""
    from tabulate import tabulate  # noqa: PLC0415

    return tabulate(
        [[str(cell) for cell in row] for row in rows],
        [header.upper() for header in headers],
        tablefmt="plain",
        disable_numparse=True,
    )


def count(number: int, noun: str) -> str:
    """`1 image`, `2 images`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def scan_text(scan: Scan) -> str:
    """A scan as a table, then what could not be resolved and what was skipped."""
    parts = []
    rows = [
        (reference if i == 0 else "", use.place, use.kind, use.platform or "")
        for reference, uses in scan.images.items()
        for i, use in enumerate(uses)
    ]
    if rows:
        parts.append(format_table(("image", "where", "use", "platform"), rows))
    if scan.unresolved:
        lines = [f"  {u.place}  {u.written}  ({u.reason})" for u in scan.unresolved]
        parts.append("\n".join(("Not resolved:", *lines)))
    if scan.skipped:
        lines = [f"  {skipped.file}  ({skipped.reason})" for skipped in scan.skipped]
        parts.append("\n".join(("Not read:", *lines)))
    summary = f"{count(len(scan.images), 'image')} in {count(scan.files, 'file')}"
    return "\n\n".join((*parts, summary))


def scan_json(scan: Scan) -> dict[str, Any]:
    """A scan as data, version 1: `images` holds the pulls and the buildable."""
    return {
        "version": 1,
        "images": [
            {"reference": str(reference), "uses": [_use(use) for use in uses]}
            for reference, uses in scan.images.items()
        ],
        "unresolved": [_unresolved(item) for item in scan.unresolved],
        "skipped": [{"file": s.file, "reason": s.reason} for s in scan.skipped],
    }


def _use(use: Finding) -> dict[str, Any]:
    return {
        "file": use.place.file,
        "line": use.place.line,
        "column": use.place.column,
        "kind": use.kind,
        "written": use.written,
        "platform": use.platform,
        "class": use.class_.value,
    }


def _unresolved(item: Unresolved) -> dict[str, Any]:
    return {
        "written": item.written,
        "file": item.place.file,
        "line": item.place.line,
        "reason": item.reason,
        "variables": list(item.variables),
    }


def fetch_text(outcomes: Sequence[Outcome]) -> str:
    """The images of a run, one a line, and a sum."""
    rows = [
        (
            "failed" if o.error else "fetched" if o.moved else "held",
            o.reference,
            _short(o.root.digest) if o.root else "",
            format_size(o.moved),
            f"no {', '.join(map(str, o.absent))}" if o.absent else "",
        )
        for o in outcomes
    ]
    failed = sum(1 for o in outcomes if o.error)
    moved = format_size(sum(o.moved for o in outcomes))
    summary = f"{count(len(outcomes) - failed, 'image')} in the store, {moved} moved"
    if failed:
        summary += f", {failed} failed"
    table = format_table(("state", "image", "digest", "moved", ""), rows)
    return f"{table}\n\n{summary}"


def fetch_json(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The images of a run as data, version 1."""
    return {
        "version": 1,
        "images": [
            {
                "reference": str(o.reference),
                "digest": o.root.digest if o.root else None,
                "moved": o.moved,
                "held": o.held,
                "absent": [str(platform) for platform in o.absent],
                "error": str(o.error) if o.error else None,
            }
            for o in outcomes
        ],
    }


def ls_text(images: Sequence[tuple[Entry, Image]]) -> str:
    """What a store holds, one image a line."""
    rows = [
        (
            entry.name,
            _short(entry.descriptor.digest),
            format_size(image.size),
            ", ".join(map(str, image.platforms)),
            "" if image.whole else f"broken: {image.problems[0]}",
        )
        for entry, image in images
    ]
    blobs = {d.digest: d.size for _, i in images for d in (*i.manifests, *i.blobs)}
    summary = f"{count(len(images), 'image')}, {format_size(sum(blobs.values()))} on disk"
    if not rows:
        return summary
    table = format_table(("image", "digest", "size", "platforms", ""), rows)
    return f"{table}\n\n{summary}"


def ls_json(images: Sequence[tuple[Entry, Image]]) -> dict[str, Any]:
    """What a store holds as data, version 1."""
    return {
        "version": 1,
        "images": [
            {
                "name": entry.name,
                "digest": entry.descriptor.digest,
                "mediaType": entry.descriptor.media_type,
                "size": image.size,
                "platforms": [str(platform) for platform in image.platforms],
                "whole": image.whole,
                "problems": list(image.problems),
            }
            for entry, image in images
        ],
    }


def _short(digest: str) -> str:
    return digest[:19]
