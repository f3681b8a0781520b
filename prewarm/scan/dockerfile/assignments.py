"""The words of ARG, ENV and LABEL: quoted, escaped, and still to be expanded."""

from __future__ import annotations

import re

from prewarm.scan.dockerfile.command import BLANKS, Command
from prewarm.scan.dockerfile.text import SPACES

_SPACE = re.compile(f"[{SPACES}]+")


def quoted_words(text: str, escape: str) -> list[str]:
    """The words of a text, parted at spaces that are neither quoted nor escaped, quotes kept."""
    if "'" not in text and '"' not in text and escape not in text:
        return [word for word in _SPACE.split(text) if word]
    words = [""]
    quote = ""
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if not quote and char in SPACES:
            words.append("")
            continue
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        elif char == escape and quote != "'":
            if at == len(text):
                break
            char += text[at]
            at += 1
        words[-1] += char
    return [word for word in words if word]


def declared(command: Command, escape: str) -> list[tuple[str, str | None]]:
    """The variables of an ARG and their default values; Refused where a name is missing."""
    pairs: list[tuple[str, str | None]] = []
    for word in quoted_words(command.rest, escape):
        name, equals, value = word.partition("=")
        if not name:
            raise command.refused("has a value without a name")
        pairs.append((name, value if equals else None))
    if not pairs:
        raise command.refused("wants a name")
    return pairs


def assigned_names(command: Command, escape: str) -> list[str]:
    """The names of an ENV or LABEL, `name value` or `name=value …`; Refused for other forms."""
    words = quoted_words(command.rest, escape)
    if words and "=" not in words[0]:
        name, *value = BLANKS.split(command.rest, maxsplit=1)
        if not value:
            raise command.refused("wants a name and a value")
        return [name]
    for word in words:
        if "=" not in word:
            raise command.refused(f"has no '=' in {word!r}")
    return [word.partition("=")[0] for word in words]
