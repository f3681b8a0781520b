"""The click group, its commands imported when called, and the boundary where errors end."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from importlib import import_module

import click

from prewarm import __version__
from prewarm.errors import ExitCode, PrewarmError

COMMANDS = ("scan", "lock", "auth", "fetch", "serve", "ls", "demo")

_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""What a disk may say at any time, and no bug of ours."""

EPILOG = (
    "Exit codes: 0 ok; 1 a check failed or nothing succeeded; 2 usage; 3 some images failed and "
    "the rest is done; 70 a bug of ours; 130 interrupted."
)


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"prewarm.commands.{cmd_name}"), cmd_name)
        return command


@click.group(
    cls=_Commands,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "PREWARM"},
)
@click.version_option(__version__, message="prewarm %(version)s")
def cli() -> None:
    """Find every image a repository pulls, fetch each once, serve them from disk."""


def main() -> None:
    """Run the command line; every way out ends here, with its exit code."""
    code = _run()
    try:
        sys.stdout.flush()
    except OSError:  # who reads has gone, or was told of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if code == ExitCode.INTERRUPTED:
        sys.stderr.flush()
        os._exit(code)  # threads may still wait for an upstream; the store is whole at any moment
    sys.exit(code)


def _run() -> int:
    try:
        return int(cli.main(standalone_mode=False) or ExitCode.OK)
    except PrewarmError as error:
        click.echo(f"prewarm: {error}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("prewarm: interrupted; what is complete is kept", err=True)
        return ExitCode.INTERRUPTED
    except (BrokenPipeError, SystemExit):  # click exits when who reads has gone, and only then
        return ExitCode.OK
    except OSError as error:
        if error.errno not in _MACHINE:
            return _bug()
        click.echo(f"prewarm: {error.filename or 'the output'}: {error.strerror}", err=True)
        return ExitCode.FAILED
    except Exception:  # noqa: BLE001
        return _bug()


def _bug() -> int:
    traceback.print_exc()
    click.echo(
        f"prewarm {__version__}: this is a bug of ours; please report the lines above and "
        "the command that led to them",
        err=True,
    )
    return ExitCode.BUG
