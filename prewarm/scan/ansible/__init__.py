"""Ansible: the images of tasks, in playbooks and in roles, with the variables around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from yaml.nodes import Node, SequenceNode

from prewarm.scan import yamltext
from prewarm.scan.ansible.jinja import whole
from prewarm.scan.ansible.modules import Call, handler_of
from prewarm.scan.ansible.variables import Known, around, of_play, supplied
from prewarm.scan.finding import Result, Skipped
from prewarm.scan.naming import settled
from prewarm.scan.reader import Document, Files, Scope
from prewarm.scan.values import Mapping, Sequence, Text, Value, elements, entries, get, text
from prewarm.scan.yamlvalues import load

__all__ = ["looks_like", "read"]

_LISTS = ("pre_tasks", "tasks", "post_tasks", "handlers", "block", "rescue", "always")
_LOOPS = ("loop", "with_items", "with_list", "with_dict", "with_flattened")
_ONLY_IN_TASKS = {
    "ansible.builtin.include_tasks",
    "ansible.builtin.import_playbook",
    "ansible.builtin.import_tasks",
    "block",
    "import_playbook",
    "import_tasks",
    "include_role",
    "include_tasks",
}
_PAIR = re.compile(r"(\w+)=('[^']*'|\"[^\"]*\"|\S+)")


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What the tasks of a playbook, or of a file of tasks, pull."""
    yield from settled(_read(document, scope))


def _read(document: Document, scope: Scope) -> Iterator[Result]:
    reading = _Reading(document.path, scope.files, supplied(scope.inputs.variables))
    known = around(document.path, scope.files)
    for root in load(document):
        if isinstance(root, Skipped):
            yield root
            continue
        for item in elements(root):
            yield from reading.item(item, known)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One file; `given` are the variables from outside, which win over all others."""

    path: str
    files: Files
    given: Known

    def item(self, item: Value, known: Known) -> Iterator[Result]:
        """A play, a block or a task: the first two hold lists of tasks."""
        inner = {**known, **of_play(item, self.path, self.files), **self.given}
        for name in _LISTS:
            for task in elements(get(item, name)):
                yield from self.item(task, inner)
        for key, value in entries(item):
            handler = handler_of(key)
            if handler is not None:
                arguments = _arguments(value, get(item, "args"))
                for variables in _rounds(item, inner):
                    yield from handler(Call(arguments, variables))


def _arguments(value: Value, more: Value | None) -> Value:
    """A module's arguments as a mapping, also those written as `name=value`."""
    own: dict[str, Value] = dict(entries(more))
    keys: dict[str, Text] = {}
    if isinstance(value, Text):
        for match in _PAIR.finditer(value.value):
            quoted = match[2][0] in "'\""
            start = match.start(2) + quoted
            own[match[1]] = value.part(start, match.end(2) - quoted)
        return Mapping(own, keys, value.place)
    return Mapping({**own, **dict(entries(value))}, keys, value.place)


def _rounds(task: Value, known: Known) -> Iterator[Known]:
    """The variables of each round of a task's loop, as far as its list is known."""
    name = text(get(task, "loop_control", "loop_var"))
    variable = name.value if name is not None else "item"
    loop = next((v for key in _LOOPS if (v := get(task, key)) is not None), None)
    items = whole(loop, known)
    if isinstance(items, Sequence):
        for item in items.items:
            yield {**known, variable: item}
    elif isinstance(items, Mapping):
        for key, value in items.entries.items():
            pair: dict[str, Value] = {"key": items.keys.get(key, Text(key, value.place))}
            pair["value"] = value
            yield {**known, variable: Mapping(pair, {}, value.place)}
    else:
        yield known


def looks_like(root: Node, path: str) -> bool:
    """Whether a document is a playbook or a list of tasks."""
    if not isinstance(root, SequenceNode):
        return False
    return any(_is_play_or_task(element) for element in root.value)


def _is_play_or_task(node: Node) -> bool:
    names = {name for name, _, _ in yamltext.items(node)}
    if "hosts" in names and names & {"tasks", "roles", "pre_tasks", "post_tasks", "vars"}:
        return True
    return bool(names & _ONLY_IN_TASKS) or any(handler_of(name) for name in names)
