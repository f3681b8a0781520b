"""`prewarm fetch --every`: rounds without end, what each of them moved, and a clean stop."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from types import FrameType
from typing import NoReturn

import click

from prewarm.errors import ExitCode, PrewarmError, UsageError
from prewarm.fetch import Outcome
from prewarm.layout import LayoutReader
from prewarm.report.fetch import fetch_json
from prewarm.report.rounds import round_text

SHORTEST = 60.0
JITTER = 0.05
"""The share of a pause by which it is longer or shorter: many mirrors do not ask in step."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Round = Callable[[], Sequence[Outcome]]


class Stopped(BaseException):
    """SIGTERM came in."""


def parse_interval(text: str) -> float:
    """Seconds from `90s`, `30m`, `6h` or `1d`; raises UsageError."""
    match = re.fullmatch(r"\s*([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*([smhd])\s*", text)
    if match is None:
        raise UsageError("--every", f"{text!r} is no time", "write 30m, 6h or 1d")
    seconds = float(match[1]) * _UNITS[match[2]]
    if seconds < SHORTEST:
        raise UsageError("--every", f"{text!r} is less than a minute", "write 1m or more")
    return seconds


def keep_warm(run: Round, store: LayoutReader, pause: float, format_: str) -> NoReturn:
    """Run rounds until SIGTERM, which ends the process with exit code 0, or an interrupt.

    A round that fails is told and followed by the next; but a first one that cannot be understood
    raises its UsageError.
    """
    before = signal.signal(signal.SIGTERM, _stop)
    first = True
    try:
        while True:
            _one(run, store, format_, first=first)
            first = False
            threading.Event().wait(pause * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311
    except Stopped:
        _leave()
    finally:
        signal.signal(signal.SIGTERM, before)


def _one(run: Round, store: LayoutReader, format_: str, *, first: bool) -> None:
    try:
        names = {entry.name: entry.descriptor.digest for entry in store.read_entries()}
        _tell(run(), names, format_)
    except PrewarmError as error:
        if first and isinstance(error, UsageError):
            raise
        click.echo(f"prewarm: {error}", err=True)
        click.echo(f"prewarm: {_now()} this round failed, the next will come", err=True)


def _tell(outcomes: Sequence[Outcome], before: Mapping[str, str], format_: str) -> None:
    if format_ == "json":
        text = json.dumps(fetch_json(outcomes), ensure_ascii=False)
    else:
        text = round_text(outcomes, before, _now())
    click.echo(text)
    sys.stdout.flush()


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _stop(_: int, __: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Stopped


def _leave() -> NoReturn:
    """End at once: threads may still wait for an upstream, and the store is whole at any moment."""
    click.echo("prewarm: stopped; what is complete is kept", err=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(ExitCode.OK)
