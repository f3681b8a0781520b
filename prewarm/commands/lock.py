"""`prewarm lock`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click

from prewarm.commands.options import (
    config_option,
    exit_with,
    lock_option,
    lock_path,
    store_option,
    store_path,
)
from prewarm.commands.scan import scan_paths
from prewarm.config import Settings
from prewarm.errors import ExitCode, PrewarmError, UsageError
from prewarm.fetch import Pin
from prewarm.lockfile import Lock, Locked, compare, read_lock, write_lock
from prewarm.reference import Reference
from prewarm.report.lock import difference_text, moves_text


@click.command(
    epilog="Examples: prewarm lock; prewarm lock --check; prewarm lock --update nginx:1.27"
)
@click.argument("references", metavar="[REF]...", nargs=-1)
@click.option(
    "--check",
    is_flag=True,
    help="Write nothing, ask nobody: exit with 1 when the files and the lock disagree.",
)
@click.option(
    "--update",
    is_flag=True,
    help="Resolve again what is locked already: the images given, else all.",
)
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 256),
    default=12,
    show_default=True,
    help="Requests at a time.",
)
@lock_option
@store_option
@config_option
def lock(
    references: tuple[str, ...],
    check: bool,
    update: bool,
    jobs: int,
    lock_file: Path | None,
    store: Path | None,
    settings: Settings,
) -> None:
    """Write down which digests the tags stand for that scan finds here.

    What is locked keeps its digest until --update; what no file asks for any more goes. With a
    lock and a full store, prewarm fetch asks nobody.
    """
    given = {Reference.parse(text) for text in references}
    if given and not update:
        raise UsageError("prewarm lock", "images are given only to --update", "add --update")
    file = lock_path(lock_file, settings)
    before = read_lock(file)
    wanted = {
        reference: tuple(dict.fromkeys(str(use.place) for use in uses))
        for reference, uses in scan_paths((), settings).images.items()
    }
    if check:
        _check(before, wanted, file)
        return
    before = before or Lock()
    for reference in given - set(wanted):
        raise UsageError(reference, "no file here asks for it", "see prewarm scan")
    again = (given or set(wanted)) if update else set()
    asked = [r for r in wanted if r in again or r not in before.images]
    pins = _pin(asked, settings, store_path(store, settings), jobs)
    after = Lock.of(_locked(before, pins, wanted))
    write_lock(file, after)
    click.echo(moves_text(before, after))
    _tell_failures(pins, after)


def _check(lock: Lock | None, wanted: Mapping[Reference, tuple[str, ...]], file: Path) -> None:
    if lock is None:
        raise PrewarmError(file, "there is no lock", "run prewarm lock")
    difference = compare(lock, wanted)
    if difference:
        click.echo(difference_text(difference, file.name))
        click.echo(f"prewarm: {file.name} and the files disagree: run prewarm lock", err=True)
        exit_with(ExitCode.FAILED)


def _pin(
    references: list[Reference], settings: Settings, store: Path, jobs: int
) -> dict[Reference, Pin | PrewarmError]:
    if not references:
        return {}
    from prewarm.bench import Discard  # noqa: PLC0415
    from prewarm.commands.upstreams import upstreams  # noqa: PLC0415
    from prewarm.fetch import pin_all  # noqa: PLC0415
    from prewarm.layout import LayoutReader  # noqa: PLC0415

    source = upstreams(settings, os.environ, jobs)
    held = LayoutReader(store) if store.is_dir() else Discard()
    return pin_all(source, held, references, jobs)


def _locked(
    before: Lock,
    pins: Mapping[Reference, Pin | PrewarmError],
    wanted: Mapping[Reference, tuple[str, ...]],
) -> list[Locked]:
    """The new lock's images; one that could not be resolved again stays as it was."""
    images = []
    for reference, places in wanted.items():
        pin = pins.get(reference)
        if isinstance(pin, Pin):
            images.append(Locked(reference, pin.root, pin.platforms, places))
        elif reference in before.images:
            images.append(replace(before.images[reference], used_by=places))
    return images


def _tell_failures(pins: Mapping[Reference, Pin | PrewarmError], after: Lock) -> None:
    errors = [pin for pin in pins.values() if isinstance(pin, PrewarmError)]
    for error in errors:
        click.echo(f"prewarm: {error}", err=True)
    if errors:
        exit_with(ExitCode.PARTIAL if after.images else ExitCode.FAILED)
