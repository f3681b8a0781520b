"""The instructions that matter to images, each read as BuildKit reads it before it builds."""

from __future__ import annotations

import re
from dataclasses import dataclass

from prewarm.scan.dockerfile.assignments import declared
from prewarm.scan.dockerfile.checks import check, check_run_flags, known_flags, passed_over
from prewarm.scan.dockerfile.command import Command, split
from prewarm.scan.dockerfile.lines import open_heredocs, read_source
from prewarm.scan.dockerfile.records import BadRecord, find_sources
from prewarm.scan.dockerfile.text import Text

_STAGE_NAME = re.compile(r"[a-z][a-z0-9-_.]*")
_ONBUILD = re.compile(r"[\t\n\f\r ]*ONBUILD[\t\n\f\r ]*", re.IGNORECASE)
_NEVER_DEFERRED = {"ONBUILD", "MAINTAINER", "FROM"}


@dataclass(frozen=True, slots=True)
class From:
    """A stage begins: its base, the platform it asks for, its name in lower case ("" if none)."""

    base: Text
    platform: Text | None
    name: str


@dataclass(frozen=True, slots=True)
class Arg:
    """Variables are declared, each with its default value or None."""

    line: int
    pairs: list[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Copy:
    """Files are copied from a stage, by name or number, or from an image."""

    line: int
    source: Text


@dataclass(frozen=True, slots=True)
class Run:
    """A command runs with mounts, each of a stage or an image; None is a mount of neither."""

    line: int
    sources: tuple[Text | None, ...]


@dataclass(frozen=True, slots=True)
class Onbuild:
    """An instruction is deferred until a stage is built on this one."""

    command: Command
    start: int


@dataclass(frozen=True, slots=True)
class Other:
    """An instruction that names no image."""

    line: int


Instruction = From | Arg | Copy | Run | Onbuild | Other


def read_instruction(command: Command, escape: str) -> Instruction:
    """Understand an instruction; Refused where BuildKit's parser refuses it."""
    if command.name == "from":
        return _read_from(command)
    check(command, escape)
    if command.name == "arg":
        return Arg(command.line.number, declared(command, escape))
    if command.name == "copy":
        return _read_copy(command)
    if command.name == "run":
        return _read_run(command)
    if command.name == "onbuild":
        return _read_onbuild(command)
    return Other(command.line.number)


def read_deferred(onbuild: Onbuild) -> Instruction:
    """The instruction that an ONBUILD defers.

    BuildKit reads it as a file of its own, so the file's escape does not hold in it.
    """
    line = onbuild.command.line.tail(onbuild.start)
    ends = "".join(f"\n{end}" for end, _ in open_heredocs(onbuild.command.line))
    source = read_source(line.text + ends)
    if len(source.commands) != 1:
        raise onbuild.command.refused("defers more than one instruction")
    inner = source.commands[0].line
    begin = inner.parts[0][1][1] - 1
    command = split(line.tail(begin).cut(inner.text), source.escape)
    passed_over(command, frontend=False)
    return read_instruction(command, source.escape)


def _read_from(command: Command) -> From:
    words = command.words
    base = _unquoted(words[0] if words else "", command)
    if len(words) not in (1, 3) or (len(words) == 3 and words[1].casefold() != "as"):
        whole = Text(command.rest, command.rest, command.line.position(command.offset))
        problem = "wants one image, or an image AS a name"
        raise command.refused(problem, whole if words else None)
    name = words[2].lower() if len(words) == 3 else ""
    if name and not _STAGE_NAME.fullmatch(name):
        raise command.refused(f"cannot name a stage {words[2]!r}", base)
    platforms = [
        flag.part(command.line, len("--platform="), len(flag.text))
        for flag in known_flags(command).get("platform", ())
        if flag.value
    ]
    return From(base, platforms[0] if platforms else None, name)


def _unquoted(word: str, command: Command) -> Text:
    """A word as BuildKit expands it, shown without the quotes around it."""
    inner = word[1:-1]
    quoted = len(word) > 1 and word[0] in "'\"" and word[-1] == word[0] and word[0] not in inner
    position = command.line.position(command.offset + quoted)
    return Text(word, inner if quoted else word, position)


def _read_copy(command: Command) -> Copy | Other:
    for flag in known_flags(command).get("from", ()):
        if flag.value:
            source = flag.part(command.line, len("--from="), len(flag.text))
            return Copy(command.line.number, source)
    return Other(command.line.number)


def _read_run(command: Command) -> Run:
    check_run_flags(command)
    sources: list[Text | None] = []
    for flag in known_flags(command).get("mount", ()):
        start = len("--mount=")
        try:
            spans = find_sources(flag.text[start:])
        except BadRecord as error:
            raise command.refused(f"cannot read {flag.text}: {error}") from error
        names = [flag.part(command.line, start + begin, start + end) for begin, end in spans]
        sources.append(names[-1] if names and names[-1].value else None)
    return Run(command.line.number, tuple(sources))


def _read_onbuild(command: Command) -> Onbuild:
    word = command.words[0].upper() if command.words else ""
    if not word or word in _NEVER_DEFERRED:
        raise command.refused(f"cannot defer {word}" if word else "wants an instruction")
    match = _ONBUILD.match(command.line.text)
    return Onbuild(command, match.end() if match else command.offset)
