"""Down through a document's values: every place where an image may be named, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from prewarm.scan.finding import Result
from prewarm.scan.imagekeys import is_head, is_image_key, is_images_key, is_of_pictures
from prewarm.scan.imageparts import Parts, images_in
from prewarm.scan.imagetext import Look
from prewarm.scan.kubernetes.dotted import nested
from prewarm.scan.kubernetes.embedded import is_embedded, settled, within
from prewarm.scan.kubernetes.kinds import is_made, pulls_nothing, version_is_tag
from prewarm.scan.kubernetes.parameters import enter
from prewarm.scan.kubernetes.particular import PARTICULAR, particular
from prewarm.scan.kubernetes.say import parts_say
from prewarm.scan.kubernetes.setting import Path, Setting, Trust
from prewarm.scan.kubernetes.texts import PROSE, is_lone_flag, says
from prewarm.scan.values import Mapping, Sequence, Text, Value, get

_USES = {
    "containers": "container",
    "initContainers": "init container",
    "ephemeralContainers": "ephemeral container",
    "steps": "step",
    "sidecars": "sidecar",
    "container": "workflow container",
    "script": "workflow container",
    "stepTemplate": "step",
    "containerDisk": "container disk",
    "containerTemplate": "workflow container",
    "relatedImages": "related image",
}
_DEFINED = set(_USES) - {"relatedImages"}
_NEVER = {
    "openAPIV3Schema",
    "managedFields",
    "alm-examples",
    "_example",
    "imagePullSecrets",
    "kubectl.kubernetes.io/last-applied-configuration",
}


_DOTTED = {"parameters", "set"}


class Walk:
    """One document's walk. What an alias leads to again is not walked again."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._seen: dict[int, Value] = {}

    def value(self, value: Value, path: Path, setting: Setting) -> Iterator[Result]:
        """Everything that a value and what is below it says."""
        if isinstance(value, Text):
            yield from self._text(value, path, setting)
        elif id(value) not in self._seen:
            self._seen[id(value)] = value
            if isinstance(value, Mapping):
                yield from self._mapping(value, path, setting)
            else:
                yield from self._sequence(value, path, setting)

    def _mapping(self, mapping: Mapping, path: Path, setting: Setting) -> Iterator[Result]:
        entries = mapping.entries
        entered = _object(mapping, setting)
        if entered is None or _is_schema(mapping):
            return
        setting = entered
        below = enter(mapping, setting) if setting.has_parameters else setting
        taken: set[str] = set()
        if any(map(is_head, entries)) or ("name" in entries and _is_image(path)):
            here = _place_of_use(mapping, path, below)
            for parts in _images(mapping, path, here):
                taken.update(parts.keys.values())
                if not is_made(setting.api, path):
                    yield from parts_say(parts, path, here, _least(parts, here))
        if not PARTICULAR.isdisjoint(entries):
            yield from particular(mapping, path, below)
        if "name" in entries and (pair := _pair(mapping)) is not None:
            yield from self._text(pair[1], (*path[:-1], pair[0]), below)
            taken |= {"value", "default"}
        for key, value in entries.items():
            if key in _NEVER or key in taken or (key == "status" and "kind" in entries):
                continue
            if _may_speak(value):
                yield from self.value(value, (*path, key), below)

    def _sequence(self, sequence: Sequence, path: Path, setting: Setting) -> Iterator[Result]:
        flag = ""
        if path and path[-1] in _DOTTED and {"helm", "releases", "set"} & set(path):
            values = nested(sequence)
            if values is not None:
                trusted = replace(setting, trust=Trust.OBJECT, use="Helm value")
                yield from self.value(values, (), trusted)
                return
        for item in sequence.items:
            if isinstance(item, Text):
                if _may_speak(item):
                    yield from self._text(item, (*path, flag or "[]"), setting)
                flag = item.value.strip().lstrip("-") if is_lone_flag(item.value) else ""
            else:
                flag = ""
                yield from self.value(item, (*path, "[]"), setting)

    def _text(self, text: Text, path: Path, setting: Setting) -> Iterator[Result]:
        results = says(text, path, setting)
        if "\n" not in text.value and not is_embedded(text):
            yield from results
            return
        if is_embedded(text) and not (path and path[-1] in PROSE):
            results = chain(results, within(text, path, setting, self.value))
        for result in results:
            yield result if setting.depth else settled(result, self._lines, text.place.line)


def _may_speak(value: Value) -> bool:
    """Whether there is something in a value that could be a name, for a scalar a `:` or `/`."""
    if isinstance(value, Text):
        text = value.value
        return value.type == "str" and (":" in text or "/" in text or "\n" in text)
    return bool(value.entries if isinstance(value, Mapping) else value.items)


def _object(mapping: Mapping, setting: Setting) -> Setting | None:
    """The setting inside a Kubernetes object; None if its kind pulls nothing."""
    if "apiVersion" not in mapping.entries:
        return setting
    kind, api = get(mapping, "kind"), get(mapping, "apiVersion")
    if not (isinstance(kind, Text) and isinstance(api, Text)):
        return setting
    if pulls_nothing(api.value, kind.value):
        return None
    if setting.kind == kind.value and setting.api == api.value:
        return setting
    data = kind.value in ("ConfigMap", "Secret")
    return replace(
        setting,
        trust=Trust.LOOSE if data else max(setting.trust, Trust.OBJECT),
        use="configuration" if data else "custom resource",
        kind=kind.value,
        api=api.value,
    )


def _is_schema(mapping: Mapping) -> bool:
    entries = mapping.entries
    if "$schema" in entries:
        return "properties" in entries or "definitions" in entries or "$defs" in entries
    return "paths" in entries and ("openapi" in entries or "swagger" in entries)


def _place_of_use(mapping: Mapping, path: Path, setting: Setting) -> Setting:
    """The setting for the image that a mapping itself names: a container's is beyond doubt."""
    list_key = next((key for key in reversed(path) if key != "[]"), "")
    holder = path[-2] if len(path) > 1 and path[-1] != "[]" else ""
    key = list_key if list_key in _USES else holder
    if key not in _USES or "image" not in mapping.entries:
        return setting
    if key == "script" and "source" not in mapping.entries:
        return setting
    policy = get(mapping, "imagePullPolicy")
    return replace(
        setting,
        trust=Trust.POD if key in _DEFINED else setting.trust,
        use=_USES[key],
        never_pulled=isinstance(policy, Text) and policy.value == "Never",
    )


def _is_entry(mapping: Mapping, path: Path, setting: Setting) -> bool:
    """Whether a mapping is an entry of kustomize's `images`, wherever that stands."""
    if not {"newName", "newTag"}.isdisjoint(mapping.entries):
        return True
    return setting.kind in ("Kustomization", "Component") and path == ("images", "[]")


def _images(mapping: Mapping, path: Path, setting: Setting) -> Iterator[Parts]:
    if _is_entry(mapping, path, setting):
        return iter(())
    return images_in(
        mapping.entries,
        next((key for key in reversed(path) if key != "[]"), ""),
        owned=_is_image(path),
        loose=setting.trust is Trust.LOOSE,
        versioned=version_is_tag(setting.api, setting.kind),
    )


def _is_image(path: Path) -> bool:
    """Whether what stands at a path is an image: `image`, `images[]`, `images.proxy`."""
    holder = path[-2] if len(path) > 1 else ""
    return bool(path) and (is_image_key(path[-1]) or is_images_key(holder))


def _least(parts: Parts, setting: Setting) -> Look:
    key = next(iter(parts.keys.values()))
    if is_of_pictures(key):
        return Look.SURE
    if key == "image":
        return {Trust.POD: Look.NOT, Trust.OBJECT: Look.BARE, Trust.LOOSE: Look.TAGGED}[
            setting.trust
        ]
    if setting.kind in ("ConfigMap", "Secret") or setting.trust is Trust.LOOSE:
        return Look.TAGGED if not parts.prefix else Look.SURE
    return Look.PLAIN


def _pair(mapping: Mapping) -> tuple[str, Text] | None:
    """The name and the value of an entry in a list of such: a variable, a parameter."""
    name = get(mapping, "name")
    value = get(mapping, "value") or get(mapping, "default")
    if isinstance(name, Text) and isinstance(value, Text) and len(mapping.entries) <= 5:
        return name.value, value
    return None
