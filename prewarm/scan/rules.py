"""A person's own rules for formats of their own: a path of keys, or an expression with groups."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pathspec import GitIgnoreSpec
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from prewarm.errors import UsageError
from prewarm.scan.finding import Finding, Place, Result, Skipped, Unresolved, found
from prewarm.scan.keypaths import at
from prewarm.scan.reader import Document
from prewarm.scan.yamltext import parse

_GROUPS = ("image", "registry", "repository", "tag", "digest")
_MAX_LINE = 10_000


@dataclass(frozen=True, slots=True)
class Rule:
    """In files of these globs, an image stands at a path of keys or where an expression matches.

    `path` has keys apart by dots; `*` is any key or element, `**` any number of them. `pattern`
    has a group `image`, or `repository` with any of `registry`, `tag` and `digest`.
    """

    files: GitIgnoreSpec
    path: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    kind: str = "own rule"

    @classmethod
    def make(cls, files: str, path: str = "", pattern: str = "", kind: str = "own rule") -> Rule:
        """A rule from its texts; raises UsageError."""
        if bool(path) == bool(pattern):
            raise UsageError("scan rule", "needs either a path or a pattern")
        try:
            compiled = re.compile(pattern) if pattern else None
        except re.error as error:
            raise UsageError("scan rule", f"pattern is no expression: {error}") from error
        if compiled and not {"image", "repository"} & set(compiled.groupindex):
            raise UsageError("scan rule", "pattern names no image", "give it a group (?P<image>…)")
        return cls(GitIgnoreSpec.from_lines([files]), tuple(path.split(".")), compiled, kind)

    def claims(self, path: str) -> bool:
        """Whether the rule reads this file."""
        return self.files.match_file(path)

    def read(self, document: Document) -> Iterator[Result]:
        """What the rule finds in one file."""
        if self.pattern is not None:
            yield from self._match(document, self.pattern)
        elif document.path.endswith(".toml"):
            yield from self._in_toml(document)
        else:
            yield from self._in_yaml(document)

    def _match(self, document: Document, pattern: re.Pattern[str]) -> Iterator[Result]:
        for number, line in enumerate(document.text.splitlines(), 1):
            for match in pattern.finditer(line[:_MAX_LINE]):
                groups = {g: match[g] for g in _GROUPS if g in pattern.groupindex and match[g]}
                first = "image" if "image" in groups else "repository"
                if first in groups:
                    place = Place(document.path, number, match.start(first) + 1)
                    yield found(_join(groups), place, self.kind, written=groups[first])

    def _in_yaml(self, document: Document) -> Iterator[Result]:
        for part in parse(document.text):
            if part.root is None:
                yield Skipped(document.path, part.error)
                continue
            for node in at(part.root, self.path, _children):
                if isinstance(node, ScalarNode):
                    yield found(str(node.value), part.place(document.path, node), self.kind)

    def _in_toml(self, document: Document) -> Iterator[Finding | Unresolved | Skipped]:
        from prewarm.scan.tomltext import strings_at  # noqa: PLC0415

        try:
            for value, line, column in strings_at(document.text, self.path):
                yield found(value, Place(document.path, line, column), self.kind)
        except ValueError as error:
            yield Skipped(document.path, str(error))


def _join(groups: dict[str, str]) -> str:
    if "image" in groups:
        return groups["image"]
    registry = f"{groups['registry'].rstrip('/')}/" if "registry" in groups else ""
    tag = f":{groups['tag']}" if "tag" in groups else ""
    digest = f"@{groups['digest']}" if "digest" in groups else ""
    return f"{registry}{groups['repository']}{tag}{digest}"


def _children(node: Node) -> Iterator[tuple[str, Node]]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield (str(key.value) if isinstance(key, ScalarNode) else ""), value
    elif isinstance(node, SequenceNode):
        for index, value in enumerate(node.value):
            yield str(index), value
