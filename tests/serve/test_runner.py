"""The command as a process: how it starts, what it says, how it ends."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from prewarm.demo.images import Contents, Image
from prewarm.demo.images import build as build_images
from prewarm.oci import digest_of
from tests.serve.server import Server, command, eventually, read_answer, request
from tests.serve.stores import hold_image, write_store

LARGE = bytes(32 * 1024 * 1024)
"""More than the buffers of both ends of a connection hold."""
LARGE_BLOB = f"/v2/library/large/blobs/{digest_of(LARGE)}"
SMALL = "/v2/library/small/manifests/1"


@pytest.fixture(scope="module")
def contents() -> Contents:
    contents = build_images([Image("small:1"), Image("quay.io/org/app:1")])
    contents.names["docker.io/library/large:1"] = hold_image(contents, LARGE)
    return contents


@pytest.fixture(scope="module")
def store(contents: Contents, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_store(tmp_path_factory.mktemp("runner") / "store", contents).root


@pytest.fixture
def server(store: Path, tmp_path: Path) -> Iterator[Server]:
    with Server(store, log=tmp_path / "log") as server:
        yield server


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, check=False, capture_output=True, text=True, timeout=20, cwd=cwd)


def test_the_url_is_alone_on_stdout_and_told_with_the_store_on_stderr(
    server: Server, store: Path
) -> None:
    assert server.url == f"http://127.0.0.1:{server.port}"
    first = server.log.splitlines()[0]
    assert first == f"prewarm: serving 3 images from {store} on {server.url}"
    assert server.end()[0] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_and_well(server: Server, number: int) -> None:
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("this signal is ignored here, and so by every process started here")
    assert server.ask(SMALL)[0] == 200
    status, seconds = server.end(number)
    assert (status, seconds < 3) == (0, True)
    assert "Traceback" not in server.log


def test_open_connections_and_downloads_do_not_delay_the_end(server: Server) -> None:
    idle = [server.connect() for _ in range(5)]
    for connection in idle[:3]:
        connection.sendall(request("/v2/"))
        read_answer(connection)
    slow = [server.connect(4096) for _ in range(20)]
    for connection in slow:
        connection.sendall(request(LARGE_BLOB))
        assert connection.recv(100)
    half = server.connect()
    half.sendall(b"GET /v2/ HTTP/1.1\r\nHo")
    status, seconds = server.end()
    assert (status, seconds < 3) == (0, True)
    assert "Traceback" not in server.log
    for connection in (*idle, *slow, half):
        connection.close()


def test_an_end_in_the_middle_of_many_requests(server: Server) -> None:
    connections = [server.connect() for _ in range(10)]
    for connection in connections:
        connection.sendall(request(SMALL) * 50 + request(LARGE_BLOB) * 2)
    status, seconds = server.end()
    assert (status, seconds < 3) == (0, True)
    assert "Traceback" not in server.log
    for connection in connections:
        connection.close()


def test_many_signals_are_one(server: Server) -> None:
    while server.status is None:
        os.kill(server.pid, signal.SIGTERM)
        time.sleep(0.001)
    assert server.status == 0
    assert "Traceback" not in server.log


def test_a_port_that_is_taken_is_one_line_and_2(server: Server, store: Path) -> None:
    taken = f"127.0.0.1:{server.port}"
    done = run(*command(store), "--listen", taken, cwd=store.parent)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"prewarm: {taken}: cannot listen: ") and "--listen" in line


@pytest.mark.parametrize(
    "listen",
    [
        "",
        "5000",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "a..b:0",
        f"{'x' * 64}:0",
        "203.0.113.1:0",
    ],
)
def test_an_address_that_is_none_is_one_line_and_2(store: Path, listen: str) -> None:
    done = run(*command(store), "--listen", listen, cwd=store.parent)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("prewarm: ")


@pytest.mark.parametrize("listen", ["[::1]:0", "::1:0"])
def test_ipv6(store: Path, tmp_path: Path, listen: str) -> None:
    if not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists():
        pytest.skip("this machine has no IPv6")
    with Server(store, "--listen", listen, log=tmp_path / "log") as server:
        assert server.url == f"http://[::1]:{server.port}"
        with socket.create_connection(("::1", server.port), 10) as connection:
            connection.sendall(request("/v2/", close=True))
            assert connection.recv(15) == b"HTTP/1.1 200 OK"
        assert server.end()[0] == 0


@pytest.mark.parametrize("made", [False, True], ids=["missing", "empty folder"])
def test_a_store_that_is_none_is_one_line_and_1(tmp_path: Path, made: bool) -> None:
    store = tmp_path / "store"
    if made:
        store.mkdir()
    done = run(*command(store), "--listen", "127.0.0.1:0", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"prewarm: {store}: ") and "--store" in line
    assert store.exists() is made


def test_a_store_without_an_index_is_one_line_and_1(store: Path, tmp_path: Path) -> None:
    copied = tmp_path / "store"
    copied.mkdir()
    shutil.copy(store / "oci-layout", copied)
    done = run(*command(copied), "--listen", "127.0.0.1:0", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"prewarm: {copied / 'index.json'}: cannot read: ")


def test_a_store_named_from_where_it_stands(store: Path) -> None:
    log = store.parent / "relative.log"
    with Server(Path("store"), log=log) as server:
        assert server.ask(SMALL)[0] == 200


def test_one_line_per_request(server: Server, contents: Contents) -> None:
    assert server.ask("/v2/org/app/manifests/1?ns=quay.io")[0] == 200
    assert server.ask("/v2/none/manifests/1", "HEAD")[0] == 404
    assert server.ask("/v2/a%20b%25/c")[0] == 404
    size = contents.names["quay.io/org/app:1"].size
    _, first, second, third = server.log.splitlines()
    assert first.split()[1:6] == [
        "127.0.0.1",
        "GET",
        "/v2/org/app/manifests/1?ns=quay.io",
        "200",
        str(size),
    ]
    assert second.split()[1:5] == ["127.0.0.1", "HEAD", "/v2/none/manifests/1", "404"]
    assert third.split()[1:5] == ["127.0.0.1", "GET", "/v2/a%20b%25/c", "404"]


@pytest.mark.parametrize(
    "sent",
    [
        request("/v2/%0aforged%0d%0a%1b[31m%00%7f%e9%20x", close=True),
        request("/v2/a?b=\xe9%0a%1b[31m", close=True),
        b"GET /v2/ HTTP/1.1\r\nUser-Agent: a\xe9\xff\\n\r\nConnection: close\r\n\r\n",
        b"GET /v2/\x1b[31m HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /v2/ HTTP/1.1\r\nUser-Agent: \x1b[31m\r\nConnection: close\r\n\r\n",
    ],
)
def test_no_request_can_forge_a_line_of_the_log(server: Server, sent: bytes) -> None:
    server.exchange(sent)
    assert server.ask("/v2/")[0] == 200
    lines = server.log.splitlines()
    assert len(lines) in (2, 3)  # what is no HTTP at all has no line
    assert all(line.isascii() and line.isprintable() for line in lines)
    assert all(line.split()[1] == "127.0.0.1" for line in lines[1:])


def test_quiet_has_no_line_per_request(store: Path, tmp_path: Path) -> None:
    with Server(store, "--quiet", log=tmp_path / "log") as server:
        assert server.ask(SMALL)[0] == 200
        assert len(server.log.splitlines()) == 1


def test_a_log_that_nobody_reads_any_more_costs_no_answer(store: Path) -> None:
    words = (*command(store), "--listen", "127.0.0.1:0")
    read, write = os.pipe()
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=write, text=True)
    os.close(write)
    assert process.stdout is not None
    with process.stdout:
        port = int(process.stdout.readline().rpartition(":")[2])
    os.close(read)
    try:
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            for _ in range(3):
                connection.sendall(request("/v2/"))
                assert read_answer(connection).startswith(b"HTTP/1.1 200 OK")
        process.terminate()
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


def test_few_open_files_make_clients_wait_and_nothing_worse(store: Path, tmp_path: Path) -> None:
    limit = ("sh", "-c", 'ulimit -n 64; exec "$@"', "sh")
    with Server(store, log=tmp_path / "log", before=limit) as server:
        waiting = [server.connect(4096) for _ in range(60)]
        for connection in waiting:
            connection.sendall(request(LARGE_BLOB))
        assert eventually(lambda: server.log.count(LARGE_BLOB) >= 8)
        began = server.processor_seconds
        statuses = [connection.recv(12) for connection in waiting[:8]]
        assert statuses == [b"HTTP/1.1 200"] * 8
        assert server.processor_seconds - began < 1
        for connection in waiting:
            connection.close()
        assert server.ask(SMALL)[0] == 200
        assert "Traceback" not in server.log
        assert len(server.log) < 100_000


def test_the_limit_of_open_files_is_raised_as_far_as_it_may(store: Path, tmp_path: Path) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    limit = ("sh", "-c", 'ulimit -S -n 64; exec "$@"', "sh")
    with Server(store, log=tmp_path / "log", before=limit) as server:
        soft = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)[0]
        assert soft == (2032 if hard == resource.RLIM_INFINITY else min(2032, hard))


def test_a_folder_that_cannot_be_written_is_served(store: Path, tmp_path: Path) -> None:
    remount = (
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-ec",
        'mount --bind "$0" "$0"; mount -o remount,bind,ro "$0"; exec "$@"',
        str(store),
    )
    probe = run(*remount, "sh", "-c", f"! touch {store}/probe", cwd=tmp_path)
    if probe.returncode != 0:
        pytest.skip("this machine does not let a test make a read-only mount")
    with Server(store, log=tmp_path / "log", before=remount) as server:
        assert server.ask(SMALL)[0] == 200
        assert len(server.ask(LARGE_BLOB)[1]) == len(LARGE)
        assert server.end()[0] == 0


def test_the_application_needs_no_server_of_ours(store: Path) -> None:
    program = f"""
import sys, threading, urllib.request
from pathlib import Path
from wsgiref.simple_server import make_server, WSGIRequestHandler
from prewarm.layout import LayoutReader
from prewarm.serve.app import Application
from prewarm.serve.catalogue import Catalogue
class Quiet(WSGIRequestHandler):
    def log_message(self, *words): pass
app = Application(Catalogue(LayoutReader.open(Path(sys.argv[1]))))
server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{{server.server_port}}{LARGE_BLOB}"
part = urllib.request.Request(url, headers={{"Range": "bytes=10-19"}})
print(len(urllib.request.urlopen(url).read()), len(urllib.request.urlopen(part).read()))
"""
    done = run(sys.executable, "-c", program, str(store), cwd=store.parent)
    assert done.stdout.split() == [str(len(LARGE)), "10"], done.stderr
