"""How compose lays one file over another, and one service over the one that it extends."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence

from prewarm.scan.compose.nodes import SECTIONS, cleared
from prewarm.scan.compose.values import (
    KeyPath,
    Leaf,
    Refused,
    Table,
    Value,
    is_null,
    items,
    leaf,
    plain,
    table,
)

_VOLUME_PART = re.compile(r"((?:[a-zA-Z]:)?[^:]*)(?::|$)")
_PAIRS = ("args", "additional_contexts")


def merge_models(base: Table, over: Table) -> Table:
    """Two files' services and jobs as one; the second wins."""
    merged = dict(base)
    for section, containers in over.items():
        merged[section] = _merge_tables(table(base.get(section)), table(containers))
    return merged


def cleared_container(container: Value, where: KeyPath, paths: tuple[KeyPath, ...]) -> Value:
    """The container at `where` without what stands at `paths`; it is never cleared whole."""
    inner = tuple(path[len(where) :] for path in paths if path[: len(where)] == where)
    if () in inner or where[:1] in paths or not isinstance(container, Mapping):
        return container
    return cleared(container, inner)


def _merge_tables(base: Table, over: Table) -> Table:
    merged = dict(base)
    for name, container in over.items():
        merged[name] = merge_containers(base[name], container) if name in base else container
    return merged


def merge_containers(base: Value, over: Value) -> Value:
    """One service or job over another. Raises Refused where the two do not fit."""
    if is_null(over):
        return base
    if not isinstance(base, Mapping) or not isinstance(over, Mapping):
        if is_null(base):
            return over
        raise Refused("a service is no mapping")
    merged = dict(base)
    for key, value in over.items():
        if key not in base:
            merged[key] = value
        elif key == "build":
            merged[key] = _merge_builds(base[key], value)
        else:
            merged[key] = _merge(base[key], value)
    return merged


def _merge(base: Value, over: Value) -> Value:
    if is_null(over):
        return base
    if isinstance(base, Leaf):
        return base if is_null(over) else over
    if isinstance(base, Mapping):
        if not isinstance(over, Mapping):
            raise Refused("a mapping cannot be overridden by something else")
        keys = {**base, **over}
        return {
            key: _merge(base[key], over[key]) if key in base and key in over else keys[key]
            for key in keys
        }
    if isinstance(over, Leaf | Mapping):
        raise Refused("a list cannot be overridden by something else")
    return _append(base, over)


def _append(base: Sequence[Value], over: Sequence[Value]) -> Sequence[Value]:
    """Both lists, without what the first already has."""
    merged = list(base)
    seen = [plain(item) for item in base]
    for item in over:
        if plain(item) not in seen:
            seen.append(plain(item))
            merged.append(item)
    return merged


def _merge_builds(base: Value, over: Value) -> Value:
    old, new = _build(base), _build(over)
    merged = dict(old)
    for key, value in new.items():
        if key not in old:
            merged[key] = value
        elif key in _PAIRS:
            merged[key] = _merge_pairs(old[key], value)
        else:
            merged[key] = _merge(old[key], value)
    return merged


def _build(value: Value) -> Table:
    context = leaf(value)
    return {"context": context} if context else table(value)


def _merge_pairs(base: Value, over: Value) -> Value:
    """Lists of `KEY=value`, whatever they were; the last one of a key is what counts."""
    merged: dict[str, Leaf] = {}
    for pair in (*_pairs(base), *_pairs(over)):
        merged[pair.text.partition("=")[0]] = pair
    return list(merged.values())


def _pairs(value: Value) -> Sequence[Leaf]:
    if not isinstance(value, Mapping):
        return [item for item in items(value) if isinstance(item, Leaf)]
    return [
        item.with_value(key if item.value is None else f"{key}={item.text}")
        for key, values in sorted(value.items())
        for item in ([values] if isinstance(values, Leaf) else items(values))
        if isinstance(item, Leaf)
    ]


def canonical(model: Table) -> Table:
    """A model after one file: builds as mappings, and one volume for each place."""
    return {
        section: {name: _canonical(container) for name, container in table(containers).items()}
        if section in SECTIONS
        else containers
        for section, containers in model.items()
    }


def _canonical(container: Value) -> Value:
    if not isinstance(container, Mapping):
        return container
    changed = dict(container)
    if not is_null(container.get("build")):
        build = dict(_build(container["build"]))
        contexts = build.get("additional_contexts")
        if contexts is not None and not isinstance(contexts, Mapping):
            build["additional_contexts"] = mapping_of(contexts)
        changed["build"] = build
    if "volumes" in container:
        volumes = _one_for_each_target(items(container["volumes"]))
        changed["volumes"] = _one_for_each_target([_long_volume(volume) for volume in volumes])
    return changed


def mapping_of(value: Value | None) -> dict[str, Leaf]:
    """`KEY=value` pairs, listed or in a mapping, by key; a key alone has the value null."""
    if isinstance(value, Mapping):
        return {key: item for key, item in value.items() if isinstance(item, Leaf)}
    found: dict[str, Leaf] = {}
    for item in items(value):
        if isinstance(item, Leaf):
            key, equals, rest = item.text.partition("=")
            found[key] = item.with_value(rest if equals else None)
    return found


def _one_for_each_target(volumes: Sequence[Value]) -> Sequence[Value]:
    """Of the volumes that are mounted at one place, the last one."""
    return list({_target(volume, n): volume for n, volume in enumerate(volumes)}.values())


def _target(volume: Value, number: int) -> str | int:
    if isinstance(volume, Mapping):
        target = leaf(volume.get("target"))
        return target.text if target else number
    return _short_target(volume.text) if isinstance(volume, Leaf) else number


def _short_target(text: str) -> str:
    """Where `source:target:mode` is mounted; the colon of a drive separates nothing."""
    parts = [match[1] for match in _VOLUME_PART.finditer(text)]
    return parts[1] if len(parts) > 2 else parts[0]


def _long_volume(volume: Value) -> Value:
    """A volume as a mapping; of one on a single line, only the target is kept."""
    if not isinstance(volume, Leaf) or not volume.text:
        return volume
    return {"target": volume.with_value(posixpath.normpath(_short_target(volume.text)))}
