"""`prewarm demo`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from prewarm.bench import Timing, time_pull
from prewarm.commands.fetch import fetch_images
from prewarm.commands.scan import scan_paths
from prewarm.commands.upstreams import upstreams
from prewarm.config import RegistrySettings, Settings
from prewarm.demo.images import build
from prewarm.demo.sample import IMAGES, copy_shop
from prewarm.demo.upstream import Link, Upstream
from prewarm.errors import PrewarmError
from prewarm.fetch import Wanted
from prewarm.layout import LayoutWriter
from prewarm.oci import Platform
from prewarm.reference import Reference
from prewarm.report.fetch import fetch_text
from prewarm.report.scan import scan_text
from prewarm.report.text import format_size
from prewarm.report.timing import comparison_text

LINK = Link(round_trip=0.05, connection_bandwidth=6_250_000, total_bandwidth=50_000_000)
_JOBS = 8
_PLATFORMS = (Platform("linux", "amd64"),)


@click.command(epilog="Example: prewarm demo")
def demo() -> None:
    """Show the whole job in under a minute, with neither network nor Docker.

    A sample repository, an upstream on this machine behind a simulated slow link, then scan,
    fetch, serve, and each image pulled cold and warm. Everything goes into a temporary folder.
    """
    with tempfile.TemporaryDirectory(prefix="prewarm-demo-") as folder:
        _run(Path(folder))


def _run(folder: Path) -> None:
    _say("1. A repository: a small shop with Dockerfiles, compose, Kubernetes and a workflow")
    scan = scan_paths((copy_shop(folder / "shop"),), Settings())
    click.echo(scan_text(scan))

    _say("2. An upstream (simulated: on this machine, with images made just now)")
    click.echo(f"Its link is slowed down to {_words(LINK)}.")
    with Upstream(build(IMAGES), host="", link=LINK) as upstream:
        settings = _behind(upstream.url, scan.images)
        cold = _pull_each(settings, scan.images)
        click.echo(f"Every image pulled cold, straight from it: {_sum(cold)}.")

        _say("3. prewarm fetch: every image once, every layer once")
        store = LayoutWriter.create(folder / "store")
        wanted = [Wanted(reference, _PLATFORMS) for reference in scan.images]
        outcomes = fetch_images(wanted, settings, store)
        click.echo(fetch_text(outcomes))

    _say("4. prewarm serve: the upstream is stopped, the store answers in its place")
    with _mirror(folder / "store") as url:
        warm = _pull_each(_behind(url, scan.images), scan.images)
        click.echo(f"Every image pulled again, from {url}: {_sum(warm)}.")

    _say("5. Cold against warm")
    click.echo(comparison_text(cold, warm))
    click.echo(
        "\nSimulated: the upstream, its link and its images. Real: scan, fetch, the store, the "
        "server,\nand the pulls: over HTTP, by a client that holds nothing and verifies every byte."
    )


def _pull_each(settings: Settings, references: Iterable[Reference]) -> list[Timing]:
    """Pull images one after the other, each through connections of its own."""
    return [
        time_pull(upstreams(settings, os.environ, _JOBS), reference, _PLATFORMS, _JOBS)
        for reference in references
    ]


def _behind(url: str, references: Iterable[Reference]) -> Settings:
    """Settings under which every host is found behind one URL, by a path prefix."""
    hosts = {reference.host for reference in references}
    return Settings(
        registries={host: RegistrySettings(endpoints=(f"{url}/{host}",)) for host in hosts}
    )


@contextmanager
def _mirror(store: Path) -> Iterator[str]:
    """`prewarm serve` as a process of its own; gives its URL."""
    command = [sys.executable, "-m", "prewarm", "serve", "--quiet", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(
        [*command, "--store", str(store)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            url = server.stdout.readline().strip() if server.stdout else ""
            if not url:
                raise PrewarmError("prewarm serve", server.stderr.read() if server.stderr else "")
            yield url
        finally:
            server.terminate()


def _say(heading: str) -> None:
    click.echo(f"\n{click.style(heading, bold=True)}")


def _words(link: Link) -> str:
    each = (link.connection_bandwidth or 0) * 8 / 1e6
    total = (link.total_bandwidth or 0) * 8 / 1e6
    return (
        f"a round trip of {link.round_trip * 1000:.0f} ms, {each:.0f} Mbit/s a connection and "
        f"{total:.0f} Mbit/s in all"
    )


def _sum(timings: Sequence[Timing]) -> str:
    size = format_size(sum(timing.size for timing in timings))
    return f"{size} in {sum(timing.seconds for timing in timings):.1f} s"
