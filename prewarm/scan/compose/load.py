"""Compose files to one model of services and jobs: documents, overrides and `include`."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from prewarm.scan.compose import dotenv
from prewarm.scan.compose.extends import Part, extend_all
from prewarm.scan.compose.merge import canonical, cleared_container, merge_containers, merge_models
from prewarm.scan.compose.nodes import SECTIONS, NodeReader, cleared
from prewarm.scan.compose.paths import is_remote, join
from prewarm.scan.compose.values import (
    KeyPath,
    Leaf,
    Refused,
    Table,
    Value,
    items,
    leaf,
    plain,
    table,
)
from prewarm.scan.finding import Place, Skipped
from prewarm.scan.reader import Files
from prewarm.scan.yamltext import YamlDocument, parse

_MAX_READS = 500


@dataclass(frozen=True, slots=True)
class Source:
    """How a file is read: the variables, the folder of its relative paths, who includes it."""

    environment: Mapping[str, str]
    folder: str
    included: tuple[str, ...] = ()


@dataclass(slots=True)
class Loader:
    """Loads projects from one tree; what could not be read is collected in `skipped`."""

    files: Files
    skipped: list[Skipped] = field(default_factory=list)
    _parsed: dict[str, tuple[list[str], list[YamlDocument]]] = field(default_factory=dict)
    _parts: dict[tuple[str, int], Part] = field(default_factory=dict)
    _reads: int = 0

    def load(self, paths: Iterable[str], source: Source) -> Table:
        """The model of files laid over each other."""
        model: Table = {}
        for path in paths:
            for document in self._documents(path, source.environment, source.folder):
                try:
                    model = self._add(model, document, source)
                except Refused as refused:
                    self.skip(path, str(refused))
        return _with_contexts(model, source.folder)

    def name(self, paths: Iterable[str], environment: Mapping[str, str]) -> str:
        """The name that files give to their project; the last one counts."""
        found = ""
        for document in (d for path in paths for d in self._documents(path, environment, "")):
            try:
                name = leaf(document.top("name"))
            except Refused:
                continue
            found = (name.text if name else "") or found
        return found

    def skip(self, path: str, reason: str) -> None:
        """Note what could not be read."""
        self.skipped.append(Skipped(path, reason))

    def part(self, path: str, environment: Mapping[str, str]) -> Part:
        """What another file brings to `extends`: neither its includes nor its own extends."""
        key = (path, id(environment))
        if key not in self._parts:
            model: Table = {}
            clear: tuple[KeyPath, ...] = ()
            for document in self._documents(path, environment, posixpath.dirname(path)):
                own = {name: document.containers(name) for name in SECTIONS}
                clear = document.cleared()
                model = canonical(merge_models(cleared(model, clear), own))
            self._parts[key] = Part(path, model, clear)
        return self._parts[key]

    def _documents(
        self, path: str, environment: Mapping[str, str], folder: str
    ) -> Iterator[NodeReader]:
        self._reads += 1
        if self._reads > _MAX_READS:
            self.skip(path, f"more than {_MAX_READS} files are included or extended")
            return
        if path not in self._parsed:
            document = self.files.read(path)
            if document is None:
                self.skip(path, "no such file in the folder that is scanned")
            text = "" if document is None else document.text
            self._parsed[path] = text.split("\n"), list(parse(text))
        lines, parts = self._parsed[path]
        for part in parts:
            if part.error:
                self.skip(path, part.error)
            else:
                yield NodeReader(path, lines, part, environment, folder)

    def _add(self, model: Table, document: NodeReader, source: Source) -> Table:
        own: dict[str, Table] = {name: document.containers(name) for name in SECTIONS}
        clear = document.cleared()
        for entry in items(document.top("include")):
            imported = self._include(entry, document.file, source)
            for section in SECTIONS:
                own[section] = _import(table(imported.get(section)), own[section], section, clear)
        for section in SECTIONS:
            part = Part(document.file, own, clear)
            own[section] = extend_all(self, section, part, source.environment)
        return canonical(merge_models(cleared(model, clear), own))

    def _include(self, entry: Value, file: str, source: Source) -> Table:
        config = entry if isinstance(entry, Mapping) else {"path": entry}
        paths = self._paths(items(config.get("path")), file, source.folder)
        if not paths:
            return {}
        included = (*source.included, file)
        if paths[0] in included:
            self.skip(file, f"{paths[0]} includes itself")
            return {}
        folder = posixpath.dirname(paths[0])
        directory = leaf(config.get("project_directory"))
        if directory and directory.text:
            folder = join(source.folder, directory.text)
        names = [join(source.folder, item.text) for item in _texts(config.get("env_file"))]
        own = self._env_files(names or [join(folder, ".env")], source, required=bool(names))
        return self.load(paths, Source({**own, **source.environment}, folder, included))

    def _paths(self, entries: Sequence[Value], file: str, folder: str) -> tuple[str, ...]:
        found = []
        for entry in entries:
            text = entry.text if isinstance(entry, Leaf) else ""
            if not text:
                self.skip(file, "the path of an include is missing or has no value")
            elif is_remote(text):
                self.skip(file, f"{text} is remote: only files in this folder are read")
            else:
                found.append(join(folder, text))
        return tuple(found)

    def _env_files(
        self, paths: Iterable[str], source: Source, *, required: bool
    ) -> Mapping[str, str]:
        values: Mapping[str, str] = {}
        for path in paths:
            values = self.env_file(path, source.environment, values, required=required)
        return values

    def env_file(
        self,
        path: str,
        environment: Mapping[str, str],
        earlier: Mapping[str, str],
        *,
        required: bool = False,
    ) -> Mapping[str, str]:
        """The variables of an env file after those of earlier ones."""
        document = None if path == "/dev/null" else self.files.read(path)
        if document is None:
            if required and path != "/dev/null":
                self.skip(path, "no such env file in the folder that is scanned")
            return earlier
        parsed = dotenv.parse(document.text, environment, earlier)
        if parsed.fault:
            self.skip(path, f"{parsed.fault}: the variables from there on are not known")
        return parsed.values


def _texts(value: Value | None) -> Iterator[Leaf]:
    return (item for item in items(value) if isinstance(item, Leaf))


def _import(imported: Table, own: Table, section: str, clear: tuple[KeyPath, ...]) -> Table:
    """The containers of an included model, under those of the file that includes it."""
    merged = {**imported, **own}
    for name in imported.keys() & own.keys():
        if plain(imported[name]) != plain(own[name]):
            base = cleared_container(imported[name], (section, name), clear)
            merged[name] = merge_containers(base, own[name])
    return merged


def _with_contexts(model: Table, folder: str) -> Table:
    """The model with the default context, which is the project's folder, in each build."""
    return {section: _defaults(table(model.get(section)), folder) for section in SECTIONS}


def _defaults(containers: Table, folder: str) -> Table:
    changed = dict(containers)
    for name, container in containers.items():
        build = table(container).get("build")
        if isinstance(build, Mapping) and "context" not in build:
            context = Leaf(".", Place("", 0, 0), folder=folder)
            changed[name] = {**table(container), "build": {**build, "context": context}}
    return changed
