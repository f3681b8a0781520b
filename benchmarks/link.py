"""A slow link: a TCP proxy that delays both directions and holds to bandwidths, a process apart.

What it leaves out: slow start, loss, and TLS. Every connection has its bandwidth at once.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_PIECE = 16 * 1024
"""Bytes that are timed as one."""

_SLACK = 0.01
"""Seconds of bandwidth that are made up for when a timer comes late."""

_WINDOW = 512
"""Pieces under way in one direction of a connection before its sender has to wait."""


@dataclass(frozen=True, slots=True)
class Line:
    """`round_trip` in seconds, connection set-up too; bandwidths in bytes a second, each way."""

    round_trip: float
    connection_bandwidth: float
    total_bandwidth: float

    def seconds(self, size: int, connections: int) -> float:
        """The least time in which so many connections can bring in `size` bytes.

        Set-up, one question and its answer are counted once.
        """
        rate = min(self.total_bandwidth, connections * self.connection_bandwidth)
        return 2 * self.round_trip + size / rate

    def __str__(self) -> str:
        each, total = self.connection_bandwidth * 8e-6, self.total_bandwidth * 8e-6
        return (
            f"a round trip of {self.round_trip * 1000:.0f} ms, {each:.0f} Mbit/s a connection, "
            f"{total:.0f} Mbit/s in all"
        )


@contextmanager
def proxied(line: Line, port: int) -> Iterator[tuple[int, int]]:
    """The line before a loopback port, as a process: gives the port to use and the process id."""
    words = [line.round_trip, line.connection_bandwidth, line.total_bandwidth, port]
    command = [sys.executable, "-m", "benchmarks.link", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline()), process.pid
        finally:
            process.kill()


class Bucket:
    """Hands out the times at which bytes may have passed, at a rate, in the order asked."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._free_at = 0.0

    def reserve(self, size: int, now: float) -> float:
        """When `size` more bytes are through, never before now."""
        self._free_at = max(self._free_at, now - _SLACK) + size / self._rate
        return max(self._free_at, now)


class _Direction:
    """One way of one connection: read at the bandwidth, deliver half a round trip later."""

    def __init__(self, line: Line, total: Bucket, begins: float) -> None:
        self._delay = line.round_trip / 2
        self._buckets = (Bucket(line.connection_bandwidth), total)
        self._begins = begins
        self._under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_WINDOW)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry everything until the sender closes, and its closing too."""
        await asyncio.gather(self._take(reader), self._deliver(writer))

    async def _take(self, reader: asyncio.StreamReader) -> None:
        piece = b"-"
        while piece:
            piece = await reader.read(_PIECE)
            now = max(_now(), self._begins)
            through = max(bucket.reserve(len(piece), now) for bucket in self._buckets)
            await self._under_way.put((through + self._delay, piece))
            await _sleep_until(through)

    async def _deliver(self, writer: asyncio.StreamWriter) -> None:
        while True:
            arrives, piece = await self._under_way.get()
            await _sleep_until(arrives)
            if not piece:
                writer.write_eof()
                return
            writer.write(piece)
            await writer.drain()


async def _serve(line: Line, port: int) -> None:
    totals = Bucket(line.total_bandwidth), Bucket(line.total_bandwidth)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
            there = _Direction(line, totals[0], _now() + line.round_trip)
            back = _Direction(line, totals[1], 0.0)
            ways = there.carry(reader, far_writer), back.carry(far_reader, writer)
            try:
                await _until_closed(*map(asyncio.ensure_future, ways))
            finally:
                far_writer.close()
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


async def _until_closed(there: asyncio.Future[None], back: asyncio.Future[None]) -> None:
    """Wait for both directions, or for the first that breaks."""
    try:
        await asyncio.gather(there, back)
    finally:
        there.cancel()
        back.cancel()


async def _sleep_until(moment: float) -> None:
    wait = moment - _now()
    if wait > 0:
        await asyncio.sleep(wait)


def _now() -> float:
    return asyncio.get_running_loop().time()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.link", description=__doc__)
    parser.add_argument("round_trip", type=float, help="seconds")
    parser.add_argument("connection_bandwidth", type=float, help="bytes a second")
    parser.add_argument("total_bandwidth", type=float, help="bytes a second")
    parser.add_argument("port", type=int, help="the loopback port at the line's other end")
    given = parser.parse_args()
    line = Line(given.round_trip, given.connection_bandwidth, given.total_bandwidth)
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(line, given.port))


if __name__ == "__main__":
    main()
