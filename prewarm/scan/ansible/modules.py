"""What a task of one module pulls: the modules of Ansible's collections that name images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from prewarm.scan.ansible.jinja import Variables, expanded, whole
from prewarm.scan.expansion import Expanded
from prewarm.scan.finding import Class, Result, Skipped
from prewarm.scan.naming import named
from prewarm.scan.pods import container_images
from prewarm.scan.reader import Document
from prewarm.scan.values import Mapping, Text, Value, elements, entries, get, scalar, text
from prewarm.scan.yamlvalues import load


@dataclass(frozen=True, slots=True)
class Call:
    """One task's module: its arguments, and the variables that it sees."""

    arguments: Value
    variables: Variables

    def value(self, *path: str) -> Value | None:
        return whole(get(self.arguments, *path), self.variables)

    def plain(self, name: str) -> str | None:
        """An argument's text where it is known."""
        value = scalar(get(self.arguments, name))
        result = expanded(value.value, self.variables) if value is not None else None
        return result.text if result is not None and not result.missing else None

    def is_off(self, name: str) -> bool:
        value = self.plain(name)
        return value is not None and value.lower() in ("false", "no", "off", "0")

    def image(self, source: Text | None, kind: str, class_: Class = Class.PULL) -> Iterator[Result]:
        """One name, with the tag that a `tag` argument of its own adds."""
        if source is not None:
            name = self._tagged(expanded(source.value, self.variables))
            yield from named(name, source, kind, class_=class_, platform=self.plain("platform"))

    def _tagged(self, name: Expanded) -> Expanded:
        tag = scalar(get(self.arguments, "tag"))
        if tag is None or name.missing or "@" in name.text:
            return name
        if ":" in name.text.rpartition("/")[2]:
            return name
        return name.then(Expanded(":")).then(expanded(tag.value, self.variables))


Handler = Callable[[Call], Iterator[Result]]


def _container(call: Call) -> Iterator[Result]:
    if call.plain("state") != "absent":
        class_ = Class.LOCAL if call.plain("pull") == "never" else Class.PULL
        untagged = replace(call, arguments=_without(call.arguments, "tag"))
        yield from untagged.image(text(get(call.arguments, "image")), "container", class_)


def _containers(call: Call) -> Iterator[Result]:
    for container in elements(call.value("containers")):
        yield from call.image(text(get(container, "image")), "container")


def _docker_image(call: Call) -> Iterator[Result]:
    source = call.plain("source")
    built = any(get(call.arguments, key) is not None for key in ("path", "build"))
    loaded = any(get(call.arguments, key) is not None for key in ("load_path", "archive_path"))
    if call.plain("state") == "absent" or loaded or source in ("load", "local"):
        return
    class_ = Class.PRODUCT if source == "build" or (built and source != "pull") else Class.PULL
    yield from call.image(text(get(call.arguments, "name")), "image", class_)


def _podman_image(call: Call) -> Iterator[Result]:
    if call.plain("state") == "absent":
        return
    class_ = Class.PULL
    if get(call.arguments, "path") is not None or call.plain("state") == "build":
        class_ = Class.PRODUCT
    elif call.is_off("pull"):
        class_ = Class.LOCAL
    yield from call.image(text(get(call.arguments, "name")), "image", class_)


def _pulled_image(call: Call) -> Iterator[Result]:
    yield from call.image(text(get(call.arguments, "name")), "image")


def _compose(call: Call) -> Iterator[Result]:
    definitions = [call.value("definition"), *elements(call.value("compose"))]
    for definition in definitions:
        for _, service in entries(get(definition, "services")):
            yield from call.image(text(get(service, "image")), "service")


def _kubernetes(call: Call) -> Iterator[Result]:
    if call.plain("state") == "absent":
        return
    for name in ("definition", "resource_definition", "kube_file_content"):
        value = call.value(name)
        for inner in _parsed(value) if isinstance(value, Text) else [value]:
            for image in container_images(inner) if inner is not None else ():
                yield from call.image(image, "container")


def _parsed(source: Text) -> Iterator[Value]:
    """The documents in a string of YAML, placed in the file that holds it."""
    shifted = "\n" * (source.place.line - 1) + source.value
    indent = source.place.column - 1
    for root in load(Document(source.place.file, shifted)):
        if not isinstance(root, Skipped):
            yield _indented(root, indent)


def _indented(value: Value, columns: int) -> Value:
    place = replace(value.place, column=value.place.column + columns)
    if isinstance(value, Text):
        return replace(value, place=place)
    if isinstance(value, Mapping):
        inner = {name: _indented(each, columns) for name, each in value.entries.items()}
        return Mapping(inner, value.keys, place)
    return replace(
        value, items=tuple(_indented(item, columns) for item in value.items), place=place
    )


def _without(arguments: Value, name: str) -> Value:
    if not isinstance(arguments, Mapping):
        return arguments
    kept = {key: value for key, value in arguments.entries.items() if key != name}
    return Mapping(kept, arguments.keys, arguments.place)


_HANDLERS: dict[str, Handler] = {
    "docker_container": _container,
    "docker_swarm_service": _container,
    "podman_container": _container,
    "podman_containers": _containers,
    "docker_image": _docker_image,
    "docker_image_pull": _pulled_image,
    "podman_image": _podman_image,
    "docker_compose": _compose,
    "docker_compose_v2": _compose,
    "docker_stack": _compose,
    "podman_play": _kubernetes,
    "k8s": _kubernetes,
    "ecs_taskdefinition": _containers,
    "azure_rm_containerinstance": _containers,
}

_COLLECTIONS = (
    "amazon.aws",
    "ansible.builtin",
    "azure.azcollection",
    "community.aws",
    "community.docker",
    "community.general",
    "community.kubernetes",
    "community.okd",
    "containers.podman",
    "kubernetes.core",
    "redhat.openshift",
)


def handler_of(key: str) -> Handler | None:
    """What reads a task of a module, by its short or its full name."""
    collection, _, name = key.rpartition(".")
    return _HANDLERS.get(name) if not collection or collection in _COLLECTIONS else None
