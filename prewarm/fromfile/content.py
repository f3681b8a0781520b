"""What a list of images says: fixed images, rules over the tags of repositories, and remarks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from prewarm.errors import UsageError
from prewarm.oci import Platform
from prewarm.reference import Reference
from prewarm.scan.finding import Place
from prewarm.scan.values import Mapping, Sequence, Text, Value, get, scalar
from prewarm.versions import Range, Version


@dataclass(frozen=True, slots=True)
class Listed:
    """One image with a tag or a digest; no platforms means those that are wanted anyway."""

    reference: Reference
    platforms: tuple[Platform, ...] = ()


@dataclass(frozen=True, slots=True)
class TagRules:
    """Tags of one repository: those that an expression of `allow` finds (all, if there is none),
    none of `deny` does, and that are plain versions in one of `ranges`, if there are any.
    """

    repository: Reference
    allow: tuple[re.Pattern[str], ...] = ()
    deny: tuple[re.Pattern[str], ...] = ()
    ranges: tuple[Range, ...] = ()
    platforms: tuple[Platform, ...] = ()

    def choose(self, tags: Iterable[str]) -> list[Reference]:
        """The references wanted, of all tags that the repository has."""
        repository = self.repository
        chosen = sorted(tag for tag in tags if self._matches(tag))
        return [Reference(repository.host, repository.repository, tag) for tag in chosen]

    def _matches(self, tag: str) -> bool:
        if self.allow and not any(pattern.search(tag) for pattern in self.allow):
            return False
        if any(pattern.search(tag) for pattern in self.deny):
            return False
        version = Version.parse(tag) if self.ranges else None
        if version is None or version.variant:
            return not self.ranges
        return any(version in versions for versions in self.ranges)


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that one list says; `notes` are what of it is not obeyed, with the place."""

    images: tuple[Listed, ...] = ()
    rules: tuple[TagRules, ...] = ()
    notes: tuple[str, ...] = ()


def wrong(place: Place, key: str, problem: str, remedy: str = "") -> UsageError:
    """The error for a key of a list."""
    return UsageError(place, f"{key} {problem}", remedy)


def reference_at(text: str, place: Place, key: str) -> Reference:
    """A reference that stands at a place; raises UsageError naming it."""
    try:
        return Reference.parse(text)
    except UsageError as error:
        raise wrong(place, key, f"{error.subject} is {error.problem}", error.remedy) from error


def repository_at(text: str, place: Place, key: str) -> Reference:
    """A repository, without tag and digest, that stands at a place."""
    if "@" in text or ":" in text.rpartition("/")[2]:
        raise wrong(place, key, f"{text!r} is not a repository", "leave out tag and digest")
    return reference_at(text, place, key)


def pattern_at(value: Value | None, key: str, *, whole: bool) -> re.Pattern[str]:
    """A regular expression, as Go has them, for a `whole` tag or for any part of it."""
    text = text_at(value, key)
    try:
        if "[[:" in text.value:
            raise ValueError("classes such as [[:alpha:]] are not known")
        return re.compile(f"^(?:{text.value})$" if whole else text.value, re.ASCII)
    except (re.error, ValueError, RecursionError, OverflowError) as error:
        problem = f"{text.value!r} is not a regular expression: {error}"
        raise wrong(text.place, key, problem) from error


def range_at(value: Value | None, key: str) -> Range:
    """A range of versions."""
    text = text_at(value, key)
    try:
        return Range.parse(text.value)
    except UsageError as error:
        raise wrong(text.place, key, f"{text.value!r} is {error.problem}", error.remedy) from error


def platform_at(value: Value | None, key: str) -> Platform:
    """A platform."""
    text = text_at(value, key)
    try:
        return Platform.parse(text.value)
    except UsageError as error:
        raise wrong(text.place, key, f"{text.value!r} is {error.problem}", error.remedy) from error


def text_at(value: Value | None, key: str) -> Text:
    """A scalar; raises UsageError for anything else."""
    text = scalar(value)
    if text is not None:
        return text
    raise wrong(value.place if value else Place("", 1, 1), key, "must be a text")


def list_at(value: Value, key: str) -> tuple[Value, ...]:
    """The elements of the list under a key, none where there is none; raises UsageError."""
    found = get(value, key)
    if found is None:
        return ()
    if not isinstance(found, Sequence):
        raise wrong(found.place, key, "must be a list")
    return found.items


def mapping_at(value: Value, key: str) -> Mapping:
    """A mapping; raises UsageError for anything else."""
    if isinstance(value, Mapping):
        return value
    raise wrong(value.place, key, "must be a mapping")
