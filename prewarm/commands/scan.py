"""`prewarm scan`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from prewarm.commands.options import config_option, echo_json, exit_with, name_values
from prewarm.config import ScanSettings, Settings
from prewarm.errors import ExitCode, UsageError
from prewarm.oci import Platform
from prewarm.reference import Reference
from prewarm.scan.advice import Advice, advise
from prewarm.scan.finding import Finding, Place, Scan
from prewarm.scan.reader import Inputs
from prewarm.scan.rules import Rule
from prewarm.scan.scanner import Scanner
from prewarm.scan.tree import Tree

FORMATS = ("text", "json", "list", "markdown", "sarif", "github")


@click.command(epilog="Example: prewarm scan --build-arg VERSION=3.20 services/api")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--build-arg",
    "build_args",
    metavar="NAME=VALUE",
    multiple=True,
    help="A value for an ARG of a Dockerfile; repeatable.",
)
@click.option(
    "--env-file",
    "env_files",
    metavar="FILE",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Values for compose's variables, in place of .env; repeatable.",
)
@click.option(
    "--variable",
    "variables",
    metavar="NAME=VALUE",
    multiple=True,
    help="A value for a variable of any other file; goes before --env-file; repeatable.",
)
@click.option("--target", metavar="STAGE", help="Only what this stage of a Dockerfile needs.")
@click.option(
    "--profile",
    "profiles",
    metavar="NAME",
    multiple=True,
    help="Only compose services without a profile or with this one; repeatable.",
)
@click.option(
    "--include",
    metavar="GLOB",
    multiple=True,
    help="Read only such files, written as in .gitignore; repeatable.",
)
@click.option(
    "--exclude",
    metavar="GLOB",
    multiple=True,
    help="Leave such files out, written as in .gitignore; repeatable.",
)
@click.option("--guess", is_flag=True, help="Also guess at scripts and Markdown; marked.")
@click.option("--require-digest", is_flag=True, help="Remark on images without a digest.")
@click.option(
    "--strict", is_flag=True, help="Exit with 1 when anything could not be resolved or read."
)
@click.option("--why", metavar="REF", help="Only the places that want this image.")
@click.option(
    "format_",
    "--format",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="For people, for machines, for pull requests.",
)
@config_option
def scan(
    paths: tuple[Path, ...],
    build_args: tuple[str, ...],
    env_files: tuple[Path, ...],
    variables: tuple[str, ...],
    target: str | None,
    profiles: tuple[str, ...],
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    guess: bool,
    require_digest: bool,
    strict: bool,
    why: str | None,
    format_: str,
    settings: Settings,
) -> None:
    """Find every image that the files under PATH pull (here, if none is given). Offline.

    A comment `prewarm: ignore` keeps a line out; images that no file names stand in
    prewarm.toml as extra = [...].
    """
    known = settings.scan
    chosen = replace(
        known,
        include=(*known.include, *include),
        exclude=(*known.exclude, *exclude),
        build_args={**known.build_args, **name_values(build_args)},
        env_files=env_files or known.env_files,
        variables={**known.variables, **name_values(variables)},
        target=target or known.target,
        profiles=profiles or known.profiles,
        guess=guess or known.guess,
        require_digest=require_digest or known.require_digest,
    )
    found = scan_paths(paths, replace(settings, scan=chosen))
    if why is not None:
        _explain(found, why)
        return
    _print(found, advise(found, require_digest=chosen.require_digest), format_)
    if strict and (found.unresolved or found.skipped):
        exit_with(ExitCode.FAILED)


def scan_paths(paths: Sequence[Path], settings: Settings) -> Scan:
    """Scan folders and files (here, if there are none) with what the settings say."""
    chosen = settings.scan
    inputs = Inputs(
        build_args=chosen.build_args,
        variables={**_variables(chosen.env_files), **chosen.variables},
        environ=dict(os.environ),
        target=chosen.target,
        profiles=chosen.profiles,
        platform=settings.platforms[0] if settings.platforms else Platform.of_this_machine(),
        guess=chosen.guess,
    )
    tree = Tree.at(paths or (Path(),), chosen.include, chosen.exclude)
    return Scanner(inputs, _rules(chosen)).scan(tree, _extras(settings, tree.base))


def _print(found: Scan, remarks: Sequence[Advice], format_: str) -> None:
    from prewarm.report import annotations, markdown, sarif  # noqa: PLC0415
    from prewarm.report import scan as report  # noqa: PLC0415

    match format_:
        case "json":
            echo_json(report.scan_json(found, remarks))
        case "sarif":
            echo_json(sarif.scan_sarif(found, remarks))
        case "list":
            _echo(report.scan_list(found))
        case "markdown":
            _echo(markdown.scan_markdown(found, remarks))
        case "github":
            _echo(annotations.scan_annotations(found, remarks))
        case _:
            _echo(report.scan_text(found, remarks))


def _echo(text: str) -> None:
    if text:
        click.echo(text)


def _explain(found: Scan, why: str) -> None:
    from prewarm.report.scan import why_text  # noqa: PLC0415

    reference = Reference.parse(why)
    text = why_text(found, reference)
    if text:
        click.echo(text)
    else:
        click.echo(f"prewarm: {reference}: nothing here asks for it", err=True)
        exit_with(ExitCode.FAILED)


def _variables(files: Sequence[Path]) -> Mapping[str, str]:
    if not files:
        return {}
    from prewarm.scan.compose.dotenv import parse  # noqa: PLC0415

    values: dict[str, str] = {}
    for file in files:
        try:
            text = file.read_text("utf-8", "replace")
        except OSError as error:
            raise UsageError(file, f"cannot be read: {error.strerror or error}") from error
        parsed = parse(text, os.environ, values)
        if parsed.fault:
            raise UsageError(file, f"not an env file: {parsed.fault}")
        values.update(parsed.values)
    return values


def _rules(settings: ScanSettings) -> list[Rule]:
    return [Rule.make(r.files, r.path, r.pattern, r.kind) for r in settings.rules]


def _extras(settings: Settings, base: Path) -> Iterator[Finding]:
    """The images of `extra`, found in the settings file."""
    for extra in settings.extra:
        file = os.path.relpath(settings.file or "", base)
        yield Finding(extra.reference, Place(file, extra.line, 1), "extra", extra.written)
