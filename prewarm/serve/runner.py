"""The application on a port: waitress with limits, and a clean stop."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from waitress.adjustments import Adjustments

from prewarm import __version__
from prewarm.errors import UsageError
from prewarm.serve.app import Application
from prewarm.serve.channel import Server

THREADS = 16
CONNECTIONS = 1000
BACKLOG = 1024
IDLE = 60
"""Seconds without a byte either way after which a connection is closed."""
HEADERS = 32 * 1024
"""Bytes of a request line and its headers."""
BODY = 4096
"""Bytes of a request's body, which nothing reads."""


def serve(application: Application, host: str, port: int, started: Callable[[str], None]) -> None:
    """Answer until SIGTERM or SIGINT; `started` is told the URL once the port is open.

    Port 0 takes a free one. Raises UsageError when the port cannot be had.
    """
    listening = _listen(host, port)
    settings = Adjustments(
        threads=THREADS,
        connection_limit=CONNECTIONS,
        channel_timeout=IDLE,
        cleanup_interval=IDLE // 4,
        max_request_header_size=HEADERS,
        max_request_body_size=BODY,
        backlog=BACKLOG,
        ident=f"prewarm/{__version__}",
        clear_untrusted_proxy_headers=True,
        asyncore_use_poll=True,
    )
    address = (listening.family, listening.type, listening.proto, listening.getsockname())
    server = Server(
        application, {}, True, listening, adj=settings, sockinfo=address, bind_socket=False
    )
    signal.signal(signal.SIGTERM, _stop)
    shown = f"[{host}]" if ":" in host else host
    started(f"http://{shown}:{listening.getsockname()[1]}")
    server.run()
    server.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise UsageError(
            f"{host}:{port}", f"cannot listen: {error.strerror or error}", "give another --listen"
        ) from error
    listening.setblocking(False)
    return listening


def _stop(signum: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)
