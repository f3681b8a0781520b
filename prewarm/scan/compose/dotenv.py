"""`.env` files, read as compose reads them: quotes, escapes, `export`, comments, interpolation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from prewarm.scan.compose.interpolation import Lookup, NoValue, substitute

_LINE_SPACE = "\t\v\f\r \x85\xa0"
_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200B)))
    + "\u2028\u2029\u202f\u205f\u3000"
)
_EXPORT = re.compile(r"export[\t\n\f\r ]+")
_ESCAPE = re.compile(r'\\(?:[abcfnrtv$"\\]|0\d{0,3})', re.ASCII)
_LETTERS = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    '"': '"',
    "\\": "\\",
    "$": "$$",
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file defines; where it is broken, `fault` says how, and `values` end there."""

    values: Mapping[str, str]
    fault: str = ""


class _Broken(Exception):
    """The text is no `.env` file from here on."""


def parse(text: str, environment: Mapping[str, str], earlier: Mapping[str, str]) -> Parsed:
    """The variables of one file after those of `earlier` ones; `environment` goes before both.

    Returns the earlier ones too, as far as the file does not define them again.
    """
    values = dict(earlier)

    def lookup(name: str) -> str | None:
        return environment[name] if name in environment else values.get(name)

    rest = text.removeprefix("\ufeff")
    try:
        while rest := _statement(rest):
            name, rest, inherited = _name(rest)
            if " " in name:
                raise _Broken(f"{name!r} has a space in it")
            if not inherited:
                values[name], rest = _value(rest, lookup)
            elif (value := lookup(name)) is not None:
                values[name] = value
    except (_Broken, NoValue) as fault:
        return Parsed(values, str(fault))
    return Parsed(values)


def _statement(text: str) -> str:
    """The text from the next statement on: blank lines and comments are stepped over."""
    text = text.lstrip(_SPACE)
    while text.startswith("#"):
        text = text.partition("\n")[2].lstrip(_SPACE)
    return text


def _name(text: str) -> tuple[str, str, bool]:
    """The variable's name, what follows it, and whether it stands alone, without a value."""
    if _EXPORT.match(text):
        text = text.removeprefix("export").lstrip(_LINE_SPACE)
    for index, letter in enumerate(text):
        if letter in "=:\n":
            rest = text[index + 1 :].lstrip(_LINE_SPACE)
            return text[:index].rstrip(_SPACE), rest, letter == "\n"
        if letter in _LINE_SPACE or letter in "_.-[]" or unicodedata.category(letter)[0] in "LN":
            continue
        line = text.partition("\n")[0]
        raise _Broken(f"{letter!r} cannot stand in the name of a variable: {line!r}")
    if not text:
        raise _Broken("nothing follows export")
    return "", text.lstrip(_LINE_SPACE), False


def _value(text: str, lookup: Lookup) -> tuple[str, str]:
    """The value and what follows it."""
    if text[:1] not in ('"', "'"):
        line, _, rest = text.partition("\n")
        return substitute(line.partition(" #")[0].rstrip(_SPACE), lookup), rest
    quote = text[0]
    match = re.compile(rf"(?s){quote}((?:\\.|[^\\{quote}])*){quote}").match(text)
    if match is None:
        raise _Broken(f"a quote is never closed: {text.partition(chr(10))[0]!r}")
    value = match[1].replace(f"\\{quote}", quote) if quote == "'" else _unquoted(match[1])
    if quote == '"':
        value = substitute(value, lookup)
    return value, text[match.end() :]


def _unquoted(text: str) -> str:
    """The inside of double quotes with its escapes undone: first the quote's, then all others."""
    return _ESCAPE.sub(_escape, re.sub(r"(?s)\\(.)", _keep_unless_quote, text))


def _keep_unless_quote(match: re.Match[str]) -> str:
    return '"' if match[1] == '"' else match[0]


def _escape(match: re.Match[str]) -> str:
    letter, digits = match[0][1], match[0][2:]
    if letter != "0":
        return _LETTERS.get(letter, match[0])
    if len(digits) == 3 and "8" not in digits and "9" not in digits and int(digits, 8) < 256:
        return chr(int(digits, 8))
    return f"\\{digits}"
