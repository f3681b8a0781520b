"""A scan as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from prewarm.reference import Reference
from prewarm.report.text import count, format_table
from prewarm.scan.advice import Advice
from prewarm.scan.finding import Class, Finding, Scan, Unresolved


def scan_text(scan: Scan, remarks: Sequence[Advice] = ()) -> str:
    """A scan as a table, then what could not be resolved, what was skipped, and remarks."""
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
    if remarks:
        lines = [f"  {a.place}  {a.message}" for a in remarks]
        parts.append("\n".join(("Worth a look:", *lines)))
    summary = f"{count(len(scan.images), 'image')} in {count(scan.files, 'file')}"
    return "\n\n".join((*parts, summary))


def scan_list(scan: Scan) -> str:
    """The references alone, one a line."""
    return "\n".join(map(str, scan.images))


def why_text(scan: Scan, reference: Reference) -> str:
    """Every place that wants an image, and what led there; empty when nothing does."""
    uses = [
        use
        for found, uses in scan.images.items()
        for use in uses
        if reference in (found, replace(found, digest=None))
    ]
    lines = []
    for use in uses:
        path = " -> ".join(str(place) for place in (*use.via, use.place))
        lines.append(f"{path}  {use.kind}  {use.written}")
    return "\n".join(lines)


def scan_json(scan: Scan, remarks: Sequence[Advice] = ()) -> dict[str, Any]:
    """A scan as data, version 1 (`docs/schemas/scan.json`): `images` has pulls and buildable."""
    return {
        "version": 1,
        "images": [
            {"reference": str(reference), "uses": [_use(use) for use in uses]}
            for reference, uses in scan.images.items()
        ],
        "unresolved": [_unresolved(item) for item in scan.unresolved],
        "skipped": [{"file": s.file, "reason": s.reason} for s in scan.skipped],
        "others": [
            {"reference": str(finding.reference), "uses": [_use(finding)]}
            for finding in scan.findings
            if finding.class_ in (Class.PRODUCT, Class.LOCAL)
        ],
        "advice": [
            {"code": a.code, "file": a.place.file, "line": a.place.line, "message": a.message}
            for a in remarks
        ],
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
        "via": [str(place) for place in use.via],
        "guess": use.guess,
    }


def _unresolved(item: Unresolved) -> dict[str, Any]:
    return {
        "written": item.written,
        "file": item.place.file,
        "line": item.place.line,
        "reason": item.reason,
        "variables": list(item.variables),
    }
