"""The reader of skaffold files: the images that artifacts are built from, tested and run with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from yaml.nodes import Node

from prewarm.scan.compose.paths import is_remote, join
from prewarm.scan.dockerfile import Build, read_build
from prewarm.scan.finding import Class, Finding, Result, Skipped, Unresolved, found
from prewarm.scan.reader import Document, Scope
from prewarm.scan.yamltext import YamlDocument, elements, get, items, parse, text_of

_BUILDERS = ("docker", "kaniko")
_PULLED = (
    (("buildpacks", "builder"), "buildpacks builder"),
    (("buildpacks", "runImage"), "buildpacks run image"),
    (("jib", "fromImage"), "base image"),
    (("ko", "fromImage"), "base image"),
    (("kaniko", "image"), "build image"),
    (("kaniko", "initImage"), "build image"),
)
_TEMPLATE = re.compile(r"\{\{.*?\}\}")


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What the artifacts of a skaffold file are built from; their own names are products."""
    for part in parse(document.text):
        if part.error:
            yield Skipped(document.path, part.error)
        elif (text_of(get(part.root, "apiVersion")) or "").startswith("skaffold/"):
            yield from _Config(document.path, part, scope).results()


class _Config:
    """One configuration of a file, its profiles included."""

    def __init__(self, path: str, part: YamlDocument, scope: Scope) -> None:
        self.path = path
        self.folder = path.rpartition("/")[0]
        self.part = part
        self.scope = scope

    def results(self) -> Iterator[Result]:
        for root in (self.part.root, *elements(get(self.part.root, "profiles"))):
            artifacts = list(elements(get(root, "build", "artifacts")))
            names = {text_of(get(artifact, "image")) or "" for artifact in artifacts}
            for artifact in artifacts:
                yield from self._artifact(artifact)
            for node in elements(get(root, "verify")):
                yield from self._container(get(node, "container"), "verify container", names)
            for action in elements(get(root, "customActions")):
                for node in elements(get(action, "containers")):
                    yield from self._container(node, "action container", names)

    def _container(self, container: Node | None, kind: str, made: set[str]) -> Iterator[Result]:
        image = get(container, "image")
        class_ = Class.PRODUCT if text_of(image) in made else Class.PULL
        yield from self._named(image, kind, class_)

    def _artifact(self, artifact: Node) -> Iterator[Result]:
        for result in self._named(get(artifact, "image"), "artifact", Class.PRODUCT):
            if isinstance(result, Finding):
                yield result
        for path, kind in _PULLED:
            yield from self._named(get(artifact, *path), kind)
        others = [name for name, _, _ in items(artifact) if name in ("jib", "ko", "buildpacks")]
        custom = {"bazel", "custom", *others}
        if not custom & {name for name, _, _ in items(artifact)}:
            yield from self._build(artifact)

    def _build(self, artifact: Node) -> Iterator[Result]:
        builder = next((n for k in _BUILDERS if (n := get(artifact, k)) is not None), None)
        context = text_of(get(artifact, "context")) or "."
        name = text_of(get(builder, "dockerfile")) or "Dockerfile"
        place = self.part.place(self.path, artifact)
        if is_remote(context):
            yield Skipped(self.path, f"line {place.line}: the context {context} is remote")
            return
        path = join(join(self.folder, context), name)
        document = self.scope.files.read(path)
        if document is None:
            yield Skipped(self.path, f"line {place.line}: there is no Dockerfile at {path}")
            return
        needed = dict(self._needed(artifact))
        args = {name: text_of(value) or "" for name, _, value in items(get(builder, "buildArgs"))}
        build = Build(
            {**needed, **args, **self.scope.inputs.build_args},
            text_of(get(builder, "target")),
            self.scope.inputs.platform,
            dict.fromkeys(needed.values(), "target:artifact"),
            (place,),
        )
        yield from (_explained(result, args) for result in read_build(document, build))

    def _needed(self, artifact: Node) -> Iterator[tuple[str, str]]:
        """The artifacts that another one is built on, by the build argument that names each."""
        for node in elements(get(artifact, "requires")):
            image = text_of(get(node, "image"))
            if image:
                alias = text_of(get(node, "alias")) or re.sub(r"\W", "_", image).upper()
                yield alias, image

    def _named(
        self, node: Node | None, kind: str, class_: Class = Class.PULL
    ) -> Iterator[Finding | Unresolved]:
        name = text_of(node)
        if node is None or not name:
            return
        place = self.part.place(self.path, node, column=1 if getattr(node, "style", None) else 0)
        if _TEMPLATE.search(name):
            reason = "a template that skaffold fills in when it runs"
            yield Unresolved(name, place, reason)
            return
        yield found(name, place, kind, class_=class_)


def _explained(result: Result, args: Mapping[str, str]) -> Result:
    """Why a build argument that is a template leaves a name open."""
    templated = tuple(name for name, value in args.items() if _TEMPLATE.search(value))
    if not isinstance(result, Unresolved) or not templated:
        return result
    reason = f"skaffold fills in {', '.join(templated)} when it runs: give --build-arg"
    return Unresolved(result.written, result.place, reason, templated, result.via)
