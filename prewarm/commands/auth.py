"""`prewarm auth`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from prewarm.commands.options import config_option, echo_json, exit_with, format_option
from prewarm.config import Settings
from prewarm.errors import ContentError, ExitCode, TransferError, UsageError
from prewarm.reference import is_host, normalise_host
from prewarm.report.auth import Login, auth_json, auth_text

if TYPE_CHECKING:
    from prewarm.registry.credentials import Credentials
    from prewarm.registry.endpoint import Endpoint
    from prewarm.registry.http import Transport

_USUAL = ("docker.io", "ghcr.io", "quay.io")
_REFUSED = "refused"


@click.command(epilog="Examples: prewarm auth; prewarm auth --check registry.example:5000")
@click.argument("hosts", metavar="[HOST]...", nargs=-1)
@click.option(
    "--check",
    is_flag=True,
    help="Ask the registries: exit with 1 when one refuses its credential or cannot be asked.",
)
@format_option
@config_option
def auth(hosts: tuple[str, ...], check: bool, format_: str, settings: Settings) -> None:
    """Show which credential is used for a registry and where it was found; never a secret.

    Without HOST, the registries of prewarm.toml, docker.io, ghcr.io and quay.io.
    """
    for host in hosts:
        if not is_host(host):
            raise UsageError(repr(host), "not a registry's host", "write registry.example:5000")
    chosen = hosts or (*settings.registries, *_USUAL)
    wanted = tuple(dict.fromkeys(map(normalise_host, chosen)))
    logins = list(_logins(wanted, settings, check=check))
    if format_ == "json":
        echo_json(auth_json(logins))
    else:
        click.echo(auth_text(logins, checked=check))
    if check and any(login.check == _REFUSED or login.problem for login in logins):
        exit_with(ExitCode.FAILED)


def _logins(hosts: tuple[str, ...], settings: Settings, *, check: bool) -> Iterator[Login]:
    from prewarm.commands.upstreams import upstreams  # noqa: PLC0415
    from prewarm.registry.credentials import Credentials  # noqa: PLC0415

    credentials = Credentials.of_environment(os.environ)
    transport = _transport() if check else None
    source = upstreams(settings, os.environ, 1)
    for host in hosts:
        for endpoint in source.endpoints(host):
            yield _login(host, endpoint, credentials, transport)


def _transport() -> Transport:
    from prewarm.registry.http import Limits, Transport  # noqa: PLC0415

    return Transport(Limits(), 1)


def _login(
    host: str, endpoint: Endpoint, credentials: Credentials, transport: Transport | None
) -> Login:
    from prewarm.registry.access import check_access  # noqa: PLC0415

    login = Login(host, str(endpoint))
    try:
        credential = credentials.lookup(endpoint.host, endpoint.prefix)
        if credential:
            source, kind, user = credential.source, credential.kind, credential.user
            login = replace(login, source=source, kind=kind, user=user)
        if transport:
            access = check_access(transport, endpoint, credential)
            login = replace(login, check=access.value)
    except (TransferError, ContentError) as error:
        login = replace(login, problem=str(error))
    return replace(login, helpers=_answers(credentials, endpoint.host))


def _answers(credentials: Credentials, host: str) -> dict[str, str]:
    return {
        program: answer.problem or ("answered" if answer.secret else "knows no credential")
        for program, answer in credentials.told(host).items()
    }
