"""A job's variables: every set of values that its image may be expanded with."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Names
from dataclasses import dataclass

from prewarm.scan.expansion import Expanded, Lookup, Syntax, expand
from prewarm.scan.gitlab.inputs import absent
from prewarm.scan.matrix import combinations
from prewarm.scan.naming import missing
from prewarm.scan.values import (
    Mapping,
    Sequence,
    Text,
    Value,
    elements,
    entries,
    get,
    number_text,
    scalar,
)

_SYNTAX = Syntax()
_PROXY = "CI_DEPENDENCY_PROXY"
_PREDEFINED = ("CI_", "GITLAB_", "TRIGGER_PAYLOAD", "CHAT_")
_CONSTANT = {"CI_TEMPLATE_REGISTRY_HOST": "registry.gitlab.com"}
_MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Variable:
    """A value; `raw` where it is not expanded itself (`expand: false`)."""

    value: str
    raw: bool = False


Variables = dict[str, Variable]


def variables_of(owner: Value | None) -> Variables:
    """The variables that stand under `variables` of a configuration, a job or a rule."""
    found: Variables = {}
    for name, value in entries(get(owner, "variables")):
        plain = scalar(get(value, "value") if isinstance(value, Mapping) else value)
        switch = scalar(get(value, "expand"))
        raw = switch is not None and switch.value == "false"
        if plain is not None:
            found[name] = Variable(number_text(plain), raw)
    return found


def sets_of(root: Value, job: Value, given: Names[str, str]) -> Iterator[Variables]:
    """The variables of each way in which a job may run: its matrix, its rules, the workflow's."""
    shared = _inherited(variables_of(root), job)
    own = variables_of(job)
    outside = {name: Variable(value, raw=True) for name, value in given.items()}
    for rule in _rules(get(root, "workflow")):
        for job_rule in _rules(job):
            for row in _matrix(job):
                yield {**shared, **rule, **own, **job_rule, **row, **outside}


def expanded(text: Text, variables: Variables) -> Expanded:
    """What a text comes to; inputs that were given no value are missing too."""
    inputs = absent(text.value)
    if inputs:
        return Expanded("", inputs)
    return expand(text.value, _lookup(variables), _SYNTAX)


def reason(names: tuple[str, ...]) -> str:
    """Why the names have no value, in GitLab's terms."""
    if any(name.startswith(_PROXY) for name in names):
        return (
            f"{' and '.join(names)}: the address of a proxy for Docker Hub that only GitLab "
            f"knows: give --variable {names[0]}=docker.io to mean the Hub itself"
        )
    if any(":" in name or "-" in name for name in names):
        return f"GitLab expands no defaults as in ${{{names[0]}}}: write a plain variable"
    predefined = all(name.startswith(_PREDEFINED) for name in names)
    return missing(names, "GitLab" if predefined else "")


def _lookup(variables: Variables) -> Lookup:
    def lookup(name: str, active: tuple[str, ...] = ()) -> Expanded | None:
        variable = variables.get(name)
        if variable is None:
            return Expanded(_CONSTANT[name]) if name in _CONSTANT else None
        if variable.raw:
            return Expanded(variable.value)
        if name in active or len(active) > _MAX_DEPTH:
            return None
        inner = (*active, name)
        return expand(variable.value, lambda other: lookup(other, inner), _SYNTAX)

    return lookup


def _inherited(shared: Variables, job: Value) -> Variables:
    inherit = get(job, "inherit", "variables")
    if isinstance(inherit, Sequence):
        wanted = {item.value for item in inherit.items if isinstance(item, Text)}
        return {name: value for name, value in shared.items() if name in wanted}
    switch = scalar(inherit)
    return {} if switch is not None and switch.value == "false" else shared


def _rules(owner: Value | None) -> list[Variables]:
    """The variables that rules add, beside none at all."""
    found: list[Variables] = [{}]
    for rule in elements(get(owner, "rules")):
        added = variables_of(rule)
        if added and added not in found:
            found.append(added)
    return found


def _matrix(job: Value) -> list[Variables]:
    rows: list[Variables] = []
    for entry in elements(get(job, "parallel", "matrix")):
        axes = {name: _values(value) for name, value in entries(entry)}
        rows.extend(combinations(axes))
    return rows or [{}]


def _values(value: Value) -> list[Variable]:
    items = elements(value) if isinstance(value, Sequence) else [value]
    return [Variable(number_text(item)) for item in items if isinstance(item, Text)]
