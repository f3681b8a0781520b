"""Reading a text as the Dockerfile `Dockerfile`, built on and for linux/amd64."""

from __future__ import annotations

from collections.abc import Mapping

from prewarm.oci import Platform
from prewarm.scan.dockerfile import Build, read_build
from prewarm.scan.finding import Finding, Result, Skipped, Unresolved
from prewarm.scan.reader import Document

AMD64 = Platform("linux", "amd64")


def read_text(
    text: str,
    args: Mapping[str, str] | None = None,
    target: str | None = None,
    platform: str = "linux/amd64",
    contexts: Mapping[str, str] | None = None,
) -> list[Result]:
    """What one build of a text gives."""
    build = Build(args or {}, target, Platform.parse(platform), contexts or {}, builder=AMD64)
    return list(read_build(Document("Dockerfile", text), build))


def images(results: list[Result]) -> list[str]:
    """The references of all findings, in order."""
    return [str(result.reference) for result in results if isinstance(result, Finding)]


def unresolved(results: list[Result]) -> list[Unresolved]:
    return [result for result in results if isinstance(result, Unresolved)]


def skipped(results: list[Result]) -> list[str]:
    """Why something was skipped, in order."""
    return [result.reason for result in results if isinstance(result, Skipped)]


def is_refused(results: list[Result]) -> bool:
    """Whether nothing of the file was read, its syntax left aside."""
    return any("the whole file" in reason for reason in skipped(results))
