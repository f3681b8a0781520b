"""WWW-Authenticate headers as values (RFC 9110, section 11.6.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'\s*({_WORD})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_WORD}))\s*(?:,|$)')
_OPAQUE = r"[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))"
_SCHEME = re.compile(rf"[\s,]*({_WORD})(?:\s+(?:{_OPAQUE})?|(?=,)|$)")
MAX_LENGTH = 8192


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to authenticate that a server offers; the scheme and the keys in lower case."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """All challenges of a header, in order; what cannot be read ends the list."""
    challenges = []
    position, header = 0, header[:MAX_LENGTH]
    while scheme := _SCHEME.match(header, position):
        position = scheme.end()
        parameters = {}
        while parameter := _PARAMETER.match(header, position):
            position = parameter.end()
            name, quoted, plain = parameter.groups()
            parameters[name.lower()] = plain or re.sub(r"\\(.)", r"\1", quoted or "")
        challenges.append(Challenge(scheme[1].lower(), parameters))
    return tuple(challenges)
