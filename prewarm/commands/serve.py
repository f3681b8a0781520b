"""`prewarm serve`."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import click

from prewarm.commands.options import config_option, store_option, store_path
from prewarm.config import Settings
from prewarm.errors import UsageError
from prewarm.layout import LayoutReader
from prewarm.report.text import count
from prewarm.serve.app import Application, Served
from prewarm.serve.catalogue import Catalogue
from prewarm.serve.runner import serve as run_server


@click.command(epilog="Example: prewarm serve --listen 127.0.0.1:5000")
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default="127.0.0.1:5000",
    show_default=True,
    help="Where to answer; port 0 takes a free one and says which.",
)
@click.option("--quiet", "-q", is_flag=True, help="No line per request.")
@store_option
@config_option
def serve(listen: str, quiet: bool, store: Path | None, settings: Settings) -> None:
    """Serve the store as a read-only registry mirror for all upstreams on one port.

    docker.io, quay.io and every other host are told apart by ?ns= (containerd, BuildKit), by
    a path prefix (podman, skopeo), and are docker.io without either (dockerd).
    """
    host, port = _address(listen)
    reader = LayoutReader.open(store_path(store, settings))
    application = Application(Catalogue(reader), None if quiet else _log)

    def started(url: str) -> None:
        held = count(len(reader.read_entries()), "image")
        click.echo(f"prewarm: serving {held} from {reader.root} on {url}", err=True)
        click.echo(url)

    run_server(application, host, port, started)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"--listen {text}", "not HOST:PORT", "write 127.0.0.1:5000")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104


def _log(served: Served) -> None:
    path = quote(served.path, safe="/:@", encoding="latin-1")
    query = f"?{served.query}" if served.query else ""
    line = (
        f"{time.strftime('%H:%M:%S')} {served.client} {served.method} {path}{query}"
        f" {served.status} {served.size} {served.seconds * 1000:.1f}ms {served.agent}"
    )
    with suppress(OSError):  # nobody may read the log, and every answer is owed nevertheless
        sys.stderr.write(f"{line.encode('unicode_escape').decode()}\n")
