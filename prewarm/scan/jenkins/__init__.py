"""Jenkins: the agents of declarative pipelines, `docker.image` of scripted ones, pods of both."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from prewarm.scan.building import built
from prewarm.scan.expansion import Expanded
from prewarm.scan.finding import Result
from prewarm.scan.jenkins.pods import pod
from prewarm.scan.jenkins.script import Block, Script
from prewarm.scan.naming import host_of, named, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Text

__all__ = ["read"]

_PULLING = {"inside", "pull"}
"""Methods of an image that put the registry of `withRegistry` in front of its name."""

_NO_REGISTRY = Expanded()
_RUNNING = {"run", "withRun"}
_BUILD_ARG = re.compile(r"--build-arg[= ]([A-Za-z_]\w*)=([^\s\"']+)")


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What a pipeline's agents and its own calls of Docker pull."""
    yield from settled(_Reading(document, scope).results())


class _Reading:
    """One Jenkinsfile."""

    def __init__(self, document: Document, scope: Scope) -> None:
        self._document = document
        self._scope = scope
        self._script = Script(document, scope.inputs.variables)

    def results(self) -> Iterator[Result]:
        for block in self._script.blocks:
            if block.name == "agent":
                yield from self._agent(block)
            elif block.outer[-1:] == ("agent",) and block.name == "docker":
                yield from self._docker(block)
            elif block.outer[-1:] == ("agent",) and block.name == "dockerfile":
                yield from self._dockerfile(block)
            elif block.name == "kubernetes":
                yield from self._pods(block.start, block.end)
            elif block.name == "containerTemplate":
                yield from self._setting(block.start, block.end, "image", "container")
        yield from self._calls()

    def _agent(self, block: Block) -> Iterator[Result]:
        """The short forms: `docker 'x'`, `docker(image: 'x')`, `dockerfile true`."""
        script, environment = self._script, _in_stage(block)
        for index in range(block.start, block.end):
            name, value = script.at(index), script.at(index + 1)
            if name.kind != "name":
                continue
            if name.text == "docker" and value.kind == "string":
                yield from self._image(index + 1, "agent image", environment=environment)
            elif name.text == "docker" and value.text == "(":
                for image in script.settings(index + 2, script.closing(index + 1), "image"):
                    yield from self._image(image, "agent image", environment=environment)
            elif name.text == "dockerfile" and value.text == "true":
                place = script.place(name.start)
                yield from built(self._beside("Dockerfile"), place, self._scope)

    def _docker(self, block: Block) -> Iterator[Result]:
        registry = next(self._script.settings(block.start, block.end, "registryUrl"), None)
        prefix = _NO_REGISTRY if registry is None else self._registry(registry)
        for value in self._script.settings(block.start, block.end, "image"):
            yield from self._image(value, "agent image", prefix, _in_stage(block))

    def _dockerfile(self, block: Block) -> Iterator[Result]:
        filename = self._plain(block, "filename") or "Dockerfile"
        folder = self._plain(block, "dir") or "."
        args = dict(_BUILD_ARG.findall(self._plain(block, "additionalBuildArgs") or ""))
        place = self._script.place(self._script.at(block.start).start)
        yield from built(
            self._beside(posixpath.join(folder, filename)), place, self._scope, args=args
        )

    def _beside(self, path: str) -> str:
        """Jenkins resolves paths from the root of the checkout, which may be above this file."""
        if self._scope.files.read(path) is not None:
            return path
        return posixpath.join(posixpath.dirname(self._document.path), path)

    def _plain(self, block: Block, name: str) -> str | None:
        for value in self._script.settings(block.start, block.end, name):
            expanded = self._script.argument(value)[1]
            return None if expanded.missing else expanded.text
        return None

    def _calls(self) -> Iterator[Result]:
        script = self._script
        for index, token in enumerate(script.tokens):
            if token.kind != "name" or script.at(index + 1).text != "(":
                continue
            closing = script.closing(index + 1)
            if token.text == "containerTemplate":
                yield from self._setting(index + 2, closing, "image", "container")
            elif token.text == "podTemplate":
                yield from self._pods(index + 2, closing)
            elif [t.text for t in script.tokens[index - 2 : index + 1]] == ["docker", ".", "image"]:
                yield from self._docker_image(index, closing)

    def _docker_image(self, index: int, closing: int) -> Iterator[Result]:
        method = (
            self._script.at(closing + 2).text if self._script.at(closing + 1).text == "." else ""
        )
        used = {method} if method else self._methods(index - 2)
        if used and not used & (_PULLING | _RUNNING):
            return
        prefix = _NO_REGISTRY
        for block in self._script.blocks:
            around = block.start <= index < block.end and block.name == "withRegistry"
            if around and block.arguments[0] < block.arguments[1]:
                prefix = self._registry(block.arguments[0])
        if used and not used & _PULLING:
            prefix = _NO_REGISTRY
        yield from self._image(index + 2, "step image", prefix)

    def _methods(self, start: int) -> set[str]:
        """The methods called on the name that `docker.image(…)` is assigned to."""
        name = self._script.at(start - 2)
        if self._script.at(start - 1).text != "=" or name.kind != "name":
            return set()
        return {
            self._script.at(index + 2).text
            for index, token in enumerate(self._script.tokens)
            if token == name or (token.kind == "name" and token.text == name.text)
            if self._script.at(index + 1).text == "."
        }

    def _setting(self, start: int, end: int, name: str, kind: str) -> Iterator[Result]:
        for value in self._script.settings(start, end, name):
            yield from self._image(value, kind)

    def _pods(self, start: int, end: int) -> Iterator[Result]:
        for value in self._script.settings(start, end, "yaml"):
            if self._script.at(value).kind == "string":
                yield from pod(self._script.at(value), self._script, self._document.path)

    def _registry(self, value: int) -> Expanded:
        expanded = self._script.argument(value)[1]
        return expanded if expanded.missing else Expanded(host_of(expanded.text))

    def _image(
        self, value: int, kind: str, registry: Expanded = _NO_REGISTRY, environment: bool = True
    ) -> Iterator[Result]:
        if self._script.at(value).text in ("", ")"):
            return
        source, name = self._script.argument(value, environment)
        if (registry.text and not name.text.startswith(f"{registry.text}/")) or registry.missing:
            name = registry.then(Expanded("/")).then(name)
        yield from named(name, _trimmed(source), kind)


def _in_stage(block: Block) -> bool:
    """Whether a block stands in a stage: the pipeline's environment is set there, not above."""
    return "stage" in block.outer


def _trimmed(source: Text) -> Text:
    return source.part(len(source.value) - len(source.value.lstrip()))
