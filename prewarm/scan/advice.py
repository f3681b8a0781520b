"""What a reviewer should know about the images found: no tag, no digest, several versions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prewarm.reference import Reference
from prewarm.scan.finding import Finding, Place, Scan


@dataclass(frozen=True, slots=True)
class Advice:
    """One remark about one place; `code` is stable, for machines."""

    code: str
    place: Place
    message: str


def advise(scan: Scan, *, require_digest: bool = False) -> tuple[Advice, ...]:
    """All remarks about a scan, in the order of their places."""
    remarks = [
        remark
        for reference, uses in scan.images.items()
        for use in uses
        for remark in _about(reference, use, require_digest=require_digest)
    ]
    return tuple(sorted([*remarks, *_versions(scan)], key=lambda a: (a.place, a.code)))


def _about(reference: Reference, use: Finding, *, require_digest: bool) -> Iterator[Advice]:
    if reference.digest is None and reference.tag == "latest":
        message = f"{use.written}: no version is fixed, what it pulls changes from day to day"
        yield Advice("latest", use.place, message)
    if require_digest and reference.digest is None:
        yield Advice("no-digest", use.place, f"{use.written}: not pinned by a digest")


def _versions(scan: Scan) -> Iterator[Advice]:
    images = scan.images
    by_name: dict[str, list[Reference]] = {}
    for reference in images:
        by_name.setdefault(reference.name, []).append(reference)
    for name, references in by_name.items():
        if len(references) > 1:
            versions = ", ".join(
                reference.tag or reference.digest or "" for reference in references
            )
            place = min(use.place for use in images[references[0]])
            yield Advice(
                "several-versions", place, f"{name} is used in several versions: {versions}"
            )
