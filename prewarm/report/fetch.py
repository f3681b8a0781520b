"""A run of fetch as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prewarm.fetch import Outcome
from prewarm.report.text import count, format_size, format_table, short_digest


def fetch_text(outcomes: Sequence[Outcome]) -> str:
    """The images of a run, one a line, and a sum."""
    rows = [
        (
            "failed" if o.error else "fetched" if o.moved else "held",
            o.reference,
            short_digest(o.root.digest) if o.root else "",
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
