"""A connection of waitress's, with what a registry's clients need besides.

Written against waitress 3.0; `setup.cfg` pins the major version.
"""

from __future__ import annotations

import re

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer

_TLS_HANDSHAKE = b"\x16"
_REQUEST_LINE = re.compile(rb"[^ ]+ [^ ]+(?: HTTP/[0-9]\.[0-9])? *")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Parser(HTTPRequestParser):
    """Refuses at once what waitress's own patterns would take minutes to refuse.

    Their time grows with the square of a broken line's length, and every client waits meanwhile.
    """

    def parse_header(self, header_plus: bytes) -> None:
        line, _, _ = header_plus.partition(b"\r\n")
        if not _REQUEST_LINE.fullmatch(line) or _CONTROL.search(header_plus):
            raise ParsingError("the request is not HTTP")
        try:
            super().parse_header(header_plus)
        except ValueError as error:
            raise ParsingError("the request's URI is not one") from error


class Channel(HTTPChannel):
    """Closes at once on a client that tries TLS first, as podman and skopeo do.

    Left alone, the parser would wait for the end of a request that never comes, and the client
    for ten seconds before it tries plain HTTP.
    """

    parser_class = Parser

    def received(self, data: bytes) -> bool:
        if self.request is None and data.startswith(_TLS_HANDSHAKE):
            self.will_close = True
            return False
        return bool(super().received(data))

    def _flush_outbufs_below_high_watermark(self) -> None:
        """Drop what was asked behind a long answer, and close after it, so that no thread waits.

        A client that asks for more without reading could otherwise keep one for as long as it
        likes; HTTP lets a server close after any answer, and the client ask again.
        """
        if self.total_outbufs_len > self.adj.outbuf_high_watermark:
            self.close_when_flushed = True
            self.requests = self.requests[:1]


class Server(TcpWSGIServer):
    """A listening socket whose connections are Channels."""

    channel_class = Channel
