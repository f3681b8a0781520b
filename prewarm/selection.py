"""Which tags of a repository are wanted: patterns, ranges of versions, the newest few; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from prewarm.oci import Platform
from prewarm.reference import Reference
from prewarm.versions import Range, Version


@dataclass(frozen=True, slots=True)
class Selection:
    """Tags of one repository: those that match a glob of `tags` (all, if there is none) and none of
    `exclude`, lie in `range`, and of those the `newest` few, one count for each variant.
    """

    repository: Reference
    tags: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    range: Range | None = None
    newest: int | None = None
    platforms: tuple[Platform, ...] = ()

    def choose(self, tags: Iterable[str]) -> list[Reference]:
        """The references wanted, of all tags that the repository has."""
        chosen = [tag for tag in tags if self._matches(tag)]
        if self.newest is not None:
            chosen = _newest(chosen, self.newest)
        repository = self.repository
        return [Reference(repository.host, repository.repository, tag) for tag in sorted(chosen)]

    def _matches(self, tag: str) -> bool:
        if self.tags and not _any(self.tags, tag):
            return False
        if _any(self.exclude, tag):
            return False
        version = Version.parse(tag)
        return self.range is None or (version is not None and version in self.range)


def _any(patterns: Sequence[str], tag: str) -> bool:
    return any(fnmatchcase(tag, pattern) for pattern in patterns)


def _newest(tags: list[str], count: int) -> list[str]:
    """The newest tags of each variant and precision: `1.27.3` and `1.27-alpine` do not compete."""
    groups: dict[tuple[str, int], list[tuple[Version, str]]] = {}
    for tag in tags:
        version = Version.parse(tag)
        if version is not None and version.released:
            groups.setdefault((version.variant, version.precision), []).append((version, tag))
    return [tag for group in groups.values() for _, tag in sorted(group)[-count:]]
