"""`prewarm.lock`: which bytes every image's tag stands for; read, compared, written the same way.

JSON, sorted, without times: two runs over the same files and the same upstreams write the same
bytes. Its format is described in `docs/lock.md`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prewarm.errors import ContentError, UsageError
from prewarm.oci import Descriptor, Platform, parse_descriptor
from prewarm.reference import Reference

FILE_NAME = "prewarm.lock"
VERSION = 1
_MAX_SIZE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Locked:
    """One image: its root, the manifests of its platforms if it is an index, and who wants it.

    `used_by` has `file:line`, for people; it never decides anything.
    """

    reference: Reference
    root: Descriptor
    platforms: tuple[Descriptor, ...] = ()
    used_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lock:
    """All images of a lock by their reference."""

    images: Mapping[Reference, Locked] = field(default_factory=dict)

    @classmethod
    def of(cls, images: Iterable[Locked]) -> Lock:
        return cls({image.reference: image for image in sorted(images, key=_by_reference)})


def read_lock(file: Path) -> Lock | None:
    """The lock in a file, None where there is no file; raises UsageError for a damaged one."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(_MAX_SIZE + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(file, f"cannot be read: {error.strerror or error}") from error
    return parse_lock(raw, file)


def parse_lock(raw: bytes, file: Path) -> Lock:
    """Read a lock's bytes; raises UsageError naming the file and the image."""
    try:
        if len(raw) > _MAX_SIZE:
            raise ValueError(f"more than {_MAX_SIZE} bytes")
        document = json.loads(raw)
        if not isinstance(document, dict) or not isinstance(document.get("images"), list):
            raise ValueError("no list of images")  # noqa: TRY004
        version = document.get("version")
    except (ValueError, RecursionError) as error:
        raise UsageError(file, f"not a lock ({error})", _MEND) from error
    if version != VERSION:
        raise UsageError(file, f"version {version!r} is not known", "use the prewarm that wrote it")
    return Lock.of(_parse_image(value, file) for value in document["images"])


def format_lock(lock: Lock) -> str:
    """The text of a lock; the same lock gives the same text."""
    images = [_image(image) for image in lock.images.values()]
    return json.dumps({"version": VERSION, "images": images}, indent=2, ensure_ascii=False) + "\n"


def write_lock(file: Path, lock: Lock) -> bool:
    """Replace a lock whole, if it changes; gives whether it did. Raises UsageError."""
    text = format_lock(lock).encode()
    temporary = file.with_name(f".{file.name}.new")
    try:
        if file.is_file() and file.read_bytes() == text:
            return False
        with temporary.open("wb") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        temporary.replace(file)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UsageError(file, f"cannot be written: {error.strerror or error}") from error
    return True


@dataclass(frozen=True, slots=True)
class Difference:
    """How a lock and the files differ: what it lacks, with the places, and what it has too much."""

    missing: Mapping[Reference, Sequence[str]]
    surplus: tuple[Locked, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.surplus)


def compare(lock: Lock, wanted: Mapping[Reference, Sequence[str]]) -> Difference:
    """Compare a lock with the images that files want and where; lines that moved do not count."""
    missing = {
        reference: places for reference, places in wanted.items() if reference not in lock.images
    }
    surplus = tuple(image for image in lock.images.values() if image.reference not in wanted)
    return Difference(missing, surplus)


_MEND = "put back the version under git, or delete it and run prewarm lock"


def _by_reference(image: Locked) -> str:
    return str(image.reference)


def _image(image: Locked) -> dict[str, Any]:
    return {
        "reference": str(image.reference),
        **_descriptor(image.root),
        "platforms": [
            {"platform": str(d.platform), **_descriptor(d)}
            for d in sorted(image.platforms, key=lambda d: str(d.platform))
        ],
        "usedBy": list(image.used_by),
    }


def _descriptor(descriptor: Descriptor) -> dict[str, Any]:
    return {
        "mediaType": descriptor.media_type,
        "digest": descriptor.digest,
        "size": descriptor.size,
    }


def _parse_image(value: object, file: Path) -> Locked:
    if not isinstance(value, dict) or not isinstance(value.get("reference"), str):
        raise UsageError(file, "an image has no reference", _MEND)
    try:
        reference = Reference.parse(value["reference"])
        root = parse_descriptor(value, str(reference), file)
        platforms = tuple(_parse_platform(entry, file) for entry in value.get("platforms", []))
        used_by = tuple(str(place) for place in value.get("usedBy", []))
    except (ContentError, UsageError, TypeError) as error:
        raise UsageError(file, f"{value['reference']}: {error}", _MEND) from error
    return Locked(reference, root, platforms, used_by)


def _parse_platform(value: object, file: Path) -> Descriptor:
    descriptor = parse_descriptor(value, "a platform", file)
    text = value.get("platform") if isinstance(value, dict) else None
    platform = Platform.parse(str(text))
    return Descriptor(descriptor.media_type, descriptor.digest, descriptor.size, platform)
