"""A connection of waitress's, with what a registry's clients need besides.

Written against waitress 3.0; `setup.cfg` pins the major version.
"""

from __future__ import annotations

from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer

_TLS_HANDSHAKE = b"\x16"


class Channel(HTTPChannel):
    """Closes at once on a client that tries TLS first, as podman and skopeo do.

    Left alone, the parser would wait for the end of a request that never comes, and the client
    for ten seconds before it tries plain HTTP.
    """

    def received(self, data: bytes) -> bool:
        if self.request is None and data.startswith(_TLS_HANDSHAKE):
            self.will_close = True
            return False
        return bool(super().received(data))


class Server(TcpWSGIServer):
    """A listening socket whose connections are Channels."""

    channel_class = Channel
