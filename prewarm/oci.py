"""OCI's values: digests, descriptors, platforms, manifests and indexes.

Raw bytes are parsed and never re-serialised. Sources: the OCI image spec 1.1 (descriptor.md,
manifest.md, image-index.md) and Docker's image manifest v2, schema 2.
"""

from __future__ import annotations

import hashlib
import json
import platform as machine
import re
from dataclasses import dataclass
from typing import Any

from prewarm.errors import ContentError, UsageError
from prewarm.reference import is_digest

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_SCHEMA_1 = {
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
}
INDEX_TYPES = (OCI_INDEX, DOCKER_LIST)
MANIFEST_TYPES = (OCI_MANIFEST, DOCKER_MANIFEST)
ACCEPTED_TYPES = (*INDEX_TYPES, *MANIFEST_TYPES)

MAX_MANIFEST_SIZE = 4 * 1024 * 1024
"""Bytes. The distribution spec tells registries to take manifests of at least this size."""

MAX_CHILDREN = 10_000
"""Layers of one manifest, or manifests of one index."""

REF_NAME = "org.opencontainers.image.ref.name"


def digest_of(raw: bytes, algorithm: str = "sha256") -> str:
    """The digest of `raw`, as `algorithm:hex`."""
    return f"{algorithm}:{hashlib.new(algorithm, raw).hexdigest()}"


@dataclass(frozen=True, slots=True, order=True)
class Platform:
    """What an image runs on, in Go's words: `linux/arm64`, `linux/arm/v7`."""

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Read `os/architecture[/variant]`; raises UsageError."""
        parts = text.strip().lower().split("/")
        if len(parts) not in (2, 3) or not all(parts):
            raise UsageError(
                repr(text), "not a platform", "write os/architecture, for example linux/arm64"
            )
        return cls.normalised(*parts)

    @classmethod
    def normalised(cls, os: str, architecture: str, variant: str = "") -> Platform:
        """The one spelling of a platform, as containerd normalises it."""
        os, architecture, variant = os.lower(), architecture.lower(), variant.lower()
        architecture, implied = _ARCHITECTURES.get(architecture, (architecture, variant))
        variant = implied or variant
        if architecture == "arm":
            variant = f"v{(variant or '7').removeprefix('v')}"
        elif (architecture, variant) in _DEFAULT_VARIANTS:
            variant = ""
        return cls(os, architecture, variant)

    @classmethod
    def of_this_machine(cls) -> Platform:
        """Linux on this machine's architecture: containers are Linux on every desktop, too."""
        name = machine.machine().lower()
        arm = re.match(r"arm(v[0-9])", name)
        return cls.normalised("linux", "arm", arm[1]) if arm else cls.normalised("linux", name)

    def satisfied_by(self) -> tuple[Platform, ...]:
        """The platforms that run here, best first: a processor runs what its elders ran."""
        oldest = _OLDEST_VARIANT.get(self.architecture)
        if oldest is None or not re.fullmatch(r"v[0-9]", self.variant):
            return (self,)
        variants = (f"v{older}" for older in range(int(self.variant[1]), oldest - 1, -1))
        elders = (Platform.normalised(self.os, self.architecture, v) for v in variants)
        return tuple(dict.fromkeys((self, *elders)))

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


_ARCHITECTURES = {
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "aarch64": ("arm64", ""),
    "i386": ("386", ""),
    "i686": ("386", ""),
    "armel": ("arm", "v6"),
    "armhf": ("arm", "v7"),
    "armv7l": ("arm", "v7"),
}
"""What others call an architecture, and the variant that the name implies."""

_DEFAULT_VARIANTS = {("amd64", "v1"), ("arm64", "8"), ("arm64", "v8")}
_OLDEST_VARIANT = {"amd64": 1, "arm": 5}


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A pointer to content: media type, digest, size in bytes, and where it runs if it says so."""

    media_type: str
    digest: str
    size: int
    platform: Platform | None = None
    urls: tuple[str, ...] = ()

    @property
    def foreign(self) -> bool:
        """Whether the content may legitimately be kept elsewhere (Windows base layers)."""
        return "foreign" in self.media_type or "nondistributable" in self.media_type

    @property
    def is_index(self) -> bool:
        return self.media_type in INDEX_TYPES

    @property
    def is_attestation(self) -> bool:
        """BuildKit lists attestations as manifests of platform unknown/unknown."""
        return self.platform is not None and self.platform.os == "unknown"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One image: its raw bytes, its configuration and its layers, in their order."""

    raw: bytes
    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]

    @property
    def children(self) -> tuple[Descriptor, ...]:
        return (self.config, *self.layers)


@dataclass(frozen=True, slots=True)
class Index:
    """Several manifests under one digest, usually one a platform."""

    raw: bytes
    media_type: str
    manifests: tuple[Descriptor, ...]

    @property
    def children(self) -> tuple[Descriptor, ...]:
        return self.manifests


def parse_manifest(
    raw: bytes, media_type: str = "", subject: object = "manifest"
) -> Manifest | Index:
    """Read the bytes of a manifest or an index of one of the four accepted types.

    `media_type` is what the outside said (a header, a descriptor); when it is empty or says
    nothing the document decides. Raises ContentError naming `subject` for anything else, schema 1
    included.
    """
    document = _parse_object(raw, subject)
    stated = document.get("mediaType")
    stated = stated if isinstance(stated, str) else ""
    kind = stated or media_type
    if kind in _SCHEMA_1 or document.get("schemaVersion") == 1:
        raise ContentError(
            subject,
            "Docker's manifest schema 1 carries no digests of its layers and is not supported",
            "pull and push the image once with a current Docker or skopeo",
        )
    if stated and stated not in ACCEPTED_TYPES:
        raise ContentError(subject, f"says it is {stated[:200]}, which is no container image")
    if kind not in ACCEPTED_TYPES:
        kind = OCI_INDEX if "manifests" in document else OCI_MANIFEST
    if document.get("manifests") and (document.get("config") or document.get("layers")):
        raise ContentError(subject, "is an index and a manifest at once, so clients refuse it")
    if stated and media_type in ACCEPTED_TYPES and kind != media_type:
        raise ContentError(
            subject, f"says it is {kind} and was announced as {media_type}", "ask its publisher"
        )
    if kind in INDEX_TYPES:
        return Index(raw, kind, _parse_descriptors(document, "manifests", subject))
    config = parse_descriptor(document.get("config"), "its config", subject)
    return Manifest(raw, kind, config, _parse_descriptors(document, "layers", subject))


def _parse_object(raw: bytes, subject: object) -> dict[str, Any]:
    if len(raw) > MAX_MANIFEST_SIZE:
        raise ContentError(
            subject,
            f"the manifest has {len(raw)} bytes, more than the {MAX_MANIFEST_SIZE} allowed",
        )
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ContentError(subject, f"the manifest is not JSON ({error})") from error
    if not isinstance(document, dict):
        raise ContentError(subject, "the manifest is not a JSON object")
    return document


def _parse_descriptors(
    document: dict[str, Any], key: str, subject: object
) -> tuple[Descriptor, ...]:
    values = document.get(key)
    if not isinstance(values, list):
        raise ContentError(subject, f"the manifest has no list {key!r}")
    if len(values) > MAX_CHILDREN:
        raise ContentError(
            subject, f"the manifest's {len(values)} entries in {key!r} are more than {MAX_CHILDREN}"
        )
    return tuple(parse_descriptor(value, f"{key}[{i}]", subject) for i, value in enumerate(values))


def parse_descriptor(value: object, where: str, subject: object) -> Descriptor:
    """Read one descriptor from parsed JSON; raises ContentError naming `subject` and `where`."""
    if not isinstance(value, dict):
        raise ContentError(subject, f"{where} is not a descriptor")
    digest, size, media_type = value.get("digest"), value.get("size"), value.get("mediaType")
    if not isinstance(digest, str) or not is_digest(digest):
        raise ContentError(subject, f"{where} has no valid digest")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ContentError(subject, f"{where} has no valid size")
    urls = value.get("urls")
    return Descriptor(
        media_type if isinstance(media_type, str) else "",
        digest,
        size,
        _parse_platform(value.get("platform")),
        tuple(url for url in urls if isinstance(url, str)) if isinstance(urls, list) else (),
    )


def _parse_platform(value: object) -> Platform | None:
    if not isinstance(value, dict):
        return None
    os, architecture, variant = (
        part if isinstance(part, str) else ""
        for part in (value.get("os"), value.get("architecture"), value.get("variant"))
    )
    return Platform.normalised(os, architecture, variant) if os and architecture else None
