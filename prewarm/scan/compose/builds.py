"""The `build:` section of a service: its Dockerfile, read as compose would build it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from prewarm.errors import UsageError
from prewarm.oci import Platform
from prewarm.scan.compose.images import Container, image_result, inside
from prewarm.scan.compose.inline import located
from prewarm.scan.compose.interpolation import BLANK
from prewarm.scan.compose.merge import mapping_of
from prewarm.scan.compose.nodes import BUILD_PLACE
from prewarm.scan.compose.paths import is_remote, join
from prewarm.scan.compose.values import Leaf, Refused, Table, items, leaf
from prewarm.scan.dockerfile import Build, read_build
from prewarm.scan.finding import Class, Place, Result, Skipped
from prewarm.scan.reader import Document, Scope

_IMAGE_CONTEXT = "docker-image://"


@dataclass(frozen=True, slots=True)
class Builder:
    """Reads the builds of one project; `made` are the images that the project itself builds."""

    file: str
    scope: Scope
    environment: Mapping[str, str]
    made: Mapping[str, Class]

    def results(self, container: Container) -> Iterator[Result]:
        """The tags that a build gives, and the images that it pulls."""
        build = container.build
        if not build:
            return
        for tag in items(build.get("tags")):
            if isinstance(tag, Leaf):
                yield from image_result(tag, f"build tag{container.suffix}", None, Class.PRODUCT)
        contexts = {k: v for k, v in mapping_of(build.get("additional_contexts")).items() if v.text}
        try:
            document = self._dockerfile(build)
        except Refused as refused:
            yield Skipped(self.file, f"{container.path}: {refused}")
            document = None
        for platform in self._platforms(container):
            options = Build(
                {**self._args(build), **self.scope.inputs.build_args},
                _text(build.get("target")) or None,
                platform,
                {name: _context(value) for name, value in contexts.items()},
                _via(container),
            )
            yield from self._build(document, options, contexts, build)

    def _build(
        self,
        document: Document | None,
        options: Build,
        contexts: Mapping[str, Leaf],
        build: Table,
    ) -> Iterator[Result]:
        results = self._read(document, options, build)
        yield from results
        for name, value in contexts.items():
            if not value.text.startswith(_IMAGE_CONTEXT):
                continue
            others = {key: text for key, text in options.contexts.items() if key != name}
            bare = self._read(document, replace(options, contexts=others), build)
            if document is None or bare != results:
                start = max(value.written.find(_IMAGE_CONTEXT), 0) + len(_IMAGE_CONTEXT)
                image = inside(value, start, len(_IMAGE_CONTEXT))
                class_ = self.made.get(image.text, Class.PULL)
                yield from image_result(image, "build context", None, class_)

    def _read(self, document: Document | None, options: Build, build: Table) -> list[Result]:
        if document is None:
            return []
        results = read_build(document, options)
        inline = leaf(build.get("dockerfile_inline"))
        if inline is None:
            return list(results)
        source = self.scope.files.read(inline.place.file)
        lines = source.text.split("\n") if source else []
        return [located(result, inline.text, inline.place, lines) for result in results]

    def _dockerfile(self, build: Table) -> Document:
        """The Dockerfile of a build. Raises Refused where there is none to read."""
        context, inline = leaf(build.get("context")), leaf(build.get("dockerfile_inline"))
        named = leaf(build.get("dockerfile"))
        for part in (context, inline, named):
            if part and part.fault:
                raise Refused(f"line {part.place.line}: {part.fault}")
        if inline is not None:
            return Document(inline.place.file, inline.text)
        if context and is_remote(context.text):
            raise Refused(f"its build context {context.text} is remote and was not read")
        folder = join(context.folder, context.text) if context else ""
        name = named.text if named and named.text else "Dockerfile"
        document = self.scope.files.read(join(folder, name))
        if document is None and name == "Dockerfile":
            document = self.scope.files.read(join(folder, "dockerfile"))
        if document is None:
            blanks = [v for p in (context, named) if p and BLANK in p.marked for v in p.empty]
            because = f" ({', '.join(blanks)} without a value)" if blanks else ""
            raise Refused(f"there is no Dockerfile at {join(folder, name)}{because}")
        return document

    def _args(self, build: Table) -> dict[str, str]:
        """The build arguments; one without a value takes that of the environment, if any."""
        args: dict[str, str] = {}
        for name, value in mapping_of(build.get("args")).items():
            if value.value is not None:
                args[name] = value.text
            elif name in self.environment:
                args[name] = self.environment[name]
        return args

    def _platforms(self, container: Container) -> tuple[Platform, ...]:
        listed = [_text(item) for item in items(container.build.get("platforms"))]
        named = [_platform(text) for text in listed or [container.platform or ""]]
        return tuple(p for p in named if p) or (self.scope.inputs.platform,)


def _text(value: object) -> str:
    return value.text if isinstance(value, Leaf) else ""


def _platform(text: str) -> Platform | None:
    try:
        return Platform.parse(text)
    except UsageError:
        return None


def _context(value: Leaf) -> str:
    """A named context as a build is given it: what is a path starts at the root of the tree."""
    if is_remote(value.text) or value.text.startswith(("service:", "target:")):
        return value.text
    return join(value.folder, value.text)


def _via(container: Container) -> tuple[Place, ...]:
    build = container.spec.get(BUILD_PLACE)
    return (build.place,) if isinstance(build, Leaf) else ()
