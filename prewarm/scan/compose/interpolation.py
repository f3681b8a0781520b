"""Variables in compose files: `$A`, `${A}`, `${A:-x}` and their family, `$$` for a dollar sign."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Lookup = Callable[[str], str | None]
"""The value of a variable, or None where it has none."""

_NAME = r"[_a-z][_a-z0-9]*"
_VARIABLE = re.compile(
    rf"\$(?:(?P<dollar>\$)|(?P<named>{_NAME})"
    rf"|{{(?:(?P<braced>{_NAME}(?::?[-+?].*)?)}}|(?P<broken>)))",
    re.IGNORECASE,
)
_OPERATOR = re.compile(r":?[-+?]")

BLANK = "\0"
"""Stands in `Expansion.marked` where a variable has neither a value nor a default."""


class NoValue(Exception):
    """A text cannot be interpolated: a variable is required, or its syntax is wrong."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """A text with its variables replaced, as compose replaces them: by nothing where unset.

    `empty` names the variables that were looked at and had no value; `fault` says why there is
    no text at all.
    """

    text: str
    marked: str = ""
    empty: tuple[str, ...] = ()
    fault: str = ""


def expand(text: str, environment: Mapping[str, str]) -> Expansion:
    """Replace the variables of a value in a compose file."""
    if "$" not in text:
        return Expansion(text, text)
    empty: dict[str, None] = {}

    def lookup(name: str) -> str | None:
        value = environment.get(name)
        if not value:
            empty[name] = None
        return value

    try:
        marked = substitute(text, lookup, BLANK)
    except NoValue as fault:
        return Expansion("", "", tuple(empty), str(fault))
    return Expansion(marked.replace(BLANK, ""), marked, tuple(empty))


def substitute(text: str, lookup: Lookup, blank: str = "") -> str:
    """Replace variables; one without value or default becomes `blank`. Raises NoValue."""
    return _VARIABLE.sub(lambda match: _replace(match, text, lookup, blank), text)


def _replace(match: re.Match[str], text: str, lookup: Lookup, blank: str) -> str:
    if match["dollar"]:
        return "$"
    if match["named"]:
        return _plain(match["named"], lookup, blank)
    end = _closing_brace(match[0])
    variable = _VARIABLE.match(match[0][: end + 1]) if end >= 0 else match
    if match["braced"] is None or variable is None or not variable["braced"]:
        raise NoValue(f"{text!r} is no valid interpolation: write $$ for a dollar sign")
    name, operator, argument = _parts(variable["braced"])
    rest = match[0][end + 1 :] if end >= 0 else ""
    value = _braced(name, operator, argument, lookup, blank)
    return value + substitute(rest, lookup, blank)


def _parts(braced: str) -> tuple[str, str, str]:
    """`A:-x` is the name, the operator and its argument."""
    operator = _OPERATOR.search(braced)
    if operator is None:
        return braced, "", ""
    return braced[: operator.start()], operator[0], braced[operator.end() :]


def _braced(name: str, operator: str, argument: str, lookup: Lookup, blank: str) -> str:
    if not operator:
        return _plain(name, lookup, blank)
    value = lookup(name)
    present = value is not None and (value != "" or not operator.startswith(":"))
    if operator.endswith("+"):
        return substitute(argument, lookup, blank) if present else value or ""
    if present:
        return value or ""
    if operator.endswith("-"):
        return substitute(argument, lookup, blank)
    message = substitute(argument, lookup)
    raise NoValue(f"the variable {name} is required" + (f" ({message})" if message else ""))


def _plain(name: str, lookup: Lookup, blank: str) -> str:
    value = lookup(name)
    return blank if value is None else value


def _closing_brace(text: str) -> int:
    """Where the first brace of `text` is closed, or -1; what follows a brace is never looked at."""
    depth = index = 0
    while index < len(text):
        if text[index] == "}":
            depth -= 1
            if depth == 0:
                return index
        elif text[index] == "{":
            depth += 1
            index += 1
        index += 1
    return -1
