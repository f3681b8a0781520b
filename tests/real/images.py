"""Container images from a seed, with the standard library alone, written as an OCI layout.

The same seed gives the same bytes, so every digest is known before a registry has seen the image.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import platform
import random
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
IN_TOTO = "application/vnd.in-toto+json"

THIS_ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "amd64")
OTHER_ARCHITECTURE = "amd64" if THIS_ARCHITECTURE == "arm64" else "arm64"

Json = dict[str, Any]


def digest_of(raw: bytes) -> str:
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes with their media type."""

    media_type: str
    raw: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        return digest_of(self.raw)

    def descriptor(self) -> Json:
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.raw)}


@dataclass(frozen=True, slots=True)
class Layer:
    """One compressed tar and the digest of the tar inside."""

    blob: Blob
    diff_id: str


@dataclass(frozen=True, slots=True)
class Image:
    """One manifest with everything that it names."""

    architecture: str
    manifest: Blob
    config: Blob
    layers: tuple[Layer, ...]

    @property
    def top(self) -> Blob:
        return self.manifest

    @property
    def blobs(self) -> tuple[Blob, ...]:
        return (self.config, *(layer.blob for layer in self.layers), self.manifest)

    @property
    def diff_ids(self) -> tuple[str, ...]:
        return tuple(layer.diff_id for layer in self.layers)

    def for_architecture(self, architecture: str) -> Image:
        assert architecture == self.architecture
        return self


@dataclass(frozen=True, slots=True)
class Index:
    """An index with the images that it names, an attestation (architecture unknown) among them."""

    index: Blob
    images: tuple[Image, ...]

    @property
    def top(self) -> Blob:
        return self.index

    @property
    def blobs(self) -> tuple[Blob, ...]:
        return (*(blob for image in self.images for blob in image.blobs), self.index)

    def for_architecture(self, architecture: str) -> Image:
        return next(image for image in self.images if image.architecture == architecture)


Content = Image | Index


def layer(seed: str, size: int = 4_000) -> Layer:
    """A gzip layer with one file of `size` random bytes."""
    raw = _tar(seed, size)
    return Layer(Blob(OCI_GZIP, gzip.compress(raw, 1, mtime=0)), digest_of(raw))


def zstd_layer(zstd: str, seed: str, size: int = 4_000) -> Layer:
    """The same with zstd, compressed by the program at `zstd`."""
    raw = _tar(seed, size)
    packed = subprocess.run([zstd, "-q", "-c"], input=raw, stdout=subprocess.PIPE, check=True)
    return Layer(Blob(OCI_ZSTD, packed.stdout), digest_of(raw))


def image(*layers: Layer, architecture: str = THIS_ARCHITECTURE) -> Image:
    """The OCI image of these layers."""
    config = _blob(
        OCI_CONFIG,
        {
            "architecture": architecture,
            "os": "linux",
            "config": {"Labels": {"made-for": architecture}},
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
            "history": [{"created": "2024-01-01T00:00:00Z"} for _ in layers],
        },
    )
    return Image(architecture, _manifest(config, layers), config, layers)


def index(*images: Image, attested: bool = False) -> Index:
    """The index of these images; `attested` adds BuildKit's kind of attestation to the first."""
    entries = [_entry(image, "linux") for image in images]
    if attested:
        statement = _attestation(images[0])
        images = (*images, statement)
        entries.append(
            _entry(statement, "unknown")
            | {
                "annotations": {
                    "vnd.docker.reference.type": "attestation-manifest",
                    "vnd.docker.reference.digest": images[0].manifest.digest,
                }
            }
        )
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    return Index(_blob(OCI_INDEX, document), images)


def write_layout(folder: Path, named: Mapping[str, Content]) -> Path:
    """Write an OCI layout that holds each content under its name; returns `folder`."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    entries = []
    for name, content in named.items():
        for blob in content.blobs:
            (blobs / blob.digest.removeprefix("sha256:")).write_bytes(blob.raw)
        annotation = {"org.opencontainers.image.ref.name": name}
        entries.append(content.top.descriptor() | {"annotations": annotation})
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return folder


def _attestation(subject: Image) -> Image:
    statement = Blob(IN_TOTO, json.dumps({"subject": subject.manifest.digest}).encode())
    layers = (Layer(statement, statement.digest),)
    config = _blob(
        OCI_CONFIG,
        {
            "architecture": "unknown",
            "os": "unknown",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [statement.digest]},
        },
    )
    return Image("unknown", _manifest(config, layers), config, layers)


def _manifest(config: Blob, layers: tuple[Layer, ...]) -> Blob:
    return _blob(
        OCI_MANIFEST,
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": config.descriptor(),
            "layers": [layer.blob.descriptor() for layer in layers],
        },
    )


def _entry(image: Image, os: str) -> Json:
    return image.manifest.descriptor() | {
        "platform": {"architecture": image.architecture, "os": os}
    }


def _blob(media_type: str, document: Json) -> Blob:
    return Blob(media_type, json.dumps(document, indent=2).encode())


def _tar(seed: str, size: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        entry = tarfile.TarInfo(f"content/{seed}")
        entry.size = size
        entry.mode = 0o644
        archive.addfile(entry, io.BytesIO(random.Random(seed).randbytes(size)))
    return buffer.getvalue()
