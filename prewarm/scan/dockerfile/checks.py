"""What BuildKit demands of every instruction before it builds; a file that fails is refused."""

from __future__ import annotations

import re
from collections.abc import Callable

from prewarm.scan.dockerfile.assignments import assigned_names, declared
from prewarm.scan.dockerfile.command import Command, Flag, split
from prewarm.scan.dockerfile.lines import is_heredoc
from prewarm.scan.dockerfile.records import BadRecord, check_device
from prewarm.scan.dockerfile.refusal import Refused
from prewarm.scan.dockerfile.text import SPACES

_COPY_FLAGS = {"chown": "text", "chmod": "text", "link": "truth", "exclude": "texts"}
_FLAGS: dict[str, dict[str, str]] = {
    "add": _COPY_FLAGS | {"checksum": "text", "keep-git-dir": "truth", "unpack": "truth"},
    "arg": {},
    "cmd": {},
    "copy": _COPY_FLAGS | {"from": "text", "parents": "truth"},
    "entrypoint": {},
    "env": {},
    "expose": {},
    "from": {"platform": "text"},
    "healthcheck": dict.fromkeys(
        ("interval", "timeout", "start-period", "start-interval", "retries"), "text"
    ),
    "label": {},
    "maintainer": {},
    "onbuild": {},
    "run": {"mount": "texts", "device": "texts", "network": "text", "security": "text"},
    "shell": {},
    "stopsignal": {},
    "user": {},
    "volume": {},
    "workdir": {},
}
_RUN_VALUES = {"network": ("default", "none", "host"), "security": ("insecure", "sandbox")}
_BLIND_TO_FLAGS = {"arg", "stopsignal"}
_TAKE_ARRAYS = {"add", "copy", "run", "cmd", "entrypoint", "shell", "volume"}
_KIND = re.compile(r"([^\t\n\v\f\r \x85\xa0]*)[\t\n\v\f\r \x85\xa0]*(.*)", re.DOTALL)
_DURATION = re.compile(r"([+-]?)(0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)", re.ASCII)
_TERM = re.compile(r"([\d.]+)(\D+)", re.ASCII)
_MILLISECONDS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1, "s": 1e3, "m": 6e4}
_RETRIES = re.compile(r"\+?\d{1,10}|-0+", re.ASCII)


def passed_over(command: Command, frontend: bool) -> str:
    """What of an instruction BuildKit does not know, but what else reads the file may; or "".

    Refused for what can be no instruction: only a `frontend` of the file's own has more of them
    than BuildKit, whose newer releases have at most more flags.
    """
    if command.name not in _FLAGS:
        if frontend:
            return f"there is no instruction {command.name.upper()!r}"
        raise Refused(command.line.number, f"there is no instruction {command.name.upper()!r}")
    known = _FLAGS[command.name]
    unknown = [f.name for f in _flags(command) if f.name[2:] not in known]
    if unknown and not known and not frontend:
        raise command.refused(f"has no flag {unknown[0]}")
    return f"{command.name.upper()} has no flag {', '.join(unknown)}" if unknown else ""


def _flags(command: Command) -> tuple[Flag, ...]:
    return () if command.name in _BLIND_TO_FLAGS else command.flags


def known_flags(command: Command) -> dict[str, list[Flag]]:
    """An instruction's flags by name, each in order; Refused where one is misused."""
    known: dict[str, list[Flag]] = {}
    for flag in _flags(command):
        name = flag.name[2:]
        kind = _FLAGS[command.name].get(name)
        if kind is None:
            continue
        if name in known and kind != "texts":
            raise command.refused(f"has {flag.name} twice")
        if kind == "truth":
            if flag.value is not None and flag.value.lower() not in ("true", "false"):
                raise command.refused(f"wants true or false for {flag.name}")
        elif flag.value is None:
            raise command.refused(f"wants a value for {flag.name}")
        known.setdefault(name, []).append(flag)
    return known


def check_run_flags(command: Command) -> None:
    """Refuse what BuildKit refuses of RUN's flags, the mounts left aside."""
    known = known_flags(command)
    for name, values in _RUN_VALUES.items():
        for flag in known.get(name, ()):
            if flag.value not in values:
                raise command.refused(f"cannot have {flag.text}")
    for flag in known.get("device", ()):
        try:
            check_device(flag.value or "")
        except BadRecord as error:
            raise command.refused(f"cannot read {flag.text}: {error}") from error


def check(command: Command, escape: str) -> None:
    """Refuse what BuildKit refuses of an instruction that names no image, whatever the values."""
    check_form(command, escape)
    demand = _DEMANDS.get(command.name)
    if demand is not None:
        demand(command, escape)
    if command.name in _FLAGS and command.name != "healthcheck":
        known_flags(command)


def check_form(command: Command, escape: str) -> None:
    """The part of `check` that an instruction which ONBUILD defers must pass at once."""
    if command.name in ("env", "label"):
        assigned_names(command, escape)
    elif command.name in _TAKE_ARRAYS:
        _ = command.strings
    elif command.name == "healthcheck":
        _health(command)
    elif command.name == "onbuild" and command.rest:
        check_form(split(command.line, escape, command.offset), escape)


def _some_rest(command: Command, _: str) -> None:
    if not command.rest:
        raise command.refused("wants an argument")


def _source_and_destination(command: Command, _: str) -> None:
    if len(command.arguments) < 2:
        raise command.refused("wants a source and a destination")
    if is_heredoc(command.arguments[-1]):
        raise command.refused("cannot have a heredoc for its destination")


def _names(command: Command, escape: str) -> None:
    names = assigned_names(command, escape)
    if not names or not all(names):
        raise command.refused("wants a name")


def _declarations(command: Command, escape: str) -> None:
    declared(command, escape)


def _paths(command: Command, _: str) -> None:
    if not command.arguments or not all(word.strip(SPACES) for word in command.arguments):
        raise command.refused("wants a path")


def _array(command: Command, _: str) -> None:
    if not command.strings:
        raise command.refused("wants a JSON array of strings")


def _healthcheck(command: Command, _: str) -> None:
    kind, rest, array = _health(command)
    empty = array == [] or not rest
    if kind == "NONE":
        if not empty:
            raise command.refused("NONE takes no arguments")
        return
    if kind != "CMD" or empty:
        raise command.refused("wants NONE, or CMD and a command")
    for name, (flag,) in known_flags(command).items():
        value = flag.value or ""
        if value and not (_is_retries(value) if name == "retries" else _is_interval(value)):
            raise command.refused(f"cannot read {flag.text}")


def _health(command: Command) -> tuple[str, str, list[str] | None]:
    match = _KIND.fullmatch(command.rest)
    kind, rest = match.groups() if match else ("", "")
    return kind.upper(), rest, command.parse_array(rest)


def _is_retries(text: str) -> bool:
    return _RETRIES.fullmatch(text) is not None and int(text) < 2**31


def _is_interval(text: str) -> bool:
    """Whether a text is a duration of Go, zero or at least a millisecond."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return False
    terms = _TERM.findall(match[2])
    length = sum(float(number) * _MILLISECONDS.get(unit, 3.6e6) for number, unit in terms)
    return length == 0 or (length >= 1 and match[1] != "-")


_DEMANDS: dict[str, Callable[[Command, str], None]] = {
    "add": _source_and_destination,
    "arg": _declarations,
    "copy": _source_and_destination,
    "env": _names,
    "expose": _some_rest,
    "healthcheck": _healthcheck,
    "label": _names,
    "maintainer": _some_rest,
    "shell": _array,
    "stopsignal": _some_rest,
    "user": _some_rest,
    "volume": _paths,
    "workdir": _some_rest,
}
