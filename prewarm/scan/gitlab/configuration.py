"""A pipeline's configuration: a file with all that it includes from the same repository."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import translate
from functools import lru_cache

from prewarm.scan.finding import Place, Skipped
from prewarm.scan.gitlab.inputs import declared, put
from prewarm.scan.reader import Document, Files
from prewarm.scan.values import Mapping, Sequence, Text, Value, elements, entries, get, merged, text
from prewarm.scan.yamlvalues import load

ENTRY = ".gitlab-ci.yml"
_MAX_INCLUDES = 150
_ELSEWHERE = ("remote", "template", "project", "component")


@dataclass(slots=True)
class Configuration:
    """What GitLab would make one pipeline of; `paths` are the files that it came from."""

    root: Value
    paths: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def configuration(
    document: Document, files: Files, project: str, given: Value | None = None
) -> Configuration:
    """A file's own configuration over those it includes; `project` is the repository's folder."""
    whole = Configuration(Mapping({}, {}, _start(document)))
    whole.root = _Loading(files, project, whole).read(document, given)
    return whole


def project_of(path: str, files: Files) -> str:
    """The folder that `/` means in a file's includes: the nearest one that has the entry file."""
    folder = posixpath.dirname(path)
    while folder:
        if ENTRY in files.names(folder):
            return folder
        folder = posixpath.dirname(folder)
    return ""


@dataclass(slots=True)
class _Loading:
    """One pipeline while its files are read."""

    files: Files
    project: str
    whole: Configuration

    def read(self, document: Document, given: Value | None) -> Value:
        self.whole.paths.append(document.path)
        loaded = _loaded(document)
        self.whole.skipped.extend(root for root in loaded if isinstance(root, Skipped))
        roots = [root for root in loaded if not isinstance(root, Skipped)]
        spec = get(roots[0], "spec") if len(roots) > 1 else None
        if spec is not None:
            roots = [put(roots[1], declared(spec, given))]
        result: Value = Mapping({}, {}, _start(document))
        for root in roots[:1]:
            for included in self._included(get(root, "include"), document):
                result = merged(result, included)
            result = merged(result, root)
        return result

    def _included(self, include: Value | None, document: Document) -> Iterator[Value]:
        listed = elements(include) if isinstance(include, Sequence) else [include]
        for entry in listed:
            for path in self._paths(entry, document):
                if path in self.whole.paths or len(self.whole.paths) > _MAX_INCLUDES:
                    continue
                included = self.files.read(path)
                if included is not None:
                    yield self.read(included, get(entry, "inputs"))

    def _paths(self, entry: Value | None, document: Document) -> Iterator[str]:
        local = text(entry) or text(get(entry, "local"))
        if local is None:
            self._skip(entry, document)
        elif local.value.startswith(("https://", "http://")):
            self._skip(local, document)
        else:
            yield from self.local(local, document)

    def local(self, local: Text, document: Document) -> Iterator[str]:
        """The paths that an include of this repository means; `*` and `**` are expanded."""
        path = posixpath.normpath(posixpath.join(self.project, local.value.strip().lstrip("/")))
        paths = [path] if "*" not in path else list(_glob(path, self.files))
        if "$" in path or not any(self.files.read(each) for each in paths):
            problem = f"line {local.place.line}: there is no {local.value} to include"
            self.whole.skipped.append(Skipped(document.path, problem))
        yield from paths

    def _skip(self, entry: Value | None, document: Document) -> None:
        if entry is None:
            return
        named = (text(get(entry, key)) for key in _ELSEWHERE)
        what = entry if isinstance(entry, Text) else next((n for n in named if n), None)
        shown = f" {what.value}" if what else ""
        problem = f"includes{shown}, which is not in this repository and was not read"
        reason = f"line {entry.place.line}: {problem}"
        self.whole.skipped.append(Skipped(document.path, reason))


@lru_cache(maxsize=256)
def _loaded(document: Document) -> tuple[Value | Skipped, ...]:
    return tuple(load(document))


def paths_from(entry: Document, files: Files, project: str) -> set[str]:
    """The files of this repository that are read with the entry file, by whatever way."""
    found: set[str] = set()
    pending = [entry]
    while pending and len(found) < _MAX_INCLUDES:
        document = pending.pop()
        if document.path in found:
            continue
        found.add(document.path)
        loading = _Loading(files, project, Configuration(Mapping({}, {}, _start(document))))
        for root in _loaded(document):
            if isinstance(root, Skipped):
                continue
            jobs = [get(job, "trigger", "include") for _, job in entries(root)]
            for include in (get(root, "include"), *jobs):
                for local in _locals(include):
                    named = (files.read(path) for path in loading.local(local, document))
                    pending.extend(each for each in named if each is not None)
    return found


def _locals(include: Value | None) -> Iterator[Text]:
    """The includes of the same repository in an `include`, a list of them or one alone."""
    listed = elements(include) if isinstance(include, Sequence) else [include]
    for entry in listed:
        local = text(entry) or text(get(entry, "local"))
        if local is not None and not local.value.startswith(("https://", "http://")):
            yield local


def children(job: Value, document: Document, files: Files, project: str) -> Iterator[Document]:
    """The files of this repository that a job starts as a pipeline of their own."""
    loading = _Loading(files, project, Configuration(Mapping({}, {}, _start(document))))
    for local in _locals(get(job, "trigger", "include")):
        for path in loading.local(local, document):
            child = files.read(path)
            if child is not None:
                yield child


def _glob(pattern: str, files: Files) -> Iterator[str]:
    """The files that match; `**` stands for any number of folders, `*` for one name's part."""
    fixed = pattern.partition("*")[0].rpartition("/")[0]
    parts = [".*" if part == "**" else _segment(part) for part in pattern.split("/")]
    matcher = re.compile("/".join(parts).replace(".*/", "(?:.*/)?"))
    pending = [fixed]
    while pending:
        folder = pending.pop(0)
        for name in files.names(folder):
            path = posixpath.join(folder, name)
            if matcher.fullmatch(path):
                yield path
            elif "**" in pattern or path.count("/") < pattern.count("/"):
                pending.append(path)


def _segment(part: str) -> str:
    return re.sub(r"^\(\?s:(.*)\)\\[Zz]$", r"\1", translate(part)).replace(".*", "[^/]*")


def _start(document: Document) -> Place:
    return Place(document.path, 1, 1)
