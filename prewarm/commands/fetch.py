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
    store_option,
    store_path,
    wanted_platforms,
)
from prewarm.config import Settings
from prewarm.errors import ExitCode, UsageError
from prewarm.fetch import Fetch, Outcome, Wanted
from prewarm.layout import LayoutWriter
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
    default=8,
    show_default=True,
    help="Requests at a time.",
)
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@format_option
@store_option
@config_option
def fetch(
    references: tuple[str, ...],
    platforms: tuple[str, ...],
    jobs: int,
    quiet: bool,
    format_: str,
    store: Path | None,
    settings: Settings,
) -> None:
    """Bring images into the store: those given, else all that scan finds here."""
    chosen = wanted_platforms(platforms, settings)
    asked = _references(references, settings)
    if not asked:
        raise UsageError("fetch", "the scan found no image", "name images, or see prewarm scan")
    sink = LayoutWriter.create(store_path(store, settings))
    outcomes = fetch_images(asked, chosen, settings, sink, jobs, quiet=quiet)
    if format_ == "json":
        echo_json(fetch_json(outcomes))
    else:
        click.echo(fetch_text(outcomes))
    exit_with(_code(outcomes))


def fetch_images(
    references: Iterable[Reference],
    platforms: tuple[Platform, ...],
    settings: Settings,
    sink: LayoutWriter,
    jobs: int,
    *,
    quiet: bool = False,
) -> tuple[Outcome, ...]:
    """Fetch with the settings' upstreams, watched on stderr."""
    from prewarm.commands.progress import Progress  # noqa: PLC0415
    from prewarm.commands.upstreams import registry_of  # noqa: PLC0415

    with Progress(quiet=quiet) as progress:
        run = Fetch(registry_of(settings, os.environ, jobs), sink, jobs, progress)
        return run.run(Wanted(reference, platforms) for reference in references)


def _references(given: tuple[str, ...], settings: Settings) -> list[Reference]:
    """The references given, or those of scan and settings; raises UsageError for all bad ones."""
    if not given:
        from prewarm.commands.scan import scan_paths  # noqa: PLC0415

        return list(scan_paths((), settings).images)
    references, errors = [], []
    for text in given:
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
