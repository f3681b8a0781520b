"""`prewarm serve` as a process: its address, the requests in its log, and a clean end."""

from __future__ import annotations

import http.client
import re
from pathlib import Path

from .command import Prewarm
from .process import Daemon
from .registry import Request

_STARTED = re.compile(r"serving .* on http://(\S+)")
_LOG_LINE = re.compile(
    r"^\S+ \S+ (?P<method>[A-Z]+) (?P<path>/\S*) (?P<status>\d{3}) ", re.MULTILINE
)


class Mirror:
    """A running server of a store."""

    def __init__(self, prewarm: Prewarm, log: Path) -> None:
        words = prewarm.words("serve", "--store", str(prewarm.store), "--listen", "127.0.0.1:0")
        self._daemon = Daemon(words, prewarm.env, log, prewarm.folder)
        self._read_from = 0
        self._daemon.wait_for(lambda: _STARTED.search(self._daemon.log) is not None)

    @property
    def address(self) -> str:
        started = _STARTED.search(self._daemon.log)
        assert started is not None
        return started[1]

    @property
    def running(self) -> bool:
        return self._daemon.running

    def forget(self) -> None:
        """Let the next `requests` begin here."""
        self._read_from = len(self._daemon.log)

    def requests(self) -> list[Request]:
        """The requests in the log since the last `forget`."""
        return [
            Request(match["method"], match["path"], int(match["status"]))
            for match in _LOG_LINE.finditer(self._daemon.log[self._read_from :])
        ]

    def status(self, path: str) -> int:
        """The status of a GET."""
        connection = http.client.HTTPConnection(self.address, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    def stop(self) -> None:
        """SIGTERM; the server must end with 0 and without a traceback."""
        status = self._daemon.stop()
        assert status == 0, f"ended with {status}:\n{self._daemon.log}"
        assert "Traceback" not in self._daemon.log, self._daemon.log

    def kill(self) -> None:
        self._daemon.kill()
