"""Images from a seed: layers of random bytes as gzip members, declared by label and size."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
OTHER_PLATFORM = "s390x"
"""Listed by every index, and nothing that anybody here fetches."""

_CHUNK = 1024 * 1024

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: images that name the same label share it. `size` is in bytes, before some 2 KB."""

    label: str
    size: int


@dataclass(frozen=True, slots=True)
class Image:
    """An image of this machine's platform; `indexed` ones stand in an index of two platforms."""

    name: str
    layers: tuple[Layer, ...]
    indexed: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """Images to fetch. `size` is what a client that takes every layer once has to move."""

    name: str
    words: str
    images: tuple[Image, ...]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Every layer once."""
        return tuple(dict.fromkeys(layer for image in self.images for layer in image.layers))

    @property
    def size(self) -> int:
        return sum(layer.size for layer in self.layers)


def chunks_of(layer: Layer, seed: int) -> Iterator[bytes]:
    """The bytes of a layer: a stored gzip of a tar with one file of random bytes."""
    noise = random.Random(f"{seed} {layer.label} {layer.size}")
    sink = _Chunks()
    with gzip.GzipFile("", "wb", compresslevel=0, fileobj=sink, mtime=0) as stream:
        info = tarfile.TarInfo(f"opt/{layer.label}")
        info.size = layer.size
        stream.write(info.tobuf(tarfile.USTAR_FORMAT))
        for start in range(0, layer.size, _CHUNK):
            stream.write(noise.randbytes(min(_CHUNK, layer.size - start)))
            yield sink.taken()
        stream.write(bytes(-layer.size % 512 + 1024))
    yield sink.taken()


def config_of(image: Image, architecture: str, diff_ids: list[str]) -> bytes:
    """The configuration of an image; its name is in it, so that no two images share one."""
    return to_json(
        {
            "architecture": architecture,
            "os": "linux",
            "config": {"Labels": {"name": image.name}},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        }
    )


def manifest_of(config: Json, layers: list[Json]) -> bytes:
    return to_json(
        {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers}
    )


def index_of(manifests: list[Json]) -> bytes:
    return to_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests})


def descriptor(media_type: str, raw: bytes) -> Json:
    return {"mediaType": media_type, "digest": digest_of(raw), "size": len(raw)}


def digest_of(raw: bytes) -> str:
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def to_json(document: Json) -> bytes:
    return json.dumps(document, indent=2).encode()


class _Chunks(io.RawIOBase):
    """What a writer wrote since it was last taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)
