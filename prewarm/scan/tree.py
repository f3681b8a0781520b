"""The files under a root: which there are, which are ignored, and their text. Scan's only I/O."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pathspec import GitIgnoreSpec

from prewarm.scan.finding import Skipped
from prewarm.scan.reader import Document

MAX_FILE_SIZE = 16 * 1024 * 1024
"""Bytes. No file that people write to name images comes near it."""

_NEVER = {".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", ".tox"}


@dataclass(frozen=True, slots=True)
class Tree:
    """Files to scan: paths are shown relative to `base`; nothing outside of `boundary` is read.

    `starts` are the folders and files to look at, as paths relative to `base`.
    """

    base: Path
    starts: tuple[str, ...] = ("",)
    boundary: Path | None = None
    include: GitIgnoreSpec | None = None
    exclude: GitIgnoreSpec | None = None

    @classmethod
    def at(
        cls, paths: Sequence[Path], include: Sequence[str] = (), exclude: Sequence[str] = ()
    ) -> Tree:
        """The tree of some folders and files, shown relative to the folder that holds them all.

        It may read up to the repository's root, where there is one: compose files lead there.
        """
        real = [path.resolve() for path in paths]
        folders = [path if path.is_dir() else path.parent for path in real]
        base = Path(os.path.commonpath(folders))
        starts = (path.relative_to(base).as_posix() for path in real)
        return cls(
            base,
            tuple("" if start == "." else start for start in starts),
            _repository_of(base),
            GitIgnoreSpec.from_lines(include) if include else None,
            GitIgnoreSpec.from_lines(exclude) if exclude else None,
        )

    def paths(self, claims: Callable[[str], bool]) -> Iterator[str]:
        """The paths of all files that are claimed, in a stable order.

        A file that was named is among them whatever it is called and whatever ignores it.
        """
        for start in self.starts:
            if (self.base / start).is_dir():
                yield from self._walk(start, self._ignores_above(start), claims)
            else:
                yield start

    def _ignores_above(self, folder: str) -> tuple[tuple[str, GitIgnoreSpec], ...]:
        """The rules of the repository's folders above a start, outermost first."""
        place, found = (self.base / folder), []
        while place not in (self._limit, place.parent):
            place = place.parent
            if (place / ".gitignore").is_file():
                found.append(
                    (os.path.relpath(place, self.base), _read_ignores(place / ".gitignore"))
                )
        return tuple(reversed(found))

    @property
    def _limit(self) -> Path:
        return self.boundary or self.base

    def _walk(
        self,
        folder: str,
        ignores: tuple[tuple[str, GitIgnoreSpec], ...],
        claims: Callable[[str], bool],
    ) -> Iterator[str]:
        try:
            with os.scandir(self.base / folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:
            return
        names = {entry.name for entry in entries}
        if "oci-layout" in names:
            return  # a store of images, ours or another's: nobody wrote these files
        if ".gitignore" in names:
            ignores = (*ignores, (folder, _read_ignores(self.base / folder / ".gitignore")))
        for entry in entries:
            path = posixpath.join(folder, entry.name)
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _NEVER and not self._ignored(f"{path}/", ignores):
                    yield from self._walk(path, ignores, claims)
            elif self._wanted(path, claims) and not self._ignored(path, ignores):
                yield path

    def _wanted(self, path: str, claims: Callable[[str], bool]) -> bool:
        return claims(path) and (self.include is None or self.include.match_file(path))

    def _ignored(self, path: str, ignores: tuple[tuple[str, GitIgnoreSpec], ...]) -> bool:
        if self.exclude is not None and self.exclude.match_file(path):
            return True
        for folder, spec in reversed(ignores):
            below = posixpath.relpath(path, folder or ".") + ("/" if path.endswith("/") else "")
            verdict = spec.check_file(below).include
            if verdict is not None:
                return verdict
        return False

    def load(self, path: str) -> Document | Skipped:
        """The text of one file, or why it is not to be had."""
        place = self._inside(path)
        if place is None:
            return Skipped(path, "it leads out of the folder that is scanned")
        try:
            if not place.is_file():
                return Skipped(path, "not a regular file")
            if (size := place.stat().st_size) > MAX_FILE_SIZE:
                return Skipped(
                    path, f"{size} bytes are more than the {MAX_FILE_SIZE} that are read"
                )
            raw = place.read_bytes()
        except OSError as error:
            return Skipped(path, f"cannot be read: {error.strerror or error}")
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            return Document(path, raw.decode("utf-16", "replace"))
        if b"\0" in raw:
            return Skipped(path, "not a text: it holds NUL bytes")
        return Document(path, raw.decode("utf-8-sig", "replace"))

    def read(self, path: str) -> Document | None:
        loaded = self.load(posixpath.normpath(path))
        return loaded if isinstance(loaded, Document) else None

    def names(self, folder: str) -> tuple[str, ...]:
        place = self._inside(posixpath.normpath(folder or "."))
        try:
            return tuple(sorted(os.listdir(place))) if place else ()  # noqa: PTH208
        except OSError:
            return ()

    def _inside(self, path: str) -> Path | None:
        """Where a path really leads, or None when that is outside of the boundary."""
        folder, name = os.path.split(f"{self.base}/{path}")
        try:
            if name in ("", ".", ".."):
                place = os.path.realpath(f"{folder}/{name}")
            else:
                place = f"{_real_folder(folder)}/{name}"
                if os.path.islink(place):  # noqa: PTH114
                    place = os.path.realpath(place)
        except (OSError, ValueError):
            return None
        real = Path(place)
        return real if real.is_relative_to(self._limit) else None


@lru_cache(maxsize=4096)
def _real_folder(folder: str) -> str:
    """A folder without links; most files of a tree share theirs with others."""
    return os.path.realpath(folder)


def _repository_of(folder: Path) -> Path:
    """The nearest folder upwards with a `.git`, else the folder itself."""
    return next((p for p in (folder, *folder.parents) if (p / ".git").exists()), folder)


def _read_ignores(path: Path) -> GitIgnoreSpec:
    try:
        lines = path.read_text("utf-8", "replace").splitlines()[:10_000]
    except OSError:
        lines = []
    return GitIgnoreSpec.from_lines(lines)
