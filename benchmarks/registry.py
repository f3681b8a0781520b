"""A real registry (Distribution) on loopback: filled over HTTP, its access log counted."""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
import subprocess
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import images
from benchmarks.images import Image, Json, Layer, Work
from benchmarks.programs import need

_STARTS_WITHIN = 20.0
_SMALL = 1024 * 1024


@dataclass(slots=True)
class Registry:
    """A running registry and what it holds; `pid` is its process."""

    folder: Path
    port: int
    pid: int
    seed: int
    _layers: dict[Layer, tuple[str, str, Json]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def fill(self, work: Work) -> None:
        """Push all images of a work; what another work brought in is taken over."""
        with _Push(self) as push:
            for image in work.images:
                push.image(image)

    def targets(self, work: Work) -> tuple[tuple[str, int], ...]:
        """The path and the size of every layer of a work that was pushed, each layer once."""
        held = (self._layers[layer] for layer in work.layers)
        return tuple((f"/v2/{at}/blobs/{e['digest']}", e["size"]) for at, _, e in held)

    def mark(self) -> int:
        """Where the access log stands now, for `requests_since`."""
        time.sleep(0.05)
        return self._log.stat().st_size

    def requests_since(self, mark: int) -> int:
        """How many requests were answered since a mark."""
        time.sleep(0.05)
        with self._log.open("rb") as log:
            log.seek(mark)
            return log.read().count(b' HTTP/1.1" ')

    @property
    def _log(self) -> Path:
        return self.folder / "access.log"


@contextmanager
def running(folder: Path, seed: int) -> Iterator[Registry]:
    """A registry that keeps its files in `folder` and ends with the block."""
    folder.mkdir(parents=True)
    port = _free_port()
    settings = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": False}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": f"127.0.0.1:{port}", "secret": "not secret"},
    }
    (folder / "config.yml").write_text(json.dumps(settings))
    with (folder / "access.log").open("wb") as log, (folder / "errors.log").open("wb") as errors:
        process = subprocess.Popen(
            [need("docker-registry"), "serve", str(folder / "config.yml")],
            stdout=log,
            stderr=errors,
        )
    try:
        _wait_for(port)
        yield Registry(folder, port, process.pid, seed)
    finally:
        process.kill()
        process.wait()


class _Push:
    """One connection that pushes."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._layers = registry._layers

    def __enter__(self) -> _Push:
        self._connection = http.client.HTTPConnection("127.0.0.1", self._registry.port, timeout=60)
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def image(self, image: Image) -> None:
        manifest = self._manifest(image, "amd64", image.layers)
        if not image.indexed:
            self._put_manifest(image.name, images.OCI_MANIFEST, manifest, "latest")
            return
        other = self._manifest(image, images.OTHER_PLATFORM, (Layer("other", 1000),))
        entries = []
        for raw, architecture in ((manifest, "amd64"), (other, images.OTHER_PLATFORM)):
            entry = images.descriptor(images.OCI_MANIFEST, raw)
            self._put_manifest(image.name, images.OCI_MANIFEST, raw, entry["digest"])
            platform = {"architecture": architecture, "os": "linux"}
            entries.append({**entry, "platform": platform})
        self._put_manifest(image.name, images.OCI_INDEX, images.index_of(entries), "latest")

    def _manifest(self, image: Image, architecture: str, layers: tuple[Layer, ...]) -> bytes:
        held = [self._layer(image.name, layer) for layer in layers]
        config = images.config_of(image, architecture, [diff_id for diff_id, _ in held])
        entry = images.descriptor(images.OCI_CONFIG, config)
        self._put_blob(self._begin(image.name), entry["digest"], config)
        return images.manifest_of(entry, [layer for _, layer in held])

    def _layer(self, repository: str, layer: Layer) -> tuple[str, Json]:
        if layer in self._layers:
            origin, diff_id, entry = self._layers[layer]
            if origin != repository:
                self._mount(repository, origin, entry["digest"])
            return diff_id, entry
        passing = _Passing(images.chunks_of(layer, self._registry.seed))
        if layer.size <= _SMALL:
            raw = b"".join(passing)
            self._put_blob(self._begin(repository), passing.digest, raw)
        else:
            place = self._ask("PATCH", self._begin(repository), 202, iter(passing))
            self._put_blob(place, passing.digest)
        entry = {"mediaType": images.OCI_LAYER, "digest": passing.digest, "size": passing.size}
        self._layers[layer] = repository, passing.diff_id, entry
        return passing.diff_id, entry

    def _mount(self, repository: str, origin: str, digest: str) -> None:
        self._ask("POST", f"/v2/{repository}/blobs/uploads/?mount={digest}&from={origin}", 201)

    def _begin(self, repository: str) -> str:
        return self._ask("POST", f"/v2/{repository}/blobs/uploads/", 202)

    def _put_blob(self, place: str, digest: str, raw: bytes = b"") -> None:
        self._ask("PUT", f"{place}&digest={digest}", 201, raw)

    def _put_manifest(self, repository: str, media_type: str, raw: bytes, name: str) -> None:
        self._ask("PUT", f"/v2/{repository}/manifests/{name}", 201, raw, media_type)

    def _ask(
        self,
        method: str,
        path: str,
        expected: int,
        body: Iterator[bytes] | bytes | None = None,
        media_type: str = "application/octet-stream",
    ) -> str:
        """Send one request; gives the path of its Location."""
        chunked = not isinstance(body, bytes) and body is not None
        headers = {"Content-Type": media_type}
        if chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif body is None:
            headers["Content-Length"] = "0"
        self._connection.request(method, path, body, headers, encode_chunked=chunked)
        response = self._connection.getresponse()
        said = response.read()
        if response.status != expected:
            raise RuntimeError(f"{method} {path}: {response.status}: {said[:200]!r}")
        parts = urlsplit(response.headers.get("Location", ""))
        return f"{parts.path}?{parts.query}" if parts.query else parts.path


class _Passing:
    """A layer on its way out: what it turns out to be is known when all of it has passed."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._packed, self._plain = hashlib.sha256(), hashlib.sha256()
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        unpack = zlib.decompressobj(wbits=31)
        for chunk in self._chunks:
            self._packed.update(chunk)
            self._plain.update(unpack.decompress(chunk))
            self.size += len(chunk)
            yield chunk

    @property
    def digest(self) -> str:
        return f"sha256:{self._packed.hexdigest()}"

    @property
    def diff_id(self) -> str:
        return f"sha256:{self._plain.hexdigest()}"


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
