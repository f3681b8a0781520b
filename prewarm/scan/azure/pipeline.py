"""One pipeline of Azure's, walked from its stages down to its jobs, through its own templates."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, replace

from prewarm.scan.azure.expressions import Names, expanded, fields, items, whole
from prewarm.scan.expansion import Expanded
from prewarm.scan.finding import Class, Place, Result, Skipped, Unresolved
from prewarm.scan.naming import named
from prewarm.scan.reader import Files
from prewarm.scan.values import (
    Mapping,
    Sequence,
    Text,
    Value,
    elements,
    entries,
    get,
    scalar,
    text,
)
from prewarm.scan.yamlvalues import load

_MAX_TEMPLATES = 20
_AZURES = ("Build.", "System.", "Agent.", "Pipeline.", "Release.", "Environment.")


@dataclass(frozen=True, slots=True)
class Walk:
    """Where in a pipeline we are: the file, what names mean here, which containers have names.

    `is_template` tells that the file is read by itself: names of containers may then come from
    the pipelines that use it.
    """

    path: str
    files: Files
    names: Names
    aliases: frozenset[str] = frozenset()
    is_template: bool = False
    via: tuple[Place, ...] = ()

    def pipeline(self, root: Value) -> Iterator[Result]:
        """A whole file: stages, jobs or steps, or the template that it extends."""
        here = self._under(root)
        yield from here._resources(root)
        aliases = {name.value for name in here._alias_names(root)}
        here = replace(here, aliases=here.aliases | aliases)
        for extends, names in fields(root, "extends", here.names):
            yield from replace(here, names=names)._template(extends)
        for stages, names in fields(root, "stages", here.names):
            yield from replace(here, names=names)._stages(stages)
        yield from here._stage(root)
        yield from here._job(root)

    def _resources(self, root: Value) -> Iterator[Result]:
        for container, names in items(get(root, "resources", "containers"), self.names):
            yield from replace(self, names=names)._resource(container)

    def _resource(self, container: Value) -> Iterator[Result]:
        switch = scalar(get(container, "localImage"))
        is_local = switch is not None and switch.value.lower() == "true"
        class_ = Class.LOCAL if is_local else Class.PULL
        for image, names in fields(container, "image", self.names):
            yield from replace(self, names=names)._image(image, "container resource", class_)
        repository = text(get(container, "repository"))
        if repository is not None and get(container, "image") is None:
            reason = "the tag is that of the push which starts the pipeline: name an image here"
            yield Unresolved(repository.value, repository.place, reason, via=self.via)

    def _alias_names(self, root: Value) -> Iterator[Text]:
        for container, _ in items(get(root, "resources", "containers"), self.names):
            name = text(get(container, "container"))
            if name is not None:
                yield name

    def _under(self, owner: Value) -> Walk:
        """The same place with the owner's variables known."""
        names = self.names
        for variables, inner in fields(owner, "variables", self.names):
            names = names.with_variables(replace(self, names=inner)._variables(variables))
        return replace(self, names=names)

    def _variables(self, value: Value) -> dict[str, Text]:
        found = {n: plain for n, inner in entries(value) if (plain := scalar(inner))}
        for item, _ in items(value, self.names):
            name, content = text(get(item, "name")), scalar(get(item, "value"))
            if name is not None and content is not None:
                found[name.value] = content
            for included in self._included(item):
                if not isinstance(included, Skipped):
                    for variables, _ in fields(included[1], "variables", self.names):
                        found.update(self._variables(variables))
        return found

    def _stages(self, stages: Value) -> Iterator[Result]:
        for stage, names in items(stages, self.names):
            here = replace(self, names=names)
            yield from here._template(stage)
            yield from here._under(stage)._stage(stage)

    def _stage(self, stage: Value) -> Iterator[Result]:
        for jobs, names in fields(stage, "jobs", self.names):
            for job, inner in items(jobs, names):
                here = replace(self, names=inner)
                yield from here._template(job)
                yield from here._under(job)._job(job)

    def _job(self, job: Value) -> Iterator[Result]:
        for row in self._rows(job):
            here = replace(self, names=self.names.with_variables(row))
            for container, names in fields(job, "container", here.names):
                yield from replace(here, names=names)._container(container, "job image")
            for services, names in fields(job, "services", here.names):
                for _, service in entries(whole(services, names)):
                    yield from replace(here, names=names)._container(service, "service")
        for steps, names in fields(job, "steps", self.names):
            for step, inner in items(steps, names):
                yield from replace(self, names=inner)._template(step)

    def _rows(self, job: Value) -> list[dict[str, Text]]:
        matrix = whole(get(job, "strategy", "matrix"), self.names)
        rows = [
            {name: plain for name, value in entries(row) if (plain := scalar(value))}
            for _, row in entries(matrix)
        ]
        return rows or [{}]

    def _container(self, value: Value, kind: str) -> Iterator[Result]:
        value = whole(value, self.names) or value
        if isinstance(value, Mapping):
            for image, names in fields(value, "image", self.names):
                yield from replace(self, names=names)._image(image, kind)
            return
        name = expanded(value.value, self.names) if isinstance(value, Text) else Expanded()
        if name.missing or not self._may_be_alias(name.text, kind):
            yield from self._image(value, kind)

    def _may_be_alias(self, name: str, kind: str) -> bool:
        """Whether a name is that of a container resource, as a service's plain name always is."""
        plain = not any(letter in name for letter in ":/@")
        return name in self.aliases or (plain and (self.is_template or kind == "service"))

    def _image(self, value: Value, kind: str, class_: Class = Class.PULL) -> Iterator[Result]:
        source = text(value)
        if source is None:
            return
        name = expanded(source.value, self.names)
        owner = "Azure" if any(n.startswith(_AZURES) for n in name.missing) else ""
        yield from named(name, source, kind, owner=owner, via=self.via, class_=class_)

    def _template(self, item: Value) -> Iterator[Result]:
        for included in self._included(item):
            if isinstance(included, Skipped):
                yield included
            else:
                walk, root = included
                yield from walk.pipeline(root)

    def _included(self, item: Value) -> Iterator[tuple[Walk, Value] | Skipped]:
        """The file of this repository that `template:` names, with its parameters given."""
        source = text(get(item, "template"))
        if source is None or len(self.via) > _MAX_TEMPLATES:
            return
        name = expanded(source.value, self.names)
        path, _, repository = name.text.partition("@")
        base = "" if path.startswith("/") else posixpath.dirname(self.path)
        path = posixpath.normpath(posixpath.join(base, path.lstrip("/")))
        foreign = repository not in ("", "self")
        document = None if foreign or name.missing else self.files.read(path)
        if document is None:
            where = "it is in another repository" if foreign else "there is no such file"
            yield Skipped(
                self.path, f"line {source.place.line}: template {source.value} not read: {where}"
            )
            return
        for root in load(document):
            if isinstance(root, Skipped):
                yield root
            else:
                names = replace(self.names, values=self._parameters(root, get(item, "parameters")))
                via = (*self.via, source.place)
                yield (
                    replace(self, path=path, names=names, via=via, is_template=False),
                    root,
                )

    def _parameters(self, root: Value, given: Value | None) -> dict[str, Value]:
        values = defaults(root)
        for name, value in entries(given):
            put = whole(value, self.names) or value
            if isinstance(put, Text):
                known = expanded(put.value, self.names)
                put = put if known.missing else replace(put, value=known.text)
            values[name] = put
        return {"parameters": Mapping(values, {}, root.place)}


def defaults(root: Value) -> dict[str, Value]:
    """A file's parameters with their defaults, in the new form (a list) or the old one."""
    declared = get(root, "parameters")
    values = dict(entries(declared)) if isinstance(declared, Mapping) else {}
    for item in elements(declared) if isinstance(declared, Sequence) else ():
        name, default = text(get(item, "name")), get(item, "default")
        if name is not None and default is not None:
            values[name.value] = default
    return values
