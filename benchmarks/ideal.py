"""The fastest way over a line that a client can take: ranges of known blobs, over N connections.

It checks nothing and knows beforehand what to get: a limit to compare with, not a tool.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import queue
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_RANGE = 4 * 1024 * 1024
_PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Target:
    """One blob: its path at the registry and its size in bytes."""

    path: str
    size: int


def fetch(address: str, targets: Sequence[Target], folder: Path, connections: int) -> None:
    """Write every target to a file of its own; raises the first error of a connection."""
    folder.mkdir(parents=True, exist_ok=True)
    work: queue.SimpleQueue[tuple[Target, int, int]] = queue.SimpleQueue()
    files = {}
    for number, target in enumerate(targets):
        files[target] = os.open(folder / str(number), os.O_WRONLY | os.O_CREAT, 0o644)
        for start in range(0, target.size, _RANGE):
            work.put((target, start, min(start + _RANGE, target.size)))
    errors: list[BaseException] = []
    threads = [
        threading.Thread(target=_drain, args=(address, work, files, errors))
        for _ in range(connections)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for file in files.values():
        os.close(file)
    if errors:
        raise errors[0]


def _drain(
    address: str,
    work: queue.SimpleQueue[tuple[Target, int, int]],
    files: dict[Target, int],
    errors: list[BaseException],
) -> None:
    connection = http.client.HTTPConnection(address, timeout=60)
    try:
        with suppress(queue.Empty):
            while True:
                target, start, end = work.get_nowait()
                headers = {"Range": f"bytes={start}-{end - 1}"}
                connection.request("GET", target.path, headers=headers)
                _save(connection.getresponse(), files[target], start, end)
    except (OSError, http.client.HTTPException) as error:
        errors.append(error)
    finally:
        connection.close()


def _save(response: http.client.HTTPResponse, file: int, start: int, end: int) -> None:
    if response.status not in (200, 206):
        raise OSError(f"the registry answered {response.status}")
    while piece := response.read(_PIECE):
        os.pwrite(file, piece, start)
        start += len(piece)
    if start != end:
        raise OSError(f"{end - start} bytes are missing")


def main() -> None:
    """`ideal.py ADDRESS TARGETS FOLDER N`: TARGETS is a file of JSON, [[path, size], …]."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("targets", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("connections", type=int)
    given = parser.parse_args()
    targets = [Target(path, size) for path, size in json.loads(given.targets.read_text())]
    fetch(given.address, targets, given.folder, given.connections)


if __name__ == "__main__":
    main()
