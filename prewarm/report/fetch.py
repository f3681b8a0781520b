"""A run of fetch as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prewarm.errors import TransferError
from prewarm.fetch import Cost, Estimate, Outcome
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
                "seconds": round(o.seconds, 3),
                "error": str(o.error) if o.error else None,
                "phase": o.phase or None,
                "status": o.error.status if isinstance(o.error, TransferError) else None,
            }
            for o in outcomes
        ],
    }


def cost_text(cost: Cost, quotas: Sequence[tuple[str, str]]) -> str:
    """What a fetch would cost, a line an image; `quotas` are hosts and what they say."""
    rows = [_cost_row(estimate, cost) for estimate in cost.estimates]
    parts = [format_table(("image", "blobs", "to come", "held", "pulls"), rows)]
    to_come = sum(blob.size for blob in cost.missing)
    held = sum(blob.size for blob in cost.held)
    summary = (
        f"{count(len(cost.missing), 'blob')} to come, {format_size(to_come)}; "
        f"{format_size(held)} held; {count(cost.pulls, 'pull')} that count"
    )
    if cost.unknown:
        summary += f"; {count(cost.unknown, 'image')} not looked into, for that would be a pull"
    return "\n".join((*parts, "", summary, *(f"{host}: {said}" for host, said in quotas)))


def cost_json(cost: Cost, quotas: dict[str, Any]) -> dict[str, Any]:
    """What a fetch would cost as data, version 1; sums count every blob once."""
    return {
        "version": 1,
        "images": [
            {
                "reference": str(e.wanted.reference),
                "digest": e.plan.root.digest if e.plan else None,
                "blobs": len(e.plan.blobs) if e.plan else None,
                "bytes": _missing(e, cost) if e.plan else None,
                "held": _held(e, cost) if e.plan else None,
                "pulls": e.pulls,
                "error": str(e.error) if e.error else None,
            }
            for e in cost.estimates
        ],
        "blobs": len(cost.missing),
        "bytes": sum(blob.size for blob in cost.missing),
        "held": sum(blob.size for blob in cost.held),
        "pulls": cost.pulls,
        "unknown": cost.unknown,
        "quotas": quotas,
    }


def _cost_row(estimate: Estimate, cost: Cost) -> tuple[object, ...]:
    reference, pulls = estimate.wanted.reference, estimate.pulls or ""
    if estimate.plan is None:
        return reference, "failed" if estimate.error else "not known", "", "", pulls
    sizes = format_size(_missing(estimate, cost)), format_size(_held(estimate, cost))
    return reference, len(estimate.plan.blobs), *sizes, pulls


def _missing(estimate: Estimate, cost: Cost) -> int:
    blobs = estimate.plan.blobs if estimate.plan else ()
    return sum(blob.size for blob in blobs if blob in cost.missing)


def _held(estimate: Estimate, cost: Cost) -> int:
    blobs = estimate.plan.blobs if estimate.plan else ()
    return sum(blob.size for blob in blobs if blob not in cost.missing)
