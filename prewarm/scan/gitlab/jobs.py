"""Jobs as GitLab runs them: `extends` and `!reference` applied, defaults inherited."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from prewarm.scan.values import (
    Mapping,
    Sequence,
    Text,
    Value,
    elements,
    entries,
    get,
    merged,
    scalar,
    text,
)

_MAX_DEPTH = 10
"""Of extends and of references, as GitLab has it (11 and 10)."""

_KEYWORDS = {
    "after_script",
    "before_script",
    "cache",
    "default",
    "image",
    "include",
    "services",
    "spec",
    "stages",
    "types",
    "variables",
    "workflow",
}


@dataclass(slots=True)
class Jobs:
    """The jobs of one configuration, by name, hidden ones too; `used` grows as others use them."""

    root: Value
    used: set[str] = field(default_factory=set)
    _extended: dict[str, Value] = field(default_factory=dict)

    def visible(self) -> Iterator[Value]:
        """The jobs that run, whole."""
        for name in self._names():
            if not name.startswith("."):
                yield self.resolved(name)

    def hidden(self) -> Iterator[tuple[str, Value]]:
        """The templates, whole, with their names."""
        for name in self._names():
            if name.startswith("."):
                yield name, self.resolved(name)

    def _names(self) -> list[str]:
        return [
            name
            for name, value in entries(self.root)
            if name not in _KEYWORDS and isinstance(value, Mapping)
        ]

    def resolved(self, name: str) -> Value:
        return self._reference(self._extend(name, ()), 0)

    def default(self, job: Value, key: str) -> Value | None:
        """A job's `image` or `services`: its own, else the default unless it does not inherit."""
        own = get(job, key)
        if own is not None:
            return own
        inherit = get(job, "inherit", "default")
        wanted = [item.value for item in elements(inherit) if isinstance(item, Text)]
        if isinstance(inherit, Sequence) and key not in wanted:
            return None
        switch = scalar(inherit)
        if switch is not None and switch.value == "false":
            return None
        return self.shared(key)

    def inherits(self, job: Value, key: str) -> bool:
        return get(job, key) is None and self.default(job, key) is not None

    def shared(self, key: str) -> Value | None:
        """The default of all jobs, also where it stands at the top in the old way."""
        value = get(self.root, "default", key) or get(self.root, key)
        return self._reference(value, 0) if value is not None else None

    def _extend(self, name: str, active: tuple[str, ...]) -> Value:
        job = get(self.root, name)
        if name in self._extended:
            return self._extended[name]
        if not isinstance(job, Mapping):
            return Text("", self.root.place, "null")
        result: Value | None = None
        extends = get(job, "extends")
        for base in elements(extends) if isinstance(extends, Sequence) else [extends]:
            wanted = text(base)
            if wanted is None or wanted.value in active or len(active) > _MAX_DEPTH:
                continue
            self.used.add(wanted.value)
            inherited = self._extend(wanted.value, (*active, name))
            result = merged(result, inherited) if isinstance(inherited, Mapping) else result
        whole = merged(result, job)
        self._extended[name] = whole
        return whole

    def _reference(self, value: Value, depth: int) -> Value:
        if isinstance(value, Mapping):
            inner = {name: self._reference(each, depth) for name, each in value.entries.items()}
            return Mapping(inner, value.keys, value.place)
        if not isinstance(value, Sequence):
            return value
        if value.tag == "!reference":
            return self._target(value, depth)
        return replace(value, items=tuple(self._reference(item, depth) for item in value.items))

    def _target(self, reference: Sequence, depth: int) -> Value:
        path = [item.value for item in reference.items if isinstance(item, Text)]
        nothing = Text("", reference.place, "null")
        if not path or depth > _MAX_DEPTH:
            return nothing
        self.used.add(path[0])
        start = self._extend(path[0], ()) if path[0] not in _KEYWORDS else get(self.root, path[0])
        target = get(start, *path[1:])
        return self._reference(target, depth + 1) if target is not None else nothing
