"""Parameters of Tekton, Argo Workflows and OpenShift templates, where their values are literal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice, product

from prewarm.scan.imagetext import open_parts
from prewarm.scan.kubernetes.kinds import group_of
from prewarm.scan.kubernetes.setting import Environment, Setting
from prewarm.scan.values import Mapping as Map
from prewarm.scan.values import Sequence, Text, Value, elements, entries, get

MAX_ENVIRONMENTS = 64
"""Combinations of parameters that are followed; a matrix may have more."""

_USE = re.compile(
    r"\$\(([\w.\[\]\"'-]+)\)|\$\{\{\s*([\w.-]+)\s*\}\}|\{\{\s*([\w.\[\]\"'-]+)\s*\}\}"
    r"|\$\{([A-Za-z_]\w*)(?:(:?[-=])([^{}]*))?\}"
)


def expand(text: str, setting: Setting) -> tuple[str, ...]:
    """What a text comes to, once for each different environment."""
    if "$" not in text and "{{" not in text:
        return (text,)
    texts = (_expand(text, environment, setting) for environment in setting.environments)
    return tuple(dict.fromkeys(texts))


def _expand(text: str, environment: Environment, setting: Setting) -> str:
    def value(match: re.Match[str]) -> str:
        name = _canonical(next(group for group in match.groups()[:4] if group is not None))
        given = environment.get(name)
        if given is None and setting.variables is not None:
            given = setting.variables.get(name)
        if given is None or (not given and (match[5] or "").startswith(":")):
            given = match[6] if match[5] else given
        return match[0] if given is None else given

    return _USE.sub(value, text)


def _canonical(name: str) -> str:
    name = re.sub(r"\[[\"']?([^\[\]\"']+)[\"']?\]", r".\1", name)
    return re.sub(r"^inputs\.params\.", "params.", name)


def enter(mapping: Map, setting: Setting) -> Setting:
    """The setting below a mapping that declares or passes parameters."""
    group = group_of(setting.api)
    if group == "tekton.dev":
        return _enter_tekton(mapping, setting)
    if group == "argoproj.io":
        return _enter_argo(mapping, setting)
    if setting.kind == "Template" and "objects" in mapping.entries:
        return _with(setting, [dict(_pairs(get(mapping, "parameters"), "value"))])
    return setting


def _enter_tekton(mapping: Map, setting: Setting) -> Setting:
    lists = [get(mapping, "params"), get(mapping, "inputs", "params")]
    given = {name: value for each in lists for name, value in _pairs(each, "value")}
    defaults = {name: value for each in lists for name, value in _pairs(each, "default")}
    rows: list[dict[str, str]] = [
        {name: value for name, value in defaults.items() if name not in setting.passed} | given
    ]
    if axes := dict(_matrix(mapping)):
        rows = [
            row | dict(zip(axes, values, strict=True))
            for row in rows
            for values in islice(product(*axes.values()), MAX_ENVIRONMENTS)
        ]
    passed = frozenset(given) | axes.keys() if given or axes else setting.passed
    if not any(rows):
        return replace(setting, passed=passed)
    below = _with(setting, [{f"params.{n}": v for n, v in row.items()} for row in rows])
    return replace(below, passed=passed)


def _matrix(mapping: Map) -> Iterator[tuple[str, list[str]]]:
    for entry in elements(get(mapping, "matrix", "params")):
        name, values = get(entry, "name"), get(entry, "value")
        if isinstance(name, Text) and isinstance(values, Sequence):
            yield name.value, [v.value for v in values.items if isinstance(v, Text)]


def _enter_argo(mapping: Map, setting: Setting) -> Setting:
    if get(mapping, "templates") is not None:
        pairs = _pairs(get(mapping, "arguments", "parameters"), "value")
        setting = _with(setting, [{f"workflow.parameters.{n}": v for n, v in pairs}])
        return replace(setting, callers=_callers(mapping, setting))
    declared = get(mapping, "inputs", "parameters")
    name = get(mapping, "name")
    if declared is None or not isinstance(name, Text):
        return setting
    own = dict(_pairs(declared, "default")) | dict(_pairs(declared, "value"))
    rows = [{**own, **call} for call in setting.callers.get(name.value, ())] or [own]
    return _with(setting, [{f"inputs.parameters.{n}": v for n, v in row.items()} for row in rows])


def _callers(mapping: Map, setting: Setting) -> Mapping[str, tuple[Environment, ...]]:
    """The arguments that steps and tasks of a workflow give to each of its templates."""
    calls: dict[str, list[Environment]] = {}
    for call in _calls(get(mapping, "templates")):
        name = get(call, "template")
        if not isinstance(name, Text):
            continue
        rows = calls.setdefault(name.value, [])
        for item in _items(call):
            inner = _with(setting, [item]) if item else setting
            arguments = dict(_pairs(get(call, "arguments", "parameters"), "value"))
            row = {n: expand(v, inner)[0] for n, v in arguments.items()}
            row = {n: v for n, v in row.items() if open_parts(v) is None}
            if row not in rows and len(rows) < MAX_ENVIRONMENTS:
                rows.append(row)
    return {name: tuple(rows) for name, rows in calls.items()}


def _calls(templates: Value | None) -> Iterator[Map]:
    for template in elements(templates):
        for group in elements(get(template, "steps")):
            for step in group.items if isinstance(group, Sequence) else (group,):
                if isinstance(step, Map):
                    yield step
        for task in elements(get(template, "dag", "tasks")):
            if isinstance(task, Map):
                yield task


def _items(call: Map) -> Iterator[dict[str, str]]:
    listed = get(call, "withItems")
    if not isinstance(listed, Sequence):
        yield {}
        return
    for item in listed.items[:MAX_ENVIRONMENTS]:
        if isinstance(item, Text):
            yield {"item": item.value}
        else:
            yield {f"item.{k}": v.value for k, v in entries(item) if isinstance(v, Text)}


def _pairs(listed: Value | None, key: str) -> Iterator[tuple[str, str]]:
    for entry in elements(listed):
        name, value = get(entry, "name"), get(entry, key)
        if isinstance(name, Text) and isinstance(value, Text):
            yield name.value, value.value.strip()


def _with(setting: Setting, rows: list[dict[str, str]]) -> Setting:
    """The setting with each row of values added; values may name parameters themselves."""
    combined: list[Environment] = []
    for environment in setting.environments:
        outer = replace(setting, environments=(environment,))
        for row in rows:
            expanded = {name: expand(value, outer)[0] for name, value in row.items()}
            combined.append({**environment, **expanded})
    return replace(setting, environments=tuple(combined[:MAX_ENVIRONMENTS]))
