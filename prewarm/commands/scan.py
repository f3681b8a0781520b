"""`prewarm scan`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from prewarm import report
from prewarm.commands.options import config_option, echo_json, format_option, name_values
from prewarm.config import Settings
from prewarm.errors import ExitCode
from prewarm.oci import Platform
from prewarm.scan.finding import Scan
from prewarm.scan.reader import Inputs
from prewarm.scan.scanner import scan_tree
from prewarm.scan.tree import Tree


@click.command(epilog="Example: prewarm scan --build-arg VERSION=3.20 services/api")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--build-arg",
    "build_args",
    metavar="NAME=VALUE",
    multiple=True,
    help="A value for an ARG; repeatable.",
)
@click.option(
    "--exclude",
    metavar="GLOB",
    multiple=True,
    help="Leave files out, as .gitignore would; repeatable.",
)
@format_option
@config_option
def scan(
    paths: tuple[Path, ...],
    build_args: tuple[str, ...],
    exclude: tuple[str, ...],
    format_: str,
    settings: Settings,
) -> None:
    """Find every image that the files under PATH pull (here, if none is given). Offline."""
    found = scan_paths(paths, settings, name_values(build_args), exclude)
    if format_ == "json":
        echo_json(report.scan_json(found))
    else:
        click.echo(report.scan_text(found))
    if not found.images and found.unresolved:
        click.get_current_context().exit(ExitCode.FAILED)


def scan_paths(
    paths: tuple[Path, ...],
    settings: Settings,
    build_args: dict[str, str] | None = None,
    exclude: tuple[str, ...] = (),
) -> Scan:
    """Scan folders and files with the settings' and the given inputs."""
    inputs = Inputs(
        build_args={**settings.scan.build_args, **(build_args or {})},
        environ=os.environ,
        platform=settings.platforms[0] if settings.platforms else Platform.of_this_machine(),
    )
    tree = Tree.at(paths or (Path(),), settings.scan.include, (*settings.scan.exclude, *exclude))
    return scan_tree(tree, inputs)
