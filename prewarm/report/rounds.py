"""One round of a fetch that runs again and again: what is new, what moved, and a sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prewarm.fetch import Outcome, Wanted
from prewarm.report.text import count, format_size, short_digest


def round_text(outcomes: Sequence[Outcome], before: Mapping[str, str], time: str) -> str:
    """A line for each image that changed and a sum; `before` has the digests by name."""
    lines = [line for outcome in outcomes if (line := _change(outcome, before))]
    failed = sum(1 for outcome in outcomes if outcome.error)
    moved = format_size(sum(outcome.moved for outcome in outcomes))
    summary = f"{time} {count(len(outcomes) - failed, 'image')} in the store"
    summary += f", {len(lines)} changed, {moved} moved"
    return "\n".join((*lines, summary + (f", {failed} failed" if failed else "")))


def _change(outcome: Outcome, before: Mapping[str, str]) -> str:
    if outcome.error or outcome.root is None:
        return ""
    old, new = before.get(Wanted(outcome.reference).name), outcome.root.digest
    if old is None:
        return f"new    {outcome.reference} {short_digest(new)}"
    if old != new:
        return f"moved  {outcome.reference} {short_digest(old)} -> {short_digest(new)}"
    return f"filled {outcome.reference} {format_size(outcome.moved)}" if outcome.moved else ""
