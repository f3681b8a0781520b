"""The pieces that every text is made of: sizes, counts, tables."""

from __future__ import annotations

from collections.abc import Sequence

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


def short_digest(digest: str) -> str:
    """The beginning of a digest, as people compare them."""
    return digest[:19]
