"""The comments at the top of a Dockerfile that BuildKit obeys: syntax, escape and check."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from prewarm.scan.dockerfile.records import TRUTHS
from prewarm.scan.dockerfile.refusal import Refused
from prewarm.scan.dockerfile.text import SPACES, Text

_DIRECTIVE = re.compile(r"([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*")
_NAMES = {"syntax", "escape", "check"}
_JSON_SYNTAX = re.compile(r'"syntax"\s*:\s*"')


@dataclass(frozen=True, slots=True)
class Directive:
    """A directive and its value, which begins at `column` of its line."""

    name: str
    value: str
    column: int


@dataclass(slots=True)
class DirectiveReader:
    """Takes a file's lines in order and knows when the directives are over."""

    comment: str = "#"
    seen: set[str] = field(default_factory=set)
    over: bool = False

    def read(self, line: str, number: int) -> Directive | None:
        """The directive that a line holds; Refused where it repeats one."""
        if self.over:
            return None
        text = line[len(self.comment) :].lstrip(SPACES)
        match = _DIRECTIVE.fullmatch(text) if line.startswith(self.comment) else None
        if match is None or match[1].lower() not in _NAMES:
            self.over = True
            return None
        name = match[1].lower()
        if name in self.seen:
            raise Refused(number, f"there are two {name} directives")
        self.seen.add(name)
        return Directive(name, match[2], len(line) - len(text) + match.start(2) + 1)


def find_syntax(text: str) -> Text | None:
    """The image that the file asks to be read by.

    It may stand in a comment of `#` or of `//`, or be the value of a JSON object, for a frontend
    reads what it likes.
    """
    found = _find("syntax", text, "#") or _find("syntax", text, "//")
    if found is None:
        return _find_json_syntax(text)
    name = found.value.partition(" ")[0]
    return Text(name, name, found.position)


def check_options(text: str) -> None:
    """Refuse what BuildKit refuses of a check directive."""
    found = _find("check", text, "#")
    options = found.value.partition(" ")[0] if found else ""
    for option in options.split(";", 2) if options else ():
        key, equals, value = option.partition("=")
        known = key.strip(SPACES) in {"skip", "experimental"} and equals
        truth = key.strip(SPACES) == "error" and value.strip(SPACES) in TRUTHS
        if found and not known and not truth:
            raise Refused(found.position[0], f"{option!r} is no option of the check directive")


def _find(name: str, text: str, comment: str) -> Text | None:
    reader = DirectiveReader(comment)
    for number, line in enumerate(text.split("\n"), 1):
        if number == 1 and line.startswith("#!"):
            continue
        try:
            directive = reader.read(line.removesuffix("\r"), number)
        except Refused:
            return None
        if directive is None:
            return None
        if directive.name == name:
            return Text(directive.value, directive.value, (number, directive.column))
    return None


def _find_json_syntax(text: str) -> Text | None:
    body = text.partition("\n")[2] if text.startswith("#!") else text
    if not body.lstrip().startswith("{"):
        return None
    try:
        syntax = json.loads(body).get("syntax")
    except (ValueError, RecursionError):
        return None
    if not isinstance(syntax, str):
        return None
    match = _JSON_SYNTAX.search(text)
    before = text[: match.end()] if match else ""
    line = before.count("\n") + 1
    return Text(syntax, syntax, (line, len(before) - before.rfind("\n")))
