"""`prewarm.toml` as values: found upwards, checked key by key, errors with file and line."""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from prewarm.errors import UsageError
from prewarm.oci import Platform
from prewarm.policy import Policy
from prewarm.reference import Reference, is_host, normalise_host
from prewarm.selection import Selection
from prewarm.versions import Range

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE_NAME = "prewarm.toml"
_MAX_SIZE = 1024 * 1024
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """The table `[scan]`."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    build_args: Mapping[str, str] = field(default_factory=dict)
    env_files: tuple[Path, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    profiles: tuple[str, ...] = ()
    guess: bool = False
    require_digest: bool = False
    rules: tuple[RuleSettings, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """A table `[[scan.rule]]`: in files of a glob, a path of keys or an expression."""

    files: str
    path: str = ""
    pattern: str = ""
    kind: str = "own rule"


@dataclass(frozen=True, slots=True)
class Extra:
    """An image that no file names: the reference, as written, and its line in the settings."""

    reference: Reference
    written: str
    line: int


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """A table `[registry."HOST"]`; no endpoints means the host itself."""

    endpoints: tuple[str, ...] = ()
    plain_http: bool = False
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """The table `[fetch]`: seconds, bytes a second, counts; None is the built-in number."""

    jobs: int | None = None
    tries: int | None = None
    connect_timeout: float | None = None
    timeout: float | None = None
    min_speed: int | None = None
    max_wait: float | None = None
    max_pulls: int | None = None
    quota_floor: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that `prewarm.toml` says; `file` is where it stands, None without one."""

    file: Path | None = None
    store: Path | None = None
    platforms: tuple[Platform, ...] = ()
    extra: tuple[Extra, ...] = ()
    scan: ScanSettings = field(default_factory=ScanSettings)
    registries: Mapping[str, RegistrySettings] = field(default_factory=dict)
    fetch: FetchSettings = field(default_factory=FetchSettings)
    policy: Policy = field(default_factory=Policy)
    selections: tuple[Selection, ...] = ()


def find_settings(start: Path) -> Path | None:
    """The nearest `prewarm.toml` in a folder or above it."""
    try:
        start = start.resolve()
    except OSError as error:
        raise UsageError("the current folder", f"{error.strerror}", "go to another") from error
    candidates = (folder / FILE_NAME for folder in (start, *start.parents))
    return next((file for file in candidates if os.path.isfile(file)), None)  # noqa: PTH113


def read_settings(file: Path) -> Settings:
    """Read and check one settings file; raises UsageError naming file, line and key."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(_MAX_SIZE + 1)
    except OSError as error:
        raise UsageError(file, f"cannot be read: {error.strerror or error}") from error
    if len(raw) > _MAX_SIZE:
        raise UsageError(file, f"has more than {_MAX_SIZE} bytes")
    try:
        return parse_settings(raw.decode(), file)
    except UnicodeDecodeError as error:
        line = 1 + raw.count(b"\n", 0, error.start)
        raise UsageError(f"{file}:{line}", "not UTF-8", "save it as UTF-8") from error


def parse_settings(text: str, file: Path) -> Settings:
    """Read settings; paths in them are relative to the folder of `file`."""
    try:
        document = tomllib.loads(text)
    except RecursionError as error:
        raise UsageError(file, "not TOML: nested too deeply") from error
    except ValueError as error:
        raise UsageError(file, f"not TOML: {error}") from error
    top = _Table(document, file, text)
    settings = Settings(
        file,
        top.take("store", _path),
        top.take("platforms", _list_of(_platform)) or (),
        tuple(_extra(written, text) for written in top.take("extra", _references) or ()),
        _scan_settings(top.table("scan")),
        _registries(top.table("registry")),
        _fetch_settings(top.table("fetch")),
        _policy(top.table("policy")),
        tuple(_selection(table) for table in top.tables("select")),
    )
    top.finish()
    return settings


def _scan_settings(table: _Table) -> ScanSettings:
    settings = ScanSettings(
        table.take("include", _list_of(_text)) or (),
        table.take("exclude", _list_of(_text)) or (),
        table.take("build-args", _text_map) or {},
        table.take("env-files", _list_of(_path)) or (),
        table.take("variables", _text_map) or {},
        table.take("target", _text),
        table.take("profiles", _list_of(_text)) or (),
        table.take("guess", _flag) or False,
        table.take("require-digest", _flag) or False,
        tuple(_rule(rule) for rule in table.tables("rule")),
    )
    table.finish()
    return settings


def _fetch_settings(table: _Table) -> FetchSettings:
    settings = FetchSettings(
        table.take("jobs", _count),
        table.take("tries", _count),
        table.take("connect-timeout", _seconds),
        table.take("timeout", _seconds),
        table.take("min-speed", _size),
        table.take("max-wait", _seconds),
        table.take("max-pulls", _count),
        table.take("quota-floor", _count),
    )
    table.finish()
    return settings


def _policy(table: _Table) -> Policy:
    policy = Policy(
        table.take("allow", _list_of(_text)) or (),
        table.take("deny", _list_of(_text)) or (),
        table.take("require-digest", _flag) or False,
        table.take("max-size", _size),
    )
    table.finish()
    return policy


def _rule(table: _Table) -> RuleSettings:
    rule = RuleSettings(
        table.take("files", _text) or "",
        table.take("path", _text) or "",
        table.take("pattern", _text) or "",
        table.take("kind", _text) or "own rule",
    )
    table.finish()
    if not rule.files or bool(rule.path) == bool(rule.pattern):
        raise table.wrong("files", "is one of two things a rule needs", "add path or pattern")
    return rule


def _selection(table: _Table) -> Selection:
    repository = table.take("repository", _repository)
    if repository is None:
        raise table.wrong("repository", "is missing", 'write repository = "quay.io/org/app"')
    selection = Selection(
        repository,
        table.take("tags", _list_of(_text)) or (),
        table.take("exclude", _list_of(_text)) or (),
        table.take("semver", _range),
        table.take("newest", _at_least_one),
        table.take("platforms", _list_of(_platform)) or (),
    )
    table.finish()
    return selection


def _registries(table: _Table) -> dict[str, RegistrySettings]:
    registries = {}
    for host in list(table.values):
        if not is_host(host):
            raise table.wrong(host, "is not a registry's host", 'write [registry."quay.io"]')
        registries[normalise_host(host)] = _registry_settings(table.table(host))
    return registries


def _registry_settings(table: _Table) -> RegistrySettings:
    for key, value in table.values.items():
        if isinstance(value, dict):
            raise table.wrong(key, "is a table", 'hosts need quotes: [registry."quay.io"]')
    settings = RegistrySettings(
        table.take("endpoints", _list_of(_text)) or (),
        table.take("plain-http", _flag) or False,
        table.take("ca-file", _path),
    )
    table.finish()
    return settings


@dataclass(slots=True)
class _Table:
    """One table while it is read: what is left in it at the end was not known."""

    values: dict[str, Any]
    file: Path
    text: str
    path: tuple[str, ...] = ()
    start: int = 0
    known: list[str] = field(default_factory=list)

    def take(self, key: str, read: Callable[[Any, Path], _T]) -> _T | None:
        """The value of a key through a reader that raises ValueError saying what it should be."""
        self.known.append(key)
        if key not in self.values:
            return None
        try:
            return read(self.values[key], self.file)
        except ValueError as error:
            raise self.wrong(key, str(error)) from error
        except UsageError as error:
            raise self.wrong(key, f"{error.subject} is {error.problem}", error.remedy) from error

    def table(self, key: str) -> _Table:
        """The table under a key, empty where there is none."""
        self.known.append(key)
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, "must be a table")
        return self._inner(key, value, self._place(key))

    def tables(self, key: str) -> list[_Table]:
        """The tables of an array under a key, none where there is none."""
        self.known.append(key)
        values = self.values.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            raise self.wrong(key, f"must be tables, written [[{'.'.join((*self.path, key))}]]")
        tables, start = [], self.start
        for value in values:
            start = self._place(key, start)
            tables.append(self._inner(key, value, start))
            start += 1
        return tables

    def finish(self) -> None:
        """Raise UsageError for the first key that nobody asked for."""
        for key in self.values:
            if key not in self.known:
                near = difflib.get_close_matches(key, self.known, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(self.known)}"
                raise self.wrong(key, "is not a setting", hint)

    def wrong(self, key: str, problem: str, remedy: str = "") -> UsageError:
        name = ".".join((*self.path, key))
        line = _line_at(self.text, self._place(key))
        return UsageError(f"{self.file}:{line}", f"{name} {problem}", remedy)

    def _inner(self, key: str, values: dict[str, Any], start: int) -> _Table:
        return _Table(values, self.file, self.text, (*self.path, key), start)

    def _place(self, key: str, start: int | None = None) -> int:
        """Where a key first stands in this table or after `start`; where that begins if nowhere."""
        begin = self.start if start is None else start
        name = rf"[\"']?{re.escape(key)}[\"']?[ \t]*"
        pattern = rf"^[ \t]*(?:\[+[ \t]*)?(?:[^#=\n]*\.[ \t]*)?{name}[=\].]|[{{,][ \t]*{name}="
        found = re.compile(pattern, re.MULTILINE).search(self.text, begin)
        return found.start() if found else begin


def _line_at(text: str, position: int) -> int:
    return 1 + text.count("\n", 0, position)


def _text(value: Any, _: Path) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")  # noqa: TRY004
    return value


def _flag(value: Any, _: Path) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004
    return value


def _count(value: Any, _: Path) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("must be a number, 0 or more")
    return value


def _seconds(value: Any, file: Path) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return float(value)
    raise ValueError("must be seconds, more than 0")


def _size(value: Any, file: Path) -> int:
    return _count(value, file) if isinstance(value, int) else parse_size(_text(value, file))


_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS |= {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}


def parse_size(text: str) -> int:
    """Bytes from `20GB`, `512 MiB` or `1000`; raises ValueError."""
    match = re.fullmatch(r"\s*([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([a-zA-Z]{0,3})\s*", text)
    if match is None or match[2].upper() not in _UNITS:
        raise ValueError("must be a size, such as 20GB")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def _path(value: Any, file: Path) -> Path:
    path = os.path.expandvars(os.path.expanduser(_text(value, file)))  # noqa: PTH111
    if not path or "\0" in path or path.startswith("~"):
        raise ValueError("must be a path that can be used")
    return file.parent / path


def _platform(value: Any, file: Path) -> Platform:
    return Platform.parse(_text(value, file))


def _repository(value: Any, file: Path) -> Reference:
    text = _text(value, file)
    if "@" in text or ":" in text.rpartition("/")[2]:
        raise ValueError("must be without tag and digest: say those in tags = [...]")
    return Reference.parse(text)


def _range(value: Any, file: Path) -> Range:
    return Range.parse(_text(value, file))


def _at_least_one(value: Any, file: Path) -> int:
    if _count(value, file) == 0:
        raise ValueError("must be a number, 1 or more")
    return _count(value, file)


def _references(value: Any, file: Path) -> tuple[str, ...]:
    texts = _list_of(_text)(value, file)
    for text in texts:
        Reference.parse(text)
    return texts


def _extra(written: str, text: str) -> Extra:
    found = re.search(rf"[\"']{re.escape(written)}[\"']", text)
    line = _line_at(text, found.start() if found else 0)
    return Extra(Reference.parse(written), written, line)


def _list_of(read: Callable[[Any, Path], _T]) -> Callable[[Any, Path], tuple[_T, ...]]:
    def read_list(value: Any, file: Path) -> tuple[_T, ...]:
        if not isinstance(value, list):
            raise ValueError("must be a list")  # noqa: TRY004
        items = []
        for number, item in enumerate(value, 1):
            try:
                items.append(read(item, file))
            except ValueError as error:
                raise ValueError(f"item {number} {error}") from error
        return tuple(items)

    return read_list


def _text_map(value: Any, file: Path) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ValueError("must be a table of strings")  # noqa: TRY004
    return {key: _text(item, file) for key, item in value.items()}
