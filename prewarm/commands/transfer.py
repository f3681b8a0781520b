"""The options that bound a transfer; each is a setting of the table [fetch], too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import click

from prewarm.config import Settings, parse_size

_Command = TypeVar("_Command", bound=Callable[..., Any])
JOBS = 12


class _Size(click.ParamType):  # type: ignore[type-arg]
    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return parse_size(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


_COUNT = click.IntRange(0, 10**9)
_SECONDS = click.FloatRange(0.001, 10**6)
_OPTIONS = (
    click.option(
        "--jobs",
        type=click.IntRange(1, 256),
        metavar="N",
        help=f"Requests at a time.  [default: {JOBS}]",
    ),
    click.option(
        "--tries",
        type=click.IntRange(1, 100),
        metavar="N",
        help="Times that one thing is asked for.  [default: 4]",
    ),
    click.option(
        "--connect-timeout",
        type=_SECONDS,
        metavar="SECONDS",
        help="Time for a connection.  [default: 10]",
    ),
    click.option(
        "--timeout",
        type=_SECONDS,
        metavar="SECONDS",
        help="Time without an answer, or below --min-speed.  [default: 30]",
    ),
    click.option(
        "--min-speed",
        type=_Size(),
        help="Bytes a second of a body that is not stalled.  [default: 1000]",
    ),
    click.option(
        "--max-wait",
        type=_SECONDS,
        metavar="SECONDS",
        help="Longest pause that an upstream may ask for; beyond it the image fails.  "
        "[default: 60]",
    ),
    click.option(
        "--max-pulls",
        type=_COUNT,
        metavar="N",
        help="Pulls to spend that count against a quota (Docker Hub's).",
    ),
    click.option(
        "--quota-floor",
        type=_COUNT,
        metavar="N",
        help="Pulls to leave: an upstream with no more is not asked.  [default: 0]",
    ),
)


def transfer_options(command: _Command) -> _Command:
    """All of them, given on by their names; None where one was not given."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def with_transfer(settings: Settings, given: Mapping[str, Any]) -> Settings:
    """The settings, with the options that were given in their place."""
    chosen = {name: value for name, value in given.items() if value is not None}
    return replace(settings, fetch=replace(settings.fetch, **chosen))
