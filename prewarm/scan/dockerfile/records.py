"""Flags whose value is a record of comma-separated fields: the mounts and devices of RUN."""

from __future__ import annotations

from collections.abc import Iterator

TRUTHS = {"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"}
"""What Go reads as true or false."""


class BadRecord(ValueError):
    """A value that is no record, or not one of its kind."""


def find_sources(value: str) -> list[tuple[int, int]]:
    """Where in a mount's value the names stand that it is mounted from; the last one counts.

    An empty one means none.
    """
    found: list[tuple[int, int]] = []
    for start, field in read_fields(value):
        key, equals, name = field.partition("=")
        if equals and key.lower() == "from":
            begin = start + len(key) + 1
            found.append((begin, begin + len(name)))
    return found


def check_device(value: str) -> None:
    """A device: its name, and whether it is required."""
    name = ""
    for _, field in read_fields(value):
        key, equals, text = field.partition("=")
        if key.lower() == "required":
            if equals and text not in TRUTHS:
                raise BadRecord(f"{text!r} is neither true nor false")
            continue
        if name:
            raise BadRecord(f"{field!r} follows the name {name!r}")
        name = text if equals and key.lower() == "name" else field


def read_fields(value: str) -> Iterator[tuple[int, str]]:
    """The fields of a record, each with the offset of its text."""
    if not value:
        raise BadRecord("it is empty")
    at = 0
    while True:
        quoted = value.startswith('"', at)
        start = at + quoted
        field, at = _quoted_field(value, start) if quoted else _bare_field(value, start)
        yield start, field
        if at == len(value):
            return
        at += 1


def _bare_field(value: str, start: int) -> tuple[str, int]:
    end = value.find(",", start)
    end = len(value) if end < 0 else end
    if '"' in value[start:end]:
        raise BadRecord("a quote stands within a field")
    return value[start:end], end


def _quoted_field(value: str, start: int) -> tuple[str, int]:
    field = ""
    while True:
        end = value.find('"', start)
        if end < 0:
            raise BadRecord("a quote has no end")
        field += value[start:end]
        start = end + 1
        if not value.startswith('"', start):
            break
        field += '"'
        start += 1
    if value[start : start + 1] not in ("", ","):
        raise BadRecord("text follows a quoted field")
    return field, start
