"""Small container images made in memory from a symbolic declaration, with real digests.

The same declaration gives the same images. A layer is a real tar.gz of a few files, so that real
clients can unpack what they pulled.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass, field

from prewarm.errors import ContentError
from prewarm.oci import (
    ACCEPTED_TYPES,
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Platform,
    digest_of,
    parse_manifest,
)
from prewarm.reference import Reference

_EPOCH = "1970-01-01T00:00:00Z"
_FILES_OF_A_LAYER = 3
_UNKNOWN = Platform("unknown", "unknown")


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: images that name the same label, size and platform share its bytes.

    `size` is in bytes, before some 10 KB of tar. A layer with `urls` is foreign: it is named by
    the manifest and held by nobody here.
    """

    label: str
    size: int = 2048
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Image:
    """One image as declared: its name with a tag, what it runs on, and its layers.

    Several platforms make an index; so do `indexed` and `attested`, which adds BuildKit's
    attestation of platform unknown/unknown. `docker` takes Docker's schema 2 instead of OCI's.
    """

    name: str
    layers: tuple[Layer, ...] = (Layer("base"),)
    platforms: tuple[str, ...] = ("linux/amd64",)
    docker: bool = False
    indexed: bool = False
    attested: bool = False


@dataclass(frozen=True, slots=True)
class Repository:
    """What one repository answers for: its tags, its manifests and its blobs, by digest."""

    tags: dict[str, Descriptor] = field(default_factory=dict)
    manifests: dict[str, Descriptor] = field(default_factory=dict)
    blobs: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Contents:
    """Repositories in memory, as a registry has them.

    `blobs` holds every byte by digest, manifests included; `names` has a descriptor for every
    canonical `host/repository:tag`; `repositories` is keyed by `host/repository`.
    """

    blobs: dict[str, bytes] = field(default_factory=dict)
    names: dict[str, Descriptor] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)

    def hold(self, media_type: str, raw: bytes, platform: Platform | None = None) -> Descriptor:
        """Keep some bytes, in no repository yet."""
        descriptor = Descriptor(media_type, digest_of(raw), len(raw), platform)
        self.blobs[descriptor.digest] = raw
        return descriptor

    def publish(self, name: str, media_type: str, raw: bytes) -> Descriptor:
        """Put a document under a name, beside all that is held and that it leads to.

        A tag moves; the document need not be a sound one.
        """
        reference = Reference.parse(name)
        repository = self.repositories.setdefault(reference.name, Repository())
        descriptor = self.hold(media_type, raw)
        self._join(repository, descriptor)
        self.names[str(reference)] = descriptor
        if reference.tag is not None:
            repository.tags[reference.tag] = descriptor
        return descriptor

    def _join(self, repository: Repository, descriptor: Descriptor) -> None:
        repository.manifests[descriptor.digest] = descriptor
        try:
            document = parse_manifest(self.blobs[descriptor.digest], descriptor.media_type)
        except ContentError:
            return
        for child in document.children:
            if child.digest not in self.blobs:
                continue
            if child.media_type in ACCEPTED_TYPES:
                self._join(repository, child)
            else:
                repository.blobs.add(child.digest)


def build(images: Iterable[Image]) -> Contents:
    """Make every image and publish it under its name."""
    contents = Contents()
    layers: dict[tuple[Layer, str], _Packed] = {}
    for image in images:
        dialect = _DOCKER if image.docker else _OCI
        children = [
            _make_manifest(contents, layers, dialect, image.layers, Platform.parse(platform))
            for platform in image.platforms
        ]
        if len(children) > 1 or image.indexed or image.attested:
            entries = [_entry(child) for child in children]
            if image.attested:
                entries += [_make_attestation(contents, child) for child in children]
            contents.publish(image.name, dialect.index, _to_json(_index(dialect, entries)))
        else:
            (child,) = children
            contents.publish(image.name, child.media_type, contents.blobs[child.digest])
    return contents


@dataclass(frozen=True, slots=True)
class _Dialect:
    """The media types of one family of formats."""

    index: str
    manifest: str
    config: str
    layer: str
    foreign_layer: str


_OCI = _Dialect(
    OCI_INDEX,
    OCI_MANIFEST,
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
)
_DOCKER = _Dialect(
    DOCKER_LIST,
    DOCKER_MANIFEST,
    "application/vnd.docker.container.image.v1+json",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
)


@dataclass(frozen=True, slots=True)
class _Packed:
    """A layer's bytes as they travel, and the digest of the tar inside."""

    raw: bytes
    diff_id: str


def _make_manifest(
    contents: Contents,
    packed: dict[tuple[Layer, str], _Packed],
    dialect: _Dialect,
    layers: tuple[Layer, ...],
    platform: Platform,
) -> Descriptor:
    for layer in layers:
        if (layer, str(platform)) not in packed:
            packed[layer, str(platform)] = _pack(layer, str(platform))
    made = [packed[layer, str(platform)] for layer in layers]
    config = contents.hold(dialect.config, _to_json(_config(layers, made, platform)))
    document = {
        "schemaVersion": 2,
        "mediaType": dialect.manifest,
        "config": _entry(config),
        "layers": [
            _layer_entry(contents, dialect, layer, pack)
            for layer, pack in zip(layers, made, strict=True)
        ],
    }
    return contents.hold(dialect.manifest, _to_json(document), platform)


def _layer_entry(
    contents: Contents, dialect: _Dialect, layer: Layer, packed: _Packed
) -> dict[str, object]:
    if not layer.urls:
        return _entry(contents.hold(dialect.layer, packed.raw))
    foreign = Descriptor(dialect.foreign_layer, digest_of(packed.raw), len(packed.raw))
    return {**_entry(foreign), "urls": list(layer.urls)}


def _make_attestation(contents: Contents, subject: Descriptor) -> dict[str, object]:
    """Hold an attestation as BuildKit makes it; the index entry that says what it attests."""
    algorithm, _, value = subject.digest.partition(":")
    statement = {
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": "https://slsa.dev/provenance/v0.2",
        "subject": [{"name": "image", "digest": {algorithm: value}}],
        "predicate": {},
    }
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _entry(contents.hold(_OCI.config, _to_json(_config((), [], _UNKNOWN)))),
        "layers": [_entry(contents.hold("application/vnd.in-toto+json", _to_json(statement)))],
    }
    return {
        **_entry(contents.hold(OCI_MANIFEST, _to_json(document), _UNKNOWN)),
        "annotations": {
            "vnd.docker.reference.digest": subject.digest,
            "vnd.docker.reference.type": "attestation-manifest",
        },
    }


def _index(dialect: _Dialect, entries: list[dict[str, object]]) -> dict[str, object]:
    return {"schemaVersion": 2, "mediaType": dialect.index, "manifests": entries}


def _config(layers: tuple[Layer, ...], made: list[_Packed], platform: Platform) -> object:
    return {
        "created": _EPOCH,
        **_platform_entry(platform),
        "config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], "Cmd": ["/bin/sh"]},
        "rootfs": {"type": "layers", "diff_ids": [packed.diff_id for packed in made]},
        "history": [{"created": _EPOCH, "created_by": f"made {layer.label}"} for layer in layers],
    }


def _entry(descriptor: Descriptor) -> dict[str, object]:
    entry: dict[str, object] = {
        "mediaType": descriptor.media_type,
        "digest": descriptor.digest,
        "size": descriptor.size,
    }
    if descriptor.platform is not None:
        entry["platform"] = _platform_entry(descriptor.platform)
    return entry


def _platform_entry(platform: Platform) -> dict[str, str]:
    entry = {"architecture": platform.architecture, "os": platform.os}
    return {**entry, "variant": platform.variant} if platform.variant else entry


def _pack(layer: Layer, platform: str) -> _Packed:
    seed = f"{layer.label} {layer.size} {platform}".encode()
    noise = hashlib.shake_256(seed).digest(layer.size)
    share = -(-layer.size // _FILES_OF_A_LAYER)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        folder = tarfile.TarInfo(f"opt/{layer.label}")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(folder)
        for number in range(_FILES_OF_A_LAYER):
            part = noise[number * share : (number + 1) * share]
            member = tarfile.TarInfo(f"{folder.name}/part{number}")
            member.size = len(part)
            tar.addfile(member, io.BytesIO(part))
    plain = archive.getvalue()
    squeezed = io.BytesIO()
    with gzip.GzipFile("", "wb", compresslevel=1, fileobj=squeezed, mtime=0) as stream:
        stream.write(plain)
    return _Packed(squeezed.getvalue(), digest_of(plain))


def _to_json(document: object) -> bytes:
    return json.dumps(document, indent=2).encode()
