"""From a Dockerfile's text to its instructions: continued lines, comments, heredocs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from prewarm.scan.dockerfile.command import Command, split
from prewarm.scan.dockerfile.directives import DirectiveReader
from prewarm.scan.dockerfile.refusal import BadWord, Refused
from prewarm.scan.dockerfile.text import SPACES, Line, Position
from prewarm.scan.dockerfile.word import split_words

_MAX_LINE = 64 * 1024
_HEREDOC = re.compile(r"[0-9]*<<(-?)[\t\n\f\r ]*([^<]*)")
_TAKE_HEREDOCS = {"add", "copy", "run"}


@dataclass(frozen=True, slots=True)
class Source:
    """A Dockerfile as its instructions, in order, and the character that escapes in it."""

    commands: tuple[Command, ...]
    escape: str


def read_source(text: str) -> Source:
    """Part a text into instructions; Refused where BuildKit's parser gives up."""
    lines = _Lines(text)
    commands = tuple(lines.commands())
    if not commands:
        raise Refused(max(len(lines.lines), 1), "there is no instruction")
    return Source(commands, lines.escape)


@dataclass(slots=True)
class _Lines:
    text: str
    lines: list[str] = field(init=False)
    at: int = 0
    escape: str = "\\"
    directives: DirectiveReader = field(default_factory=DirectiveReader)

    def __post_init__(self) -> None:
        self.lines = self.text.split("\n")
        if not self.lines[-1]:
            self.lines.pop()

    def commands(self) -> Iterator[Command]:
        while self.at < len(self.lines):
            raw = self._next()
            stripped = raw.lstrip(SPACES)
            if self._obeys(stripped) or not stripped or stripped[0] == "#":
                continue
            line = self._join(stripped, len(raw) - len(stripped) + 1)
            command = split(line, self.escape)
            if "<<" in line.text and takes_heredocs(command, self.escape):
                self._skip_heredocs(line)
            yield command

    def _next(self) -> str:
        raw = self.lines[self.at]
        self.at += 1
        if len(raw) > _MAX_LINE // 4 and len(raw.encode()) >= _MAX_LINE:
            raise Refused(self.at, f"a line has more than {_MAX_LINE - 1} bytes")
        return raw.rstrip("\r\n")

    def _obeys(self, stripped: str) -> bool:
        directive = self.directives.read(stripped, self.at)
        if directive is None:
            return False
        if directive.name == "escape":
            if directive.value not in ("\\", "`"):
                raise Refused(self.at, f"{directive.value!r} can be no escape: write ` or \\")
            self.escape = directive.value
        return True

    def _join(self, first: str, column: int) -> Line:
        parts: list[tuple[int, Position]] = [(0, (self.at, column))]
        joined, continues = self._cut(first)
        while continues and self.at < len(self.lines):
            raw = self._next()
            stripped = raw.lstrip(SPACES)
            if not stripped or stripped[0] == "#":
                continue
            parts.append((len(joined), (self.at, 1)))
            raw, continues = self._cut(raw)
            joined += raw
        return Line(joined, tuple(parts))

    def _cut(self, line: str) -> tuple[str, bool]:
        """A line without its continuation mark, and whether it had one."""
        body = line.rstrip("\t ")
        if body.endswith(self.escape) and not body.endswith(self.escape * 2):
            return body[:-1], True
        return line, False

    def _skip_heredocs(self, line: Line) -> None:
        for end, chomp in open_heredocs(line):
            while True:
                if self.at == len(self.lines):
                    raise Refused(line.number, f"the heredoc {end!r} has no end")
                body = self._next()
                if (body.lstrip("\t") if chomp else body) == end:
                    break


def takes_heredocs(command: Command, escape: str) -> bool:
    """Whether `<<` means a heredoc for this instruction, or for the one that it defers."""
    if command.name == "onbuild" and command.rest:
        command = split(command.line, escape, command.offset)
    return command.name in _TAKE_HEREDOCS and command.strings is None


def is_heredoc(word: str) -> bool:
    """Whether a word of an instruction opens a heredoc."""
    try:
        return _heredoc(word) is not None
    except BadWord:
        return False


def open_heredocs(line: Line) -> Iterator[tuple[str, bool]]:
    """The ends of the heredocs that a line opens, and whether tabs before them do not count."""
    try:
        words = split_words(line.text, raw=True)
    except BadWord:
        return
    for word in words:
        try:
            heredoc = _heredoc(word)
        except BadWord as error:
            raise Refused(line.number, error.problem) from error
        if heredoc:
            yield heredoc


def _heredoc(word: str) -> tuple[str, bool] | None:
    match = _HEREDOC.fullmatch(word)
    if match is None or not match[2]:
        return None
    names = split_words(match[2])
    return (names[0], bool(match[1])) if len(names) == 1 else None
