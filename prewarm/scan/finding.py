"""What a scan says: findings, what could not be resolved, what was skipped, each with its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from prewarm.errors import UsageError
from prewarm.reference import Reference


class Class(str, Enum):
    """What becomes of an image that a file names."""

    PULL = "pull"
    """It is pulled."""
    BUILDABLE = "buildable"
    """It is built by the file that names it, and pulled first where a registry has it."""
    PRODUCT = "product"
    """It is only ever made here, never pulled."""
    LOCAL = "local"
    """It never leaves the machine."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a text stands: the file as shown (posix, relative), line and column from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One image that one line asks for.

    `written` is the text as the file has it, `kind` the use in plain words ("base image",
    "service", "init container"), `platform` the one that the file names, `via` the places that
    led here (a compose file's build section), outermost first; `guess` marks low confidence.
    """

    reference: Reference
    place: Place
    kind: str
    written: str
    platform: str | None = None
    class_: Class = Class.PULL
    via: tuple[Place, ...] = ()
    guess: bool = False


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A line that asks for an image which cannot be named: why, and which variables would help."""

    written: str
    place: Place
    reason: str
    variables: tuple[str, ...] = ()
    via: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file, or a part of one, that was not read, and why."""

    file: str
    reason: str


Result = Finding | Unresolved | Skipped


def found(
    name: str,
    place: Place,
    kind: str,
    *,
    written: str | None = None,
    platform: str | None = None,
    class_: Class = Class.PULL,
    via: tuple[Place, ...] = (),
    guess: bool = False,
) -> Finding | Unresolved:
    """The finding for an image's resolved name, or why that name is none.

    `name` is what the client would be asked to pull; `written` the file's own text where
    variables made the two differ.
    """
    shown = name if written is None else written
    try:
        reference = Reference.parse(name)
    except UsageError as error:
        return Unresolved(shown, place, error.problem, via=via)
    return Finding(reference, place, kind, shown, platform, class_, via, guess)


@dataclass(frozen=True, slots=True)
class Scan:
    """All that a scan said, sorted and without repetition."""

    findings: tuple[Finding, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    files: int = field(default=0, compare=False)

    @property
    def images(self) -> dict[Reference, tuple[Finding, ...]]:
        """What may be pulled (the pulls and the buildable), by reference, in order."""
        by_reference: dict[Reference, list[Finding]] = {}
        for finding in self.findings:
            if finding.class_ in (Class.PULL, Class.BUILDABLE):
                by_reference.setdefault(finding.reference, []).append(finding)
        return {key: tuple(by_reference[key]) for key in sorted(by_reference, key=str)}


def collect(results: list[Result], files: int = 0) -> Scan:
    """Sort results into a Scan; what a file leaves open is resolved by one that leads to it."""
    findings = {_finding_key(r): r for r in results if isinstance(r, Finding)}
    resolved = {finding.place for finding in findings.values() if finding.via}
    unresolved = {
        (r.place, r.written): r
        for r in results
        if isinstance(r, Unresolved) and (r.via or r.place not in resolved)
    }
    skipped = {r for r in results if isinstance(r, Skipped)}
    return Scan(
        tuple(findings[key] for key in sorted(findings)),
        tuple(unresolved[key] for key in sorted(unresolved)),
        tuple(sorted(skipped, key=lambda s: (s.file, s.reason))),
        files,
    )


def _finding_key(finding: Finding) -> tuple[str, Place, str, str, str]:
    return (
        str(finding.reference),
        finding.place,
        finding.kind,
        finding.class_.value,
        finding.platform or "",
    )
