"""Blobs and images to put into stores, and ways to look at what is there."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from prewarm.demo.images import Contents, Image, Layer, build
from prewarm.layout import LayoutWriter
from prewarm.oci import Descriptor, digest_of


def blob(label: str, size: int = 1000, algorithm: str = "sha256") -> tuple[Descriptor, bytes]:
    """Some bytes that only this label has."""
    raw = hashlib.shake_256(label.encode()).digest(size)
    return Descriptor("application/octet-stream", digest_of(raw, algorithm), size), raw


def bring(store: LayoutWriter, descriptor: Descriptor, raw: bytes, step: int = 400) -> int:
    """Ingest a blob as a source would; gives the bytes written, 0 for one that was held."""
    with store.ingest(descriptor) as ingest:
        if ingest is None:
            return 0
        start = ingest.offset
        for position in range(start, len(raw), step):
            ingest.write(raw[position : position + step])
        ingest.commit()
        return len(raw) - start


@cache
def image(label: str, *platforms: str, indexed: bool = False) -> Contents:
    """One small image, `docker.io/library/LABEL:1`, as a registry would hold it."""
    layers = (Layer("shared", 3000), Layer(label, 2000))
    runs_on = platforms or ("linux/amd64",)
    return build([Image(f"{label}:1", layers, runs_on, indexed=indexed)])


def bring_image(store: LayoutWriter, contents: Contents) -> None:
    """Everything of an image, children first, then its name."""
    for digest, raw in contents.blobs.items():
        bring(store, Descriptor("", digest, len(raw)), raw, -(-len(raw) // 2))
    store.name_images(contents.names)


def tree(root: Path) -> dict[str, bytes | None]:
    """Every path below a folder, files with their bytes."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(root.rglob("*"))
    }


def partials(root: Path) -> list[str]:
    return sorted(path.name for path in (root / ".prewarm" / "partial").iterdir())
