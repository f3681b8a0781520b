"""Values of plain block-style YAML, read without a parser's nodes, and only as far as they matter.

Most manifests are such: lines of `key: value` with indentation. Where anything else turns up (flow
style, block scalars, quotes with escapes), just that part goes to the real parser; where even the
extent of a part is in doubt, the whole document does. The result is the same either way, but that
blocks with nothing that is wanted in them are empty.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from yaml.resolver import Resolver

from prewarm.scan import yamltext
from prewarm.scan.finding import Place
from prewarm.scan.values import Mapping, Sequence, Text, Value
from prewarm.scan.yamlvalues import from_node

_KEY = re.compile(
    r"(?P<key>[A-Za-z0-9_./$][^:\n\"'{}\[\]#,&*]*|\"[^\"\\\n]*\"|'[^'\n]*'):(?P<rest>$|[ ].*)"
)
_NOTHING = re.compile(r" *(?:#.*)?$")
_BLOCK = re.compile(r" *[|>][0-9+-]* *$")
_PLAIN = re.compile(
    r"( *)(?:([A-Za-z0-9_./$~<+-](?:[^\s:#]|:(?=\S)|(?<=\S)#| (?! *#))*)|\"([^\"\\]*)\"|'([^']*)')"
    r" *(?: #.*)?$"
)
_LINKED = re.compile(r"(?:^|[\s\[{,:-])(?:[&*!][A-Za-z0-9_]|!!|<<[ ]*:)")
_OPENED = re.compile(
    r"(?:^|[:-]) +(?:\"(?:[^\"\\\n]|\\.)*$|'(?:[^'\n]|'')*$"
    r"|[\[{](?:[^\[\]{}\n]|\[[^\[\]\n]*\]|\{[^{}\n]*\})*$)",
    re.MULTILINE,
)
_BREAKS = {"\x85", "\u2028", "\u2029", "\ufeff"}
_LONGEST = 2000
"""Letters of a scalar that is read here; longer ones are left to the parser."""

_SHORT_BLOCK = 4
"""Lines of a block scalar that are read whatever is in them."""

_RESOLVERS = Resolver.yaml_implicit_resolvers


class _Doubtful(Exception):
    """A part's extent cannot be told from its indentation."""


def read_part(
    first_line: int, text: str, path: str, lines: list[str], wanted: re.Pattern[str] | None
) -> Value | str | None:
    """What one document of a file holds, or what is wrong with it; None if it holds nothing.

    `text` begins in line `first_line` of the file whose lines are `lines`. With `wanted`, a block
    in which nothing of that is found may become empty.
    """
    if text.lstrip()[:1] not in ("{", "[") and yamltext.is_sound(text):
        value = value_of(first_line, text, path, lines, wanted)
        if value is not None:
            return value
    part = yamltext.compose(first_line, text)
    if part is None:
        return None
    return part.error if part.root is None else from_node(part.root, part, path, lines)


def value_of(
    first_line: int, text: str, path: str, lines: list[str], wanted: re.Pattern[str] | None
) -> Value | None:
    """The value of a document without fault, or None if the parser must read the whole of it."""
    if "\r" in text or "\t" in text or not (text.isascii() or _BREAKS.isdisjoint(text)):
        return None
    if any(sign in text for sign in "&*!<") and _LINKED.search(text):
        return None
    if _may_be_open(text) and _OPENED.search(text):
        return None
    own_lines = text.split("\n")
    if text.startswith("---"):
        if own_lines[0][3:].strip():
            return None
        own_lines[0] = ""
    marks = _marks(text, wanted) if wanted is not None else None
    try:
        return _Reading(own_lines, first_line, path, lines, marks).value()
    except (_Doubtful, RecursionError):
        return None


class _Reading:
    """One document's lines, with the numbers of those in which something is wanted."""

    def __init__(
        self,
        own_lines: list[str],
        first_line: int,
        path: str,
        lines: list[str],
        marks: list[int] | None,
    ) -> None:
        self._path = path
        self._first = first_line
        self._file_lines = lines
        self._lines = own_lines
        self._marks = marks
        self._indents = [
            -1
            if not (content := line.lstrip(" ")) or content[0] == "#"
            else len(line) - len(content)
            for line in own_lines
        ]

    def value(self) -> Value:
        return self._block(0, len(self._lines))

    def _place(self, line: int, column: int) -> Place:
        return Place(self._path, self._first + line, column + 1)

    def _block(self, start: int, end: int) -> Value:
        """A block collection that fills these lines, or anything else."""
        indents = self._indents
        while start < end and indents[start] < 0:
            start += 1
        if start == end:
            raise _Doubtful
        indent = indents[start]
        heads = [i for i in range(start, end) if 0 <= indents[i] <= indent]
        if any(indents[i] != indent for i in heads):
            raise _Doubtful
        if _is_item(self._lines[start], indent):
            return self._sequence(heads, end, indent)
        return self._mapping(heads, end, indent)

    def _sequence(self, heads: list[int], end: int, indent: int) -> Value:
        lines = self._lines
        items: list[Value] = []
        if not all(_is_item(lines[i], indent) for i in heads):
            raise _Doubtful
        for head, following in zip(heads, [*heads[1:], end], strict=True):
            content = lines[head][indent + 1 :].lstrip(" ")
            if _KEY.match(content):
                if self._has_mark(head, following):
                    items.append(self._item(head, following, len(lines[head]) - len(content)))
            elif head + 1 == following and (text := self._scalar(head, content)) is not None:
                items.append(text)
            else:
                part = self._parsed(head, following)
                items.extend(part.items if isinstance(part, Sequence) else [part])
        return Sequence(tuple(items), self._place(heads[0], indent))

    def _item(self, head: int, end: int, column: int) -> Value:
        indents = self._indents
        heads = [i for i in range(head + 1, end) if 0 <= indents[i] <= column]
        if any(indents[i] != column for i in heads):
            raise _Doubtful
        return self._mapping([head, *heads], end, column)

    def _mapping(self, heads: list[int], end: int, indent: int) -> Value:
        lines, entries = self._lines, dict[str, Value]()
        first = heads[0]
        heads = [i for i in heads if i == first or not _is_item(lines[i], indent)]
        for head, following in zip(heads, [*heads[1:], end], strict=True):
            match = _KEY.match(lines[head], indent)
            if match is None:
                raise _Doubtful
            key, rest = match.groups()
            key = key[1:-1] if key[0] in "\"'" else key.rstrip(" ")
            if rest and head + 1 == following and (text := self._scalar(head, rest)) is not None:
                entries[key] = text
                continue
            value = self._entry(head, following, len(lines[head]) - len(rest), rest)
            if value is None:
                part = self._parsed(head, following, indent)
                if not isinstance(part, Mapping):
                    raise _Doubtful
                entries.update(part.entries)
            else:
                entries[key] = value
        return Mapping(entries, {}, self._place(first, indent))

    def _entry(self, head: int, following: int, column: int, rest: str) -> Value | None:
        """The value of a key whose own line ends with `rest`; None if the parser is needed."""
        inner = self._first_line(head + 1, following) if following > head + 1 else None
        if not rest or _NOTHING.match(rest):
            if self._has_mark(head, head + 1):
                self._mark_all(head + 1, following)
            if inner is None:
                return Text("", self._place(head, column), "null")
            if not self._has_mark(head + 1, following):
                return Mapping({}, {}, self._place(head, column))
            return self._block(head + 1, following) if self._is_collection(inner) else None
        if inner is None:
            return self._scalar(head, rest) or self._flow(head, column, rest)
        if _is_long_block(rest, following - head) and not self._has_mark(head, following):
            return Text("", self._place(head, column), "str")
        return None

    def _flow(self, head: int, column: int, rest: str) -> Value | None:
        """A collection in one line that is empty, or has nothing that is wanted."""
        content = rest.strip()
        if content == "[]":
            return Sequence((), self._place(head, column + len(rest) - len(rest.lstrip())))
        if content == "{}":
            return Mapping({}, {}, self._place(head, column + len(rest) - len(rest.lstrip())))
        if content[0] in "[{" and not self._has_mark(head, head + 1):
            return Mapping({}, {}, self._place(head, column))
        return None

    def _mark_all(self, start: int, end: int) -> None:
        if self._marks is not None:
            first, last = (bisect_left(self._marks, line) for line in (start, end))
            self._marks[first:last] = range(start, end)

    def _is_collection(self, line: int) -> bool:
        indent = self._indents[line]
        return _is_item(self._lines[line], indent) or bool(_KEY.match(self._lines[line], indent))

    def _first_line(self, start: int, end: int) -> int | None:
        return next((i for i in range(start, end) if self._indents[i] >= 0), None)

    def _scalar(self, line: int, rest: str) -> Text | None:
        match = _PLAIN.match(rest) if len(rest) <= _LONGEST else None
        if match is None:
            return None
        space, plain, double, single = match.groups()
        column = len(self._lines[line]) - len(rest) + len(space)
        if plain is None:
            quoted = double if double is not None else single
            return Text(quoted, Place(self._path, self._first + line, column + 2))
        plain = plain.rstrip(" ")
        if plain[0] == "-" and plain[1:2] in ("", " "):
            return None
        kind = _type(plain) if plain[0] in _RESOLVERS else "str"
        return Text(plain, Place(self._path, self._first + line, column + 1), kind)

    def _parsed(self, start: int, end: int, indent: int | None = None) -> Value:
        """What the parser makes of some lines that are a whole by themselves."""
        lines = self._lines[start:end]
        if indent is not None:
            lines[0] = f"{' ' * indent}{lines[0][indent:]}"
        part = yamltext.compose(self._first + start, "\n".join([*lines, ""]))
        if part is None or part.root is None:
            raise _Doubtful
        return from_node(part.root, part, self._path, self._file_lines)

    def _has_mark(self, start: int, end: int) -> bool:
        if self._marks is None:
            return start < end
        at = bisect_left(self._marks, start)
        return at < len(self._marks) and self._marks[at] < end


def _marks(text: str, wanted: re.Pattern[str]) -> list[int]:
    marks: list[int] = []
    line, counted = 0, 0
    for match in wanted.finditer(text):
        line += text.count("\n", counted, match.start())
        counted = match.start()
        if not marks or marks[-1] != line:
            marks.append(line)
    return marks


def _may_be_open(text: str) -> bool:
    """Whether some line may open a quote or a bracket and leave it to another to close it."""
    return (
        any("\n" in inside for inside in text.split('"')[1::2])
        or any("\n" in inside for inside in text.split("'")[1::2])
        or any("]" not in rest.partition("\n")[0] for rest in text.split("[")[1:])
        or any("}" not in rest.partition("\n")[0] for rest in text.split("{")[1:])
    )


def _is_long_block(rest: str, size: int) -> bool:
    return size > _SHORT_BLOCK and _BLOCK.match(rest) is not None


def _is_item(line: str, indent: int) -> bool:
    return line.startswith("- ", indent) or line[indent:] == "-"


def _type(plain: str) -> str:
    for tag, pattern in _RESOLVERS.get(plain[0], ()):
        if pattern.match(plain):
            return str(tag).removeprefix("tag:yaml.org,2002:")
    return "str"
