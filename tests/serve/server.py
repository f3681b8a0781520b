"""`prewarm serve` as a process, and bytes to and from its port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

SECONDS = 20.0
"""How long a test waits for what should come at once."""


class Server:
    """A running server of a store; its log is a file, as a full pipe would stop it."""

    def __init__(self, store: Path, *options: str, log: Path, before: Sequence[str] = ()) -> None:
        self._log = log
        words = (*before, *command(store), "--listen", "127.0.0.1:0", *options)
        with log.open("w") as sink:
            self._process = subprocess.Popen(
                words, stdout=subprocess.PIPE, stderr=sink, text=True, cwd=log.parent
            )
        try:
            assert self._process.stdout is not None
            self.url = self._process.stdout.readline().rstrip("\n")
            assert self.url, self.log
        except BaseException:
            self._process.kill()
            raise
        self.port = int(self.url.rpartition(":")[2])

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status, once the process has ended."""
        return self._process.poll()

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def descriptors(self) -> int:
        """How many files and sockets the process has open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))  # noqa: PTH208

    @property
    def processor_seconds(self) -> float:
        """The time that the process has computed for."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def connect(self, receive_buffer: int = 0) -> socket.socket:
        """A new connection; a small receive buffer makes its reader a slow one."""
        connection = socket.socket()
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(SECONDS)
        connection.connect(("127.0.0.1", self.port))
        return connection

    def exchange(self, *parts: bytes) -> bytes:
        """Send bytes as they are; all that comes back until the server closes."""
        with self.connect() as connection:
            try:
                for part in parts:
                    connection.sendall(part)
            except ConnectionError:
                pass  # an answer may come, and the end with it, before all is sent
            return read_to_the_end(connection)

    def ask(self, path: str, method: str = "GET") -> tuple[int, bytes]:
        """One request on a connection of its own: the status and the body of the answer."""
        return answer_in(self.exchange(request(path, method, close=True)))

    def end(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal; the exit status, and the seconds until the process had ended."""
        began = time.monotonic()
        self._process.send_signal(number)
        return self._process.wait(SECONDS), time.monotonic() - began

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def command(store: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "prewarm", "serve", "--store", str(store))


def request(path: str, method: str = "GET", *, close: bool = False) -> bytes:
    ending = "Connection: close\r\n" if close else ""
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{ending}\r\n".encode("latin-1")


def read_to_the_end(connection: socket.socket) -> bytes:
    """What still comes; an end by reset is an end."""
    received = bytearray()
    try:
        while chunk := connection.recv(1 << 20):
            received += chunk
    except ConnectionError:
        pass
    return bytes(received)


def answer_in(received: bytes) -> tuple[int, bytes]:
    """The status and the body of one answer, as it came."""
    head, end, body = received.partition(b"\r\n\r\n")
    assert end, received[:200]
    return int(head.split()[1]), body


def read_answer(connection: socket.socket, method: str = "GET") -> bytes:
    """The head and the body of the one answer that is to come."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _receive(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    (length,) = (line[15:] for line in head.split(b"\r\n") if line.startswith(b"Content-Length:"))
    while method != "HEAD" and len(body) < int(length):
        body += _receive(connection)
    return head + b"\r\n\r\n" + body


def _receive(connection: socket.socket) -> bytes:
    chunk = connection.recv(1 << 20)
    assert chunk, "closed in the middle of an answer"
    return chunk


def eventually(holds: object, seconds: float = SECONDS) -> bool:
    """Whether something becomes true before the time is over."""
    assert callable(holds)
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
