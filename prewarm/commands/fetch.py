"""`prewarm fetch`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from prewarm import report
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
from prewarm.reference import Reference


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
    from prewarm.commands.progress import Progress  # noqa: PLC0415
    from prewarm.commands.upstreams import registry_of  # noqa: PLC0415

    chosen = wanted_platforms(platforms, settings)
    asked = _references(references, settings)
    if not asked:
        raise UsageError("fetch", "the scan found no image", "name images, or see prewarm scan")
    sink = LayoutWriter.create(store_path(store, settings))
    with Progress(quiet=quiet) as progress:
        run = Fetch(registry_of(settings, os.environ, jobs), sink, jobs, progress)
        outcomes = run.run(Wanted(reference, chosen) for reference in asked)
    if format_ == "json":
        echo_json(report.fetch_json(outcomes))
    else:
        click.echo(report.fetch_text(outcomes))
    exit_with(_code(outcomes))


def _references(given: tuple[str, ...], settings: Settings) -> list[Reference]:
    """The references given, or those of scan and settings; raises UsageError for all bad ones."""
    if not given:
        from prewarm.commands.scan import scan_paths  # noqa: PLC0415

        return [*scan_paths((), settings).images, *settings.extra]
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
