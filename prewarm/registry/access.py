"""Whether a registry accepts a credential: its base, `/v2/`, asked once, challenge answered."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from prewarm.errors import TransferError
from prewarm.registry.auth import Authorizer
from prewarm.registry.credentials import Credential
from prewarm.registry.endpoint import Endpoint
from prewarm.registry.http import Request, Response, Transport, redact


class Access(Enum):
    """How a registry took what it was shown."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_ASKED = "not asked"
    ANONYMOUS = "anonymous"
    WANTED = "wanted"


def check_access(transport: Transport, endpoint: Endpoint, credential: Credential | None) -> Access:
    """Ask an endpoint's `/v2/`; raises TransferError or ContentError where that says nothing.

    A registry that asks nobody proves nothing about the credential: NOT_ASKED.
    """
    denied = Access.REFUSED if credential else Access.WANTED
    request = Request("GET", f"{endpoint.origin}/v2/", endpoint, endpoint.host)
    with transport.open(request) as response:
        if response.status == 200:
            return Access.NOT_ASKED
        if response.status != 401 or response.request.endpoint != endpoint:
            raise _odd(response)
        request, challenge = response.request, response.headers.get("WWW-Authenticate", "")
    try:
        header = Authorizer(transport).answer(request, "", challenge, credential)
    except TransferError as error:
        if error.status == 401:
            return denied
        raise
    with transport.open(replace(request, headers={"Authorization": header})) as response:
        if response.status in (401, 403):
            return denied
        if response.status != 200:
            raise _odd(response)
    return Access.ACCEPTED if credential else Access.ANONYMOUS


def _odd(response: Response) -> TransferError:
    url = redact(response.request.url)
    return TransferError(
        response.request.endpoint.host, f"{url} answered {response.status}", "is it a registry?"
    )
