"""What a YAML scalar means to compose, whose YAML is mostly 1.2: `yes` is a text, `0o17` a number.

PyYAML's own resolution is that of YAML 1.1, so only its explicit tags are used.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from decimal import Decimal

from yaml.nodes import ScalarNode
from yaml.resolver import Resolver

Scalar = str | int | float | bool | None

_CONSTANTS: dict[str, Scalar] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys(("-0", "-0.0"), -0.0),
}
_INTEGER = re.compile(
    r"([-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)|0[oO]?(?P<oct>[0-7]+)"
    r"|(?P<dec>0|[1-9][0-9]*))"
)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_DATE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[Tt ](\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d{1,9})?(Z)?)?"
)
_BASES = {"hex": 16, "bin": 2, "oct": 8, "dec": 10}
_STRING = "tag:yaml.org,2002:str"
_IMPLICIT = Resolver()


def value_of(node: ScalarNode) -> Scalar:
    """The value of a scalar: quoted and block scalars are texts, a plain one what it looks like."""
    text = str(node.value)
    return text if node.style or _is_tagged_as_text(node) else resolve(text)


def _is_tagged_as_text(node: ScalarNode) -> bool:
    return (
        node.tag == _STRING and _IMPLICIT.resolve(ScalarNode, node.value, (True, False)) != _STRING  # type: ignore[no-untyped-call]
    )


def resolve(text: str) -> Scalar:
    """The value of a plain scalar without a tag."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in "+-.0123456789":
        return text
    if date := _DATE.fullmatch(text):
        return _timestamp(date) or text
    plain = text if text[0] == "." else text.replace("_", "")
    if (number := _INTEGER.fullmatch(plain)) and (integer := _integer(number)) is not None:
        return integer
    if _FLOAT.fullmatch(plain) and not math.isinf(float(plain)):
        return float(plain)
    return text


def _integer(match: re.Match[str]) -> int | None:
    name = match.lastgroup or "dec"
    value = int(match[name], _BASES[name])
    if match[1] == "-":
        return -value if value <= 2**63 else None
    return value if value < 2 ** (63 if match[1] else 64) else None


def _timestamp(match: re.Match[str]) -> str | None:
    """The date as Go prints it, for that is what becomes of one in a build argument."""
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    space = hour is not None and match[0][match.end(3)] == " "
    if hour is not None and space == bool(zone):
        return None
    numbers = [int(part or 0) for part in (year, month, day, hour, minute, second)]
    try:
        moment = datetime(*numbers[:6])  # type: ignore[arg-type]
    except ValueError:
        return None
    return f"{moment:%Y-%m-%d %H:%M:%S}{(fraction or '').rstrip('0').rstrip('.')} +0000 UTC"


def text_of(value: Scalar) -> str:
    """A value as Go prints it: `3.10` has become `3.1`, and a million `1e+06`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _float_text(value) if isinstance(value, float) else str(value)


def _float_text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    sign, numbers, power = Decimal(repr(value)).normalize().as_tuple()
    digits, power = "".join(map(str, numbers)), int(power)
    exponent = len(digits) - 1 + power
    if -4 <= exponent < 6:
        return f"{Decimal(repr(value)).normalize():f}"
    point = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{'-' if sign else ''}{digits[0]}{point}e{exponent:+03d}"
