"""`prewarm ls`."""

from __future__ import annotations

from pathlib import Path

import click

from prewarm.commands.options import (
    config_option,
    echo_json,
    format_option,
    store_option,
    store_path,
)
from prewarm.config import Settings
from prewarm.layout import LayoutReader, read_image
from prewarm.report.store import ls_json, ls_text


@click.command(epilog="Example: prewarm ls --format json")
@format_option
@store_option
@config_option
def ls(format_: str, store: Path | None, settings: Settings) -> None:
    """Show what is in the store: images, digests, sizes, platforms, and what is broken."""
    reader = LayoutReader.open(store_path(store, settings))
    images = [(entry, read_image(reader, entry.descriptor)) for entry in reader.read_entries()]
    if format_ == "json":
        echo_json(ls_json(images))
    else:
        click.echo(ls_text(images))
