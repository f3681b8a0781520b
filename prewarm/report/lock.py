"""What a lock says, lacks, and how it moved, as text."""

from __future__ import annotations

from collections.abc import Iterator

from prewarm.lockfile import Difference, Lock, Locked
from prewarm.oci import Descriptor
from prewarm.report.text import count, short_digest


def difference_text(difference: Difference, name: str) -> str:
    """What files and lock disagree about, one line each, with file:line where there is one."""
    lines = [
        f"{', '.join(places) or 'asked for'}: {reference} is not in {name}"
        for reference, places in difference.missing.items()
    ]
    lines += [
        f"{name}: {image.reference} is asked for nowhere (it was by {', '.join(image.used_by)})"
        if image.used_by
        else f"{name}: {image.reference} is asked for nowhere"
        for image in difference.surplus
    ]
    return "\n".join(lines)


def moves_text(before: Lock, after: Lock) -> str:
    """What changed between two locks: new, gone and moved images, and a sum."""
    lines = list(_moves(before, after))
    summary = f"{count(len(after.images), 'image')} locked"
    return "\n".join((*lines, summary))


def _moves(before: Lock, after: Lock) -> Iterator[str]:
    for reference, image in after.images.items():
        old = before.images.get(reference)
        if old is None:
            yield f"new    {reference}  {short_digest(image.root.digest)}"
        elif old.root.digest != image.root.digest:
            yield (
                f"moved  {reference}  {short_digest(old.root.digest)} -> "
                f"{short_digest(image.root.digest)}{_of_platforms(old, image)}"
            )
    for reference in before.images:
        if reference not in after.images:
            yield f"gone   {reference}"


def _of_platforms(old: Locked, new: Locked) -> str:
    """Which platforms a move touched, where both sides list some."""
    were, are = _by_platform(old), _by_platform(new)
    if not were or not are:
        return ""
    changes = [p for p in are if p in were and were[p] != are[p]]
    added, lost = [p for p in are if p not in were], [p for p in were if p not in are]
    parts = (("changed", changes), ("added", added), ("lost", lost))
    told = [f"{verb} {', '.join(platforms)}" for verb, platforms in parts if platforms]
    return f"  ({'; '.join(told)})" if told else ""


def _by_platform(image: Locked) -> dict[str, str]:
    platforms: tuple[Descriptor, ...] = image.platforms
    return {str(d.platform): d.digest for d in platforms}
