"""Artifacts that refer to an image, as cosign and oras push them."""

from __future__ import annotations

import json

from prewarm.demo.images import Contents
from prewarm.oci import OCI_INDEX, OCI_MANIFEST, Descriptor, digest_of
from prewarm.reference import Reference

SBOM, SIGNATURE = "application/spdx+json", "application/vnd.dev.cosign.simplesigning.v1+json"
_EMPTY = "application/vnd.oci.empty.v1+json"


def attach(
    contents: Contents, repository: str, kind: str, subject: Descriptor | None, tag: str = ""
) -> Descriptor:
    """Push an artifact of a kind: under its digest, with a subject, or under a tag."""
    config = contents.hold(_EMPTY, b"{}")
    layers = [] if kind == "empty" else [contents.hold(kind, f"{kind} {subject} {tag}".encode())]
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": kind,
        "config": entry(config),
        "layers": [entry(layer) for layer in layers],
        **({"subject": entry(subject)} if subject else {}),
    }
    raw = json.dumps(document).encode()
    name = f"{repository}:{tag}" if tag else f"{repository}@{digest_of(raw)}"
    return contents.publish(name, OCI_MANIFEST, raw)


def list_under_tag(
    contents: Contents, repository: str, subject: Descriptor, listed: list[Descriptor]
) -> Descriptor:
    """Push the index that registries without the referrers API keep under a tag."""
    index = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [{**entry(d), "artifactType": "x"} for d in listed],
    }
    name = f"{repository}:{tag_for(subject)}"
    return contents.publish(name, OCI_INDEX, json.dumps(index).encode())


def tag_for(subject: Descriptor, suffix: str = "") -> str:
    return subject.digest.replace(":", "-") + suffix


def platforms_of(contents: Contents, root: Descriptor) -> list[Descriptor]:
    """The manifests that an index lists."""
    listed = json.loads(contents.blobs[root.digest])["manifests"]
    return [Descriptor(e["mediaType"], e["digest"], e["size"]) for e in listed]


def by_digest(name: str, descriptor: Descriptor) -> str:
    return str(Reference.parse(name).with_digest(descriptor.digest))


def entry(descriptor: Descriptor) -> dict[str, object]:
    return {
        "mediaType": descriptor.media_type,
        "digest": descriptor.digest,
        "size": descriptor.size,
    }
