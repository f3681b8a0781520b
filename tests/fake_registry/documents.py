"""Manifests that no client should accept, or only with care."""

from __future__ import annotations

import json

from prewarm.oci import OCI_INDEX, OCI_MANIFEST

SCHEMA_1_TYPE = "application/vnd.docker.distribution.manifest.v1+prettyjws"
SCHEMA_1 = json.dumps(
    {
        "schemaVersion": 1,
        "name": "library/old",
        "tag": "1",
        "architecture": "amd64",
        "fsLayers": [{"blobSum": "sha256:" + "a" * 64}],
        "history": [{"v1Compatibility": "{}"}],
        "signatures": [],
    }
).encode()

NOT_JSON = b"<html><body>Please log in to the Wi-Fi</body></html>"


def manifest_of(layers: int, padding: int = 0) -> bytes:
    """A manifest of so many layers that exist nowhere, with so many more bytes in it."""
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": _descriptor(0, "application/vnd.oci.image.config.v1+json"),
            "layers": [
                _descriptor(number, "application/vnd.oci.image.layer.v1.tar+gzip")
                for number in range(1, layers + 1)
            ],
            "annotations": {"padding": "x" * padding},
        }
    ).encode()


def index_of(manifests: int) -> bytes:
    """An index of so many manifests that exist nowhere."""
    entries = [_descriptor(number, OCI_MANIFEST) for number in range(manifests)]
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()


def _descriptor(number: int, media_type: str) -> dict[str, object]:
    return {"mediaType": media_type, "digest": f"sha256:{number:064x}", "size": 1000}
