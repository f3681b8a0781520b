"""What is really pulled where kustomizations lead to manifests: after all files have been read.

A manifest that some kustomization takes in is applied through it. So each kustomization that no
other one takes in is followed down, and what its `images`, and those on the way, make of the
manifests' images is reported at the entry that does it; an image that each way changes is not
reported as it stands in the manifest.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from prewarm.scan.finding import Finding, Place, Result, Skipped, Unresolved, found
from prewarm.scan.kustomize.entry import Entry
from prewarm.scan.kustomize.file import NAMES, Kustomization, is_kustomization, parse
from prewarm.scan.kustomize.patches import Container, Override, containers_in, overrides_in
from prewarm.scan.reader import Document, Files

ENTRY = "kustomize image"
"""The use that a finding at an entry of `images` has."""

_CHANGED = {"container", "init container"}
_CHANGED_BY_CONFIGURATION = _CHANGED | {"custom resource", "ephemeral container", "image volume"}


@dataclass(frozen=True, slots=True)
class Use:
    """An image on its way through kustomizations: what a manifest says, what it has become."""

    origin: Finding | Unresolved
    image: str
    entry: Entry | None = None


def settle(results: Sequence[Result], paths: Collection[str], files: Files) -> list[Result]:
    """All results of a tree with what kustomizations change put in its place."""
    known = {}
    for path in paths:
        if is_kustomization(path):
            document = files.read(path)
            kustomization = parse(document) if document is not None else None
            if kustomization is not None:
                known[path] = kustomization
    if not any(each.entries or each.patches for each in known.values()):
        return list(results)
    return list(_Settling(known, results, frozenset(paths), files).results())


class _Settling:
    def __init__(
        self,
        known: dict[str, Kustomization],
        results: Sequence[Result],
        paths: frozenset[str],
        files: Files,
    ) -> None:
        self._files = files
        self._containers: dict[str, dict[Place, Container]] = {}
        self._known = known
        self._results = results
        self._paths = paths
        self._by_file: dict[str, list[Finding | Unresolved]] = {}
        for result in results:
            if not isinstance(result, Skipped):
                self._by_file.setdefault(result.place.file, []).append(result)
        self._broken = {result.file for result in results if isinstance(result, Skipped)}
        self._uses: dict[str, list[Use]] = {}
        self._complete: dict[str, bool] = {}
        self._matched: set[Entry] = set()
        self._overridden: set[int] = set()

    def results(self) -> Iterator[Result]:
        """Everything that was said, but for what no way leaves as it is, and what results."""
        made: list[Result] = []
        changed: set[int] = set()
        kept: set[int] = set()
        for leaf in self._leaves():
            for use in self._built(leaf, ()):
                (kept if use.entry is None else changed).add(id(use.origin))
                if use.entry is not None:
                    made.append(_made(use, use.entry))
        entries = {entry.place for each in self._known.values() for entry in each.entries}
        for result in self._results:
            place = None if isinstance(result, Skipped) else result.place
            gone = id(result) in changed or id(result) in self._overridden
            if place not in entries and (not gone or id(result) in kept):
                yield result
        yield from made
        yield from self._alone()

    def _leaves(self) -> Iterator[str]:
        taken = {
            below
            for each in self._known.values()
            for path in (*each.resources, *each.components)
            for below in self._at(path)
            if below != each.path
        }
        yield from (path for path in self._known if path not in taken)

    def _at(self, path: str) -> Iterator[str]:
        """The kustomization in a folder, if there is one."""
        folder = "" if path == "." else path
        for name in NAMES:
            candidate = posixpath.join(folder, name)
            if candidate in self._known:
                yield candidate
                return

    def _built(self, path: str, above: tuple[str, ...]) -> list[Use]:
        """The images of what a kustomization builds. One that leads back to itself builds none."""
        if path in above:
            return []
        if path not in self._uses:
            each = self._known[path]
            inner = (*above, path)
            uses = [use for below in each.resources for use in self._taken(below, inner)]
            complete = each.complete and all(self._is_whole(below) for below in each.resources)
            for below in [at for component in each.components for at in self._at(component)]:
                part = self._known[below]
                uses += [use for at in part.resources for use in self._taken(at, inner)]
                uses = self._changed(self._patched(uses, part), part)
                self._complete[below] = complete and self._complete.get(below, True)
            self._complete[path] = complete
            self._uses[path] = self._changed(self._patched(uses, each), each)
        return self._uses[path]

    def _patched(self, uses: list[Use], by: Kustomization) -> list[Use]:
        """Without the images that patches replace, and with those that they set."""
        overrides: list[Override] = []
        added: list[Use] = []
        for patch in by.patches:
            document = self._files.read(patch.path) if patch.path else Document(by.path, patch.text)
            if document is not None:
                overrides += overrides_in(document, patch)
            added += self._file(patch.path) if patch.path else ()
        if any(not patch.path for patch in by.patches):
            added += [use for use in self._file(by.path) if _is_inline(use.origin)]
        kept: list[Use] = []
        for use in uses:
            if overrides and self._is_overridden(use, overrides):
                self._overridden.add(id(use.origin))
            else:
                kept.append(use)
        return [*kept, *added]

    def _is_overridden(self, use: Use, overrides: list[Override]) -> bool:
        place = use.origin.place
        if place.file not in self._containers:
            document = self._files.read(place.file)
            self._containers[place.file] = dict(containers_in(document)) if document else {}
        container = self._containers[place.file].get(place)
        return container is not None and any(each.matches(container) for each in overrides)

    def _taken(self, path: str, above: tuple[str, ...]) -> Iterator[Use]:
        for below in self._at(path):
            yield from self._built(below, above)
            return
        yield from self._file(path)

    def _file(self, path: str) -> Iterator[Use]:
        for result in self._by_file.get(path, ()):
            yield Use(result, result.written)

    def _is_whole(self, path: str) -> bool:
        for below in self._at(path):
            return self._complete.get(below, False)
        return path in self._paths and path not in self._broken

    def _changed(self, uses: list[Use], by: Kustomization) -> list[Use]:
        kinds = _CHANGED_BY_CONFIGURATION if by.any_field else _CHANGED
        return [self._apply(use, by.entries, kinds) for use in uses]

    def _apply(self, use: Use, entries: tuple[Entry, ...], kinds: Collection[str]) -> Use:
        kind = use.origin.kind if isinstance(use.origin, Finding) else ""
        if kind and kind not in kinds and not _is_inline(use.origin):
            return use
        for entry in entries:
            image = entry.apply(use.image)
            if image is not None:
                self._matched.add(entry)
            if image not in (None, use.image):
                use = Use(use.origin, image or "", entry)
        return use

    def _alone(self) -> Iterator[Result]:
        """Entries for images of manifests that are not here."""
        for path, each in self._known.items():
            if self._complete.get(path, False):
                continue
            for entry in each.entries:
                if entry not in self._matched:
                    yield from alone(entry)


def _is_inline(origin: Finding | Unresolved) -> bool:
    """Whether an image stands in a patch that is written in the kustomization itself."""
    return (
        isinstance(origin, Finding)
        and is_kustomization(origin.place.file)
        and origin.kind.endswith(" in a string")
    )


def alone(entry: Entry) -> Iterator[Result]:
    """What an entry says where the manifests that it is for cannot be seen."""
    if entry.alone:
        yield found(entry.alone, entry.place, ENTRY, written=entry.shown.value)
    elif entry.new_name:
        reason = "its tag stands in manifests that are not here: give newTag beside it"
        yield Unresolved(entry.shown.value, entry.place, reason)


def _made(use: Use, entry: Entry) -> Result:
    via = (use.origin.place,)
    result = found(use.image, entry.place, ENTRY, written=entry.shown.value, via=via)
    if isinstance(result, Finding) and isinstance(use.origin, Finding):
        return replace(result, class_=use.origin.class_)
    return result
