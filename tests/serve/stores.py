"""Stores for the tests of the mirror: declared images, written by the product's own writer."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable
from pathlib import Path

from prewarm.demo.images import Contents
from prewarm.layout import LayoutWriter
from prewarm.oci import (
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Manifest,
    digest_of,
    parse_manifest,
)

LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIG = "application/vnd.oci.image.config.v1+json"


def write_store(root: Path, contents: Contents, without: Container[str] = ()) -> LayoutWriter:
    """Write a store that holds every blob of `contents`, but those `without`, and all its names."""
    writer = LayoutWriter.create(root)
    for digest, raw in contents.blobs.items():
        if digest not in without:
            writer.put_manifest(Descriptor("", digest, len(raw)), raw)
    writer.name_images(contents.names)
    return writer


def hold(contents: Contents, media_type: str, raw: bytes, algorithm: str = "sha256") -> Descriptor:
    """Keep some bytes under a digest of either algorithm."""
    descriptor = Descriptor(media_type, digest_of(raw, algorithm), len(raw))
    contents.blobs[descriptor.digest] = raw
    return descriptor


def hold_image(contents: Contents, *layers: bytes, algorithm: str = "sha256") -> Descriptor:
    """Keep an image of layers whose bytes are given, all its digests of one algorithm."""
    held = [hold(contents, LAYER, raw, algorithm) for raw in layers]
    config = hold(contents, CONFIG, json.dumps({"layers": len(layers)}).encode(), algorithm)
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": entry(config),
        "layers": [entry(layer) for layer in held],
    }
    return hold(contents, OCI_MANIFEST, json.dumps(document).encode(), algorithm)


def hold_index(contents: Contents, children: Iterable[Descriptor]) -> Descriptor:
    """Keep an index of children."""
    entries = [entry(child) for child in children]
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    return hold(contents, OCI_INDEX, json.dumps(document).encode())


def entry(descriptor: Descriptor) -> dict[str, object]:
    """A descriptor as it stands in a document."""
    return {
        "mediaType": descriptor.media_type,
        "digest": descriptor.digest,
        "size": descriptor.size,
    }


def manifest_of(contents: Contents, descriptor: Descriptor) -> Manifest:
    """The one image that a descriptor leads to."""
    manifest = parse_manifest(contents.blobs[descriptor.digest], descriptor.media_type)
    assert isinstance(manifest, Manifest)
    return manifest


def children_of(contents: Contents, descriptor: Descriptor) -> tuple[Descriptor, ...]:
    """What a manifest or an index leads to."""
    return parse_manifest(contents.blobs[descriptor.digest], descriptor.media_type).children
