"""Timed pulls as text."""

from __future__ import annotations

from collections.abc import Sequence

from prewarm.bench import Timing
from prewarm.report.text import format_size, format_table


def comparison_text(cold: Sequence[Timing], warm: Sequence[Timing]) -> str:
    """Two series of pulls of the same images, side by side, and their sum."""
    rows = [
        (str(c.reference), format_size(c.size), *_seconds(c.seconds, w.seconds))
        for c, w in zip(cold, warm, strict=True)
    ]
    total = sum(c.seconds for c in cold), sum(w.seconds for w in warm)
    rows.append(("all", format_size(sum(c.size for c in cold)), *_seconds(*total)))
    return format_table(("image", "size", "cold", "warm", "faster"), rows)


def _seconds(cold: float, warm: float) -> tuple[str, str, str]:
    return f"{cold:.2f} s", f"{warm:.2f} s", f"{cold / warm:.0f}x"
