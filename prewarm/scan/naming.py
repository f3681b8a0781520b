"""From the text that names an image to the finding, or to why it cannot be named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from prewarm.scan.expansion import Expanded
from prewarm.scan.finding import Class, Finding, Place, Result, Unresolved, found
from prewarm.scan.values import Text

_SUPPLIED = re.compile(r"[A-Za-z_][\w.-]*")
"""A name that a person can give a value to; others are expressions."""


def named(
    value: Expanded,
    source: Text,
    kind: str,
    *,
    owner: str = "",
    platform: str | None = None,
    class_: Class = Class.PULL,
    via: tuple[Place, ...] = (),
    guess: bool = False,
) -> Iterator[Result]:
    """One result for the text `source` that comes to `value`; nothing where that is empty.

    `owner` says who alone knows the names that are missing ("GitHub"), if that is known.
    """
    name, written, place = value.text.strip(), source.written.strip(), _begin(source)
    if value.missing:
        reason = missing(value.missing, owner)
        yield Unresolved(written, place, reason, value.missing, via)
    elif name:
        yield found(
            name,
            place,
            kind,
            written=written,
            platform=platform,
            class_=class_,
            via=via,
            guess=guess,
        )


def _begin(source: Text) -> Place:
    """Where the text begins behind blanks that stand inside its quotes."""
    blanks = len(source.written) - len(source.written.lstrip(" \t"))
    return replace(source.place, column=source.place.column + blanks)


def literal(source: Text, kind: str, *, via: tuple[Place, ...] = ()) -> Iterator[Result]:
    """The result for a text that holds no variables."""
    return named(Expanded(source.value), source, kind, via=via)


def host_of(address: str) -> str:
    """The `host[:port]` of a registry's address, which may be a URL."""
    without_scheme = address.partition("://")[2] or address
    return without_scheme.partition("/")[0].rpartition("@")[2]


def missing(names: Sequence[str], owner: str = "") -> str:
    """Why names without a value leave an image unnamed, and what to do."""
    several = len(names) > 1
    shown = " and ".join([", ".join(names[:-1]), names[-1]] if several else names)
    known = f"known only to {owner}" if owner else "given no value in the files"
    return f"{shown} {'are' if several else 'is'} {known}: {_remedy(names)}"


def _remedy(names: Sequence[str]) -> str:
    if all(_SUPPLIED.fullmatch(name) for name in names):
        return "give " + " ".join(f"--variable {name}=…" for name in names)
    return "name the image under extra in prewarm.toml"


def settled(results: Iterable[Result]) -> Iterator[Result]:
    """Each result once; a place that one way in resolves is not unresolved by another."""
    unique = list(dict.fromkeys(results))
    resolved = {result.place for result in unique if isinstance(result, Finding)}
    for result in unique:
        if not isinstance(result, Unresolved) or result.place not in resolved:
            yield result
