"""Options and settings that several commands share."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from prewarm.config import Settings, find_settings, read_settings
from prewarm.errors import ExitCode, UsageError
from prewarm.oci import Platform

_Command = TypeVar("_Command", bound=Callable[..., Any])


def config_option(command: _Command) -> _Command:
    """`--config FILE`, given on as `settings`."""
    return click.option(
        "settings",
        "--config",
        metavar="FILE",
        envvar="PREWARM_CONFIG",
        callback=_load_settings,
        help="Settings; else prewarm.toml, found upwards from here.",
    )(command)


def store_option(command: _Command) -> _Command:
    """`--store PATH`, given on as `store`; None when it was not given."""
    return click.option(
        "--store",
        metavar="PATH",
        envvar="PREWARM_STORE",
        type=click.Path(path_type=Path),
        help="The store's folder; else that of prewarm.toml, else the user's cache folder.",
    )(command)


def lock_option(command: _Command) -> _Command:
    """`--lock FILE`, given on as `lock_file`; None when it was not given."""
    return click.option(
        "lock_file",
        "--lock",
        metavar="FILE",
        envvar="PREWARM_LOCK",
        type=click.Path(path_type=Path),
        help="The lock; else prewarm.lock beside prewarm.toml, else here.",
    )(command)


def lock_path(lock_file: Path | None, settings: Settings) -> Path:
    """Where the lock is or would be."""
    beside = settings.file.parent if settings.file else Path()
    return lock_file or beside / "prewarm.lock"


def format_option(command: _Command) -> _Command:
    """`--format text|json`."""
    return click.option(
        "format_",
        "--format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="For people or for machines.",
    )(command)


def store_path(store: Path | None, settings: Settings) -> Path:
    """Where the store is, by option, settings, or default."""
    if store or settings.store:
        return store or settings.store or Path()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))  # noqa: PTH111
    if not cache.is_absolute():
        raise UsageError("the store", "there is no home folder for it", "name one with --store")
    return cache / "prewarm" / "store"


def wanted_platforms(names: tuple[str, ...], settings: Settings) -> tuple[Platform, ...]:
    """The platforms to fetch; empty for all. Raises UsageError."""
    if "all" in names:
        return ()
    given = tuple(Platform.parse(name) for name in names)
    return given or settings.platforms or (Platform.of_this_machine(),)


def name_values(pairs: tuple[str, ...]) -> dict[str, str]:
    """`NAME=VALUE` options as a mapping; `NAME` alone takes its value from the environment."""
    values = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if equals or name in os.environ:
            values[name] = value if equals else os.environ[name]
    return values


def echo_json(document: dict[str, Any]) -> None:
    """Print a result for machines."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def exit_with(code: ExitCode) -> None:
    """End the command with an exit code."""
    click.get_current_context().exit(code)


def _load_settings(_: click.Context, __: click.Parameter, value: str | None) -> Settings:
    file = Path(value) if value else find_settings(Path())
    return read_settings(file) if file else Settings()
