"""The variables that a playbook or a role's tasks see, from the files around them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from prewarm.scan.finding import Place, Skipped
from prewarm.scan.reader import Files
from prewarm.scan.values import Text, Value, elements, entries, get, text
from prewarm.scan.yamlvalues import load

Known = dict[str, Value]

_TASKS = ("tasks", "handlers")
_MAIN = ("main.yml", "main.yaml")
_SHARED = ("all.yml", "all.yaml", "all")


def around(path: str, files: Files) -> Known:
    """Lowest first: the role's defaults, the project's `group_vars/all`, the role's vars."""
    role = role_of(path)
    project = posixpath.dirname(path)
    known: Known = {}
    if role is not None:
        project = posixpath.dirname(role)
        known.update(_main(posixpath.join(role, "defaults"), files))
    known.update(_group_vars(project, files))
    if role is not None:
        known.update(_main(posixpath.join(role, "vars"), files))
    return known


def role_of(path: str) -> str | None:
    """The folder of the role that a file of tasks belongs to."""
    parts = path.split("/")[:-1]
    for index in range(len(parts) - 1, 0, -1):
        if parts[index] in _TASKS:
            return "/".join(parts[:index])
    return None


def of_play(play: Value, path: str, files: Files) -> Known:
    """What a play's `vars` and `vars_files` set."""
    known = dict(entries(get(play, "vars")))
    for item in elements(get(play, "vars_files")):
        name = text(item)
        if name is not None and "{{" not in name.value:
            known.update(_file(posixpath.join(posixpath.dirname(path), name.value), files))
    return known


def supplied(given: Mapping[str, str]) -> Known:
    """The variables that the person gives."""
    return {name: Text(value, Place("", 1, 1)) for name, value in given.items()}


def _group_vars(folder: str, files: Files) -> Known:
    """`group_vars/all` of the nearest folder upwards that has one."""
    while True:
        shared = posixpath.join(folder, "group_vars")
        found = [name for name in files.names(shared) if name in _SHARED]
        if found:
            return {k: v for n in found for k, v in _tree(posixpath.join(shared, n), files).items()}
        if not folder:
            return {}
        folder = posixpath.dirname(folder)


def _main(folder: str, files: Files) -> Known:
    for name in files.names(folder):
        if name in _MAIN or name == "main":
            return _tree(posixpath.join(folder, name), files)
    return {}


def _tree(path: str, files: Files) -> Known:
    """A file of variables, or a folder of such."""
    if path.endswith((".yml", ".yaml")):
        return _file(path, files)
    known: Known = {}
    for name in files.names(path):
        known.update(_file(posixpath.join(path, name), files))
    return known


def _file(path: str, files: Files) -> Known:
    document = files.read(posixpath.normpath(path))
    roots: Iterator[Value | Skipped] = load(document) if document is not None else iter(())
    return {
        name: value
        for root in roots
        if not isinstance(root, Skipped)
        for name, value in entries(root)
    }
