"""`extends`: a service laid over another one, of the same file or of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from prewarm.scan.compose.merge import cleared_container, merge_containers
from prewarm.scan.compose.paths import is_remote, join
from prewarm.scan.compose.values import KeyPath, Refused, Table, Value, is_null, leaf, table


@dataclass(frozen=True, slots=True)
class Part:
    """A file's containers by section, and the paths that its last document clears."""

    file: str
    model: Table
    cleared: tuple[KeyPath, ...]


class Parts(Protocol):
    """Where the files come from that `extends` names."""

    def part(self, path: str, environment: Mapping[str, str]) -> Part: ...

    def skip(self, path: str, reason: str) -> None: ...


@dataclass(frozen=True, slots=True)
class _Extender:
    parts: Parts
    section: str
    environment: Mapping[str, str]

    def extend(self, name: str, part: Part, seen: tuple[tuple[str, str], ...]) -> Value:
        """The container `name` of a part, laid over what it extends."""
        container = table(part.model.get(self.section))[name]
        extends = table(container).get("extends")
        if extends is None:
            return container
        if (part.file, name) in seen:
            raise Refused(f"{name!r} extends itself")
        service, base_part = self._base(extends, part)
        base = self.extend(service, base_part, (*seen, (part.file, name)))
        if is_null(base):
            return container
        base = cleared_container(base, ("services", name), part.cleared)
        merged = table(merge_containers(base, container))
        return {key: value for key, value in merged.items() if key != "extends"}

    def _base(self, extends: Value, part: Part) -> tuple[str, Part]:
        """The service that is extended, and the part that holds it."""
        service = leaf(extends.get("service") if isinstance(extends, Mapping) else extends)
        if service is None:
            raise Refused("extends names no service")
        if file := leaf(table(extends).get("file")):
            if is_remote(file.text):
                raise Refused(f"{file.text} is remote: only files in this folder are read")
            part = self.parts.part(join(file.folder, file.text), self.environment)
        if service.text not in table(part.model.get(self.section)):
            raise Refused(f"there is no {service.text!r} in {part.file} to extend")
        return service.text, part


def extend_all(parts: Parts, section: str, part: Part, environment: Mapping[str, str]) -> Table:
    """The containers of a section with their `extends` carried out; broken ones stay as written."""
    extender = _Extender(parts, section, environment)
    containers = dict(table(part.model.get(section)))
    for name in containers:
        try:
            containers[name] = extender.extend(name, part, ())
        except Refused as refused:
            parts.skip(part.file, f"{section}.{name}: {refused}")
    return containers
