"""The functions of GitHub's expressions that need nothing but their arguments."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from prewarm.scan.github.data import Data, is_equal, text_of


def _format(pattern: Data, *values: Data) -> Data:
    def put(match: re.Match[str]) -> str:
        return match[0][0] if match[1] is None else text_of(values[int(match[1])]) or ""

    return re.sub(r"\{\{|\}\}|\{(\d+)\}", put, str(pattern))


def _from_json(text: Data) -> Data:
    def whole(data: Data) -> Data:
        if isinstance(data, dict):
            return {key: whole(inner) for key, inner in data.items()}
        if isinstance(data, list):
            return [whole(inner) for inner in data]
        return float(data) if isinstance(data, int) and not isinstance(data, bool) else data

    return whole(json.loads(str(text)))


def _contains(where: Data, what: Data) -> Data:
    if isinstance(where, list):
        return any(is_equal(each, what) for each in where)
    return (text_of(what) or "").lower() in (text_of(where) or "").lower()


def _join(values: Data, separator: Data = ",") -> Data:
    items = values if isinstance(values, list) else [values]
    return (text_of(separator) or "").join(text_of(item) or "" for item in items)


FUNCTIONS: dict[str, Callable[..., Data]] = {
    "format": _format,
    "fromjson": _from_json,
    "contains": _contains,
    "join": _join,
    "startswith": lambda a, b: (text_of(a) or "").lower().startswith((text_of(b) or "").lower()),
    "endswith": lambda a, b: (text_of(a) or "").lower().endswith((text_of(b) or "").lower()),
}
