"""`prewarm fetch`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import click

from prewarm.commands.options import (
    config_option,
    echo_json,
    exit_with,
    format_option,
    lock_option,
    lock_path,
    store_option,
    store_path,
    wanted_platforms,
)
from prewarm.commands.progress import Progress
from prewarm.commands.upstreams import upstreams
from prewarm.config import Settings
from prewarm.errors import ExitCode, UsageError
from prewarm.fetch import Fetch, Outcome, Wanted
from prewarm.layout import LayoutWriter
from prewarm.lockfile import Lock, read_lock
from prewarm.oci import Platform
from prewarm.reference import Reference
from prewarm.report.fetch import fetch_json, fetch_text


@click.command(
    epilog="Examples: prewarm fetch; prewarm fetch --platform linux/arm64 nginx:1.27 quay.io/a/b:1"
)
@click.argument("references", metavar="[REF]...", nargs=-1)
@click.option(
    "--platform",
    "platforms",
    metavar="OS/ARCH",
    multiple=True,
    help="A platform to take of a multi-platform image, or 'all'; repeatable. "
    "[default: this machine's]",
)
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 256),
    default=12,
    show_default=True,
    help="Requests at a time.",
)
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@click.option("--no-lock", is_flag=True, help="Take what the tags point to now, lock or no lock.")
@format_option
@lock_option
@store_option
@config_option
def fetch(
    references: tuple[str, ...],
    platforms: tuple[str, ...],
    jobs: int,
    quiet: bool,
    no_lock: bool,
    format_: str,
    lock_file: Path | None,
    store: Path | None,
    settings: Settings,
) -> None:
    """Bring images into the store: those given, else the lock's, else all that scan finds here."""
    chosen = wanted_platforms(platforms, settings)
    lock = None if no_lock else read_lock(lock_path(lock_file, settings))
    wanted = _wanted(_parse_all(references), lock, chosen, settings)
    if not wanted:
        raise UsageError("fetch", "the scan found no image", "name images, or see prewarm scan")
    sink = LayoutWriter.create(store_path(store, settings))
    outcomes = fetch_images(wanted, settings, sink, jobs, quiet=quiet)
    if format_ == "json":
        echo_json(fetch_json(outcomes))
    else:
        click.echo(fetch_text(outcomes))
    exit_with(_code(outcomes))


def fetch_images(
    wanted: Iterable[Wanted],
    settings: Settings,
    sink: LayoutWriter,
    jobs: int,
    *,
    quiet: bool = False,
) -> tuple[Outcome, ...]:
    """Fetch with the settings' upstreams, watched on stderr."""
    with Progress(quiet=quiet) as progress:
        return Fetch(upstreams(settings, os.environ, jobs), sink, jobs, progress).run(wanted)


def _wanted(
    given: list[Reference], lock: Lock | None, platforms: tuple[Platform, ...], settings: Settings
) -> list[Wanted]:
    """What to fetch: each image by the digest that the lock has for it, where it has one."""
    pinned = lock.images if lock else {}
    if given:
        references = given
    elif lock:
        references = list(pinned)
    else:
        from prewarm.commands.scan import scan_paths  # noqa: PLC0415

        references = list(scan_paths((), settings).images)
    return [
        Wanted(r, platforms, pinned[r].root.digest if r in pinned else None) for r in references
    ]


def _parse_all(texts: tuple[str, ...]) -> list[Reference]:
    """References as given; tells all that are none and raises UsageError for the last."""
    references, errors = [], []
    for text in texts:
        try:
            references.append(Reference.parse(text))
        except UsageError as error:
            errors.append(error)
    for earlier in errors[:-1]:
        click.echo(f"prewarm: {earlier}", err=True)
    if errors:
        raise errors[-1]
    return references


def _code(outcomes: tuple[Outcome, ...]) -> ExitCode:
    failed = sum(1 for outcome in outcomes if outcome.error)
    if not failed:
        return ExitCode.OK
    return ExitCode.FAILED if failed == len(outcomes) else ExitCode.PARTIAL
