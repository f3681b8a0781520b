"""`prewarm fetch`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click

from prewarm.bench import Discard
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
from prewarm.commands.rounds import keep_warm, parse_interval
from prewarm.commands.transfer import JOBS, transfer_options, with_transfer
from prewarm.commands.upstreams import upstreams
from prewarm.commands.wanted import Asked, gather, parse_all, wanted_options
from prewarm.config import Settings
from prewarm.errors import ExitCode, UsageError
from prewarm.fetch import Fetch, Outcome, Planner, Source, Wanted, estimate
from prewarm.fetch.referrers import fetch_referrers
from prewarm.layout import LayoutReader, LayoutWriter
from prewarm.report.fetch import cost_json, cost_text, fetch_json, fetch_text


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
@click.option("--plan", is_flag=True, help="Only say what it would cost: blobs, bytes, pulls.")
@click.option(
    "--report",
    "report_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the account of the run there, as JSON.",
)
@click.option("--no-lock", is_flag=True, help="Take what the tags point to now, lock or no lock.")
@wanted_options
@click.option("--referrers", is_flag=True, help="Also signatures, SBOMs and attestations.")
@click.option("--every", metavar="TIME", help="Again and again, with such a pause: 30m, 6h, 1d.")
@transfer_options
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@format_option
@lock_option
@store_option
@config_option
def fetch(
    references: tuple[str, ...],
    platforms: tuple[str, ...],
    plan: bool,
    report_file: Path | None,
    no_lock: bool,
    files: tuple[Path, ...],
    no_select: bool,
    referrers: bool,
    every: str | None,
    quiet: bool,
    format_: str,
    lock_file: Path | None,
    store: Path | None,
    settings: Settings,
    **transfer: float | None,
) -> None:
    """Bring images into the store: those given, else the lock's, else all that scan finds here;
    without any given also the tags that prewarm.toml selects.

    What is held is not asked for again; what broke off goes on where it stopped; one image that
    fails does not stop the others.
    """
    settings = with_transfer(settings, transfer)
    pause = parse_interval(every) if every is not None else None
    asked = Asked(
        parse_all(references),
        files,
        wanted_platforms(platforms, settings),
        None if no_lock else lock_path(lock_file, settings),
        settings,
        select=not no_select,
    )
    place = store_path(store, settings)
    if plan:
        if referrers or pause is not None:
            raise UsageError("--plan", "goes neither with --referrers nor with --every")
        _print_cost(asked, place, format_)
        return

    def run() -> tuple[Outcome, ...]:
        outcomes = _fetch_all(asked, place, referrers=referrers, quiet=quiet)
        if report_file is not None:
            _write_report(report_file, fetch_json(outcomes))
        return outcomes

    if pause is not None:
        keep_warm(run, LayoutWriter.create(place), pause, format_)
    outcomes = run()
    if format_ == "json":
        echo_json(fetch_json(outcomes))
    else:
        click.echo(fetch_text(outcomes))
    exit_with(_code(outcomes))


def _fetch_all(asked: Asked, store: Path, *, referrers: bool, quiet: bool) -> tuple[Outcome, ...]:
    """Gather what is wanted, bring it in, and if asked what refers to it."""
    settings, jobs = asked.settings, asked.settings.fetch.jobs or JOBS
    source = upstreams(settings, os.environ, jobs)
    gathered = gather(asked, source, jobs)
    sink = LayoutWriter.create(store)
    bring = partial(fetch_images, settings=settings, sink=sink, quiet=quiet, source=source)
    outcomes = (*gathered.failed, *bring(gathered.wanted))
    if referrers:
        outcomes += fetch_referrers(bring, source, sink, outcomes, jobs)
    for outcome in outcomes:
        if outcome.phase in ("select", "referrers"):
            click.echo(f"prewarm: {outcome.error}", err=True)
    return outcomes


def fetch_images(
    wanted: Iterable[Wanted],
    settings: Settings,
    sink: LayoutWriter,
    *,
    quiet: bool = False,
    source: Source | None = None,
) -> tuple[Outcome, ...]:
    """Fetch with the settings' upstreams, watched on stderr."""
    jobs = settings.fetch.jobs or JOBS
    with Progress(quiet=quiet) as progress:
        source = source or upstreams(settings, os.environ, jobs)
        return Fetch(source, sink, jobs, progress, settings.policy).run(wanted)


def _print_cost(asked: Asked, store: Path, format_: str) -> None:
    """Say what a fetch would cost; nothing is written, and no pull that counts is spent."""
    settings, jobs = asked.settings, asked.settings.fetch.jobs or JOBS
    source = upstreams(settings, os.environ, jobs, max_pulls=0)
    gathered = gather(asked, source, jobs)
    wanted = gathered.wanted
    held = LayoutReader(store) if store.is_dir() else Discard()
    cost = estimate(Planner(source, held, settings.policy), wanted, jobs)
    hosts = dict.fromkeys(want.reference.host for want in wanted)
    quotas = {host: quota for host in hosts if (quota := source.quota(host)) is not None}
    if format_ == "json":
        echo_json(cost_json(cost, {host: asdict(quota) for host, quota in quotas.items()}))
    else:
        click.echo(cost_text(cost, [(host, str(quota)) for host, quota in quotas.items()]))
    errors = [outcome.error for outcome in gathered.failed]
    errors += [e.error for e in cost.estimates if e.error]
    for error in errors:
        click.echo(f"prewarm: {error}", err=True)
    exit_with(_code_of(len(errors), len(gathered.failed) + len(cost.estimates)))


def _write_report(file: Path, account: dict[str, Any]) -> None:
    try:
        file.write_text(json.dumps(account, indent=2, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise UsageError(file, f"cannot be written: {error.strerror or error}") from error


def _code(outcomes: tuple[Outcome, ...]) -> ExitCode:
    return _code_of(sum(1 for outcome in outcomes if outcome.error), len(outcomes))


def _code_of(failed: int, all_: int) -> ExitCode:
    if not failed:
        return ExitCode.OK
    return ExitCode.FAILED if failed == all_ else ExitCode.PARTIAL
