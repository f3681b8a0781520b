"""Earthly: the images that an Earthfile's targets start from or load into their Docker."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from prewarm.scan.building import beside, built
from prewarm.scan.expansion import Expanded, expand, nested
from prewarm.scan.finding import Place, Result
from prewarm.scan.naming import named, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Text

_TARGET = re.compile(r"[A-Za-z][\w.-]*:[ \t]*(?:#.*)?$")
_COMMAND = re.compile(r"[ \t]*(WITH[ \t]+DOCKER|FROM[ \t]+DOCKERFILE|FROM|ARG|LET)\b")
_WORD = re.compile(r"(?:[^\s\"'\\]|\\.|\"(?:[^\"\\]|\\.)*\"|'[^']*')+")
_FLAGS_WITH_VALUE = {"-f", "--build-arg", "--target", "--platform", "--pull", "--load", "--compose"}


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What the targets of an Earthfile pull; targets (`+name`) are not images."""
    yield from settled(_Reading(document, scope).results())


class _Reading:
    """One Earthfile; the arguments of its top are seen in every target."""

    def __init__(self, document: Document, scope: Scope) -> None:
        self._document = document
        self._scope = scope
        self._shared: dict[str, str] = {}
        self._own: dict[str, str] = {}

    def results(self) -> Iterator[Result]:
        in_target = False
        for line in _logical_lines(self._document):
            if not line.value[0].isspace() and _TARGET.match(line.value):
                in_target, self._own = True, {}
                continue
            command = _COMMAND.match(line.value)
            if command:
                words = list(_words(line, command.end()))
                name = " ".join(command[1].split())
                yield from self._command(name, words, in_target)

    def _command(self, name: str, words: list[Text], in_target: bool) -> Iterator[Result]:
        if name in ("ARG", "LET"):
            self._declare(words, self._own if in_target else self._shared)
        elif name == "FROM":
            platform = _flags(words).get("--platform")
            for image in _positional(words)[:1]:
                yield from self._image(image, "base image", platform)
        elif name == "FROM DOCKERFILE":
            yield from self._dockerfile(words)
        else:
            for image in _values_of(words, "--pull"):
                yield from self._image(image, "image", None)

    def _declare(self, words: list[Text], into: dict[str, str]) -> None:
        source = " ".join(word.value for word in words if not word.value.startswith("--"))
        name, equals, value = source.partition("=")
        if equals and "$(" not in value:
            into[name.strip()] = _unquoted(value.strip())
        else:
            into.pop(name.strip(), None)

    def _expanded(self, value: str) -> Expanded:
        known = {**self._shared, **self._own, **self._scope.inputs.build_args}
        return expand(_unquoted(value), nested({**known, **self._scope.inputs.variables}))

    def _image(self, source: Text, kind: str, platform: Text | None) -> Iterator[Result]:
        if "+" in source.value:
            return
        asked = self._expanded(platform.value) if platform is not None else Expanded()
        known = asked.text if asked.text and not asked.missing else None
        quoted = source.value[:1] in ("'", '"')
        shown = source.part(1, -1) if quoted else source
        yield from named(self._expanded(source.value), shown, kind, platform=known)

    def _dockerfile(self, words: list[Text]) -> Iterator[Result]:
        flags = _flags(words)
        context = next(iter(_positional(words)), None)
        file = flags.get("-f")
        if context is None or "+" in context.value or (file is not None and "+" in file.value):
            return
        path = file.value if file is not None else f"{context.value}/Dockerfile"
        pairs = [word.value.partition("=") for word in _values_of(words, "--build-arg")]
        args = {name: self._expanded(value).text for name, equals, value in pairs if equals}
        target = flags.get("--target")
        yield from built(
            beside(self._document.path, path),
            context.place,
            self._scope,
            args=args,
            target=target.value if target is not None else None,
        )


def _logical_lines(document: Document) -> Iterator[Text]:
    """Lines with those that follow a backslash; comments and blank lines left out."""
    pending: Text | None = None
    for number, line in enumerate(document.text.replace("\r\n", "\n").split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            if pending is not None:
                pending = Text(f"{pending.value}\n", pending.place)
            continue
        if pending is None:
            pending = Text(line, Place(document.path, number, 1))
        else:
            pending = Text(f"{pending.value}\n{line}", pending.place)
        if not line.rstrip().endswith("\\"):
            yield pending
            pending = None
    if pending is not None:
        yield pending


def _words(line: Text, start: int) -> Iterator[Text]:
    for match in _WORD.finditer(line.value, start):
        if match[0].startswith("#"):
            return
        if match[0] != "\\":
            yield line.part(match.start(), match.end())


def _positional(words: list[Text]) -> list[Text]:
    found, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word.value.startswith("-"):
            skip = word.value in _FLAGS_WITH_VALUE
        else:
            found.append(word)
    return found


def _flags(words: list[Text]) -> dict[str, Text]:
    """The last value of each flag."""
    names = {word.value.partition("=")[0] for word in words if word.value.startswith("-")}
    return {name: values[-1] for name in names if (values := list(_values_of(words, name)))}


def _values_of(words: list[Text], name: str) -> Iterator[Text]:
    for word, following in zip(words, [*words[1:], None], strict=True):
        if word.value == name and following is not None:
            yield following
        elif word.value.startswith(f"{name}="):
            yield word.part(len(name) + 1)


def _unquoted(value: str) -> str:
    if value[:1] not in ("'", '"'):
        return value
    try:
        return "".join(shlex.split(value))
    except ValueError:
        return value
