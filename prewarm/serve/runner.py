"""The application on a port: waitress with limits, and a clean stop."""

from __future__ import annotations

import logging
import resource
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
SPARE_FILES = 32
"""Descriptors kept for everything that is neither a connection nor the blob that it reads."""
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
        connection_limit=_allow_connections(CONNECTIONS),
        channel_timeout=IDLE,
        cleanup_interval=IDLE // 4,
        max_request_header_size=HEADERS,
        max_request_body_size=BODY,
        backlog=BACKLOG,
        ident=f"prewarm/{__version__}",
        clear_untrusted_proxy_headers=True,
        asyncore_use_poll=True,
        log_socket_errors=False,
    )
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
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
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise UsageError(
            f"{host}:{port}", f"cannot listen: {reason or error}", "give another --listen"
        ) from error
    listening.setblocking(False)
    return listening


def _allow_connections(wanted: int) -> int:
    """How many connections the open files allow, after asking for two each: socket and blob."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = 2 * wanted + SPARE_FILES
    if soft < files:
        soft = files if hard == resource.RLIM_INFINITY else min(files, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(8, min(wanted, (soft - SPARE_FILES) // 2))


def _stop(signum: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signum, signal.SIG_IGN)  # a second one must not cut the end short
    raise SystemExit(0)
