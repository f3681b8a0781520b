"""The reading half of the store: names, manifests, blobs; it writes nothing, locks nothing."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from prewarm.errors import ContentError, StoreError
from prewarm.oci import (
    MAX_MANIFEST_SIZE,
    REF_NAME,
    Descriptor,
    Index,
    Manifest,
    digest_of,
    parse_descriptor,
    parse_manifest,
)

LAYOUT_FILE = "oci-layout"
INDEX_FILE = "index.json"
OWN_FOLDER = ".prewarm"
_MAX_INDEX_SIZE = 256 * 1024 * 1024

Signature = tuple[int, int, int]
"""What tells one published `index.json` from the next: inode, size, time of change in ns."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One named image of the store."""

    name: str
    descriptor: Descriptor


class LayoutReader:
    """A store that can only be read. Construction touches nothing; `open` checks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: tuple[Signature, dict[str, Descriptor]] | None = None

    @classmethod
    def open(cls, root: Path) -> LayoutReader:
        """The store at `root`; raises StoreError where there is none."""
        check_layout(root)
        return cls(root)

    def stat_index(self) -> Signature:
        """Which `index.json` is published now; raises StoreError where there is none."""
        try:
            found = (self.root / INDEX_FILE).stat()
        except OSError as error:
            raise cannot("read", self.root / INDEX_FILE, error) from error
        return found.st_ino, found.st_size, found.st_mtime_ns

    def read_entries(self) -> tuple[Entry, ...]:
        """All named images, sorted by name; raises StoreError when `index.json` is unreadable.

        Other tools' entries that no client could ask for (of an unknown digest) are left out.
        """
        entries = {}
        for value in self.read_index()["manifests"]:
            name = name_of(value)
            if name:
                with suppress(ContentError):
                    entries[name] = Entry(name, parse_descriptor(value, repr(name), INDEX_FILE))
        return tuple(entries[name] for name in sorted(entries))

    def named(self, name: str) -> Descriptor | None:
        """What a name leads to now; `index.json` is read again only when it was replaced."""
        signature = self.stat_index()
        if self._known is None or self._known[0] != signature:
            self._known = signature, {e.name: e.descriptor for e in self.read_entries()}
        return self._known[1].get(name)

    def read_index(self) -> dict[str, Any]:
        """`index.json` as it stands, with what other tools wrote into it."""
        path = self.root / INDEX_FILE
        try:
            if path.stat().st_size > _MAX_INDEX_SIZE:
                raise StoreError(path, f"more than {_MAX_INDEX_SIZE} bytes")
            document = json.loads(path.read_bytes())
        except OSError as error:
            raise cannot("read", path, error) from error
        except (ValueError, RecursionError) as error:
            raise StoreError(path, f"not JSON ({error})", _RESTORE) from error
        if not isinstance(document, dict) or not isinstance(document.get("manifests"), list):
            raise StoreError(path, "not an OCI image index", _RESTORE)
        return document

    def blob_path(self, digest: str) -> Path:
        """Where the blob of a (validated) digest is or would be."""
        algorithm, _, encoded = digest.partition(":")
        return self.root / "blobs" / algorithm / encoded

    def stat_blob(self, digest: str) -> int | None:
        """The size of a blob in bytes, or None where it is not held."""
        try:
            return os.stat(f"{self.root}/blobs/{digest.replace(':', '/', 1)}").st_size  # noqa: PTH116
        except OSError:
            return None

    def has(self, descriptor: Descriptor) -> bool:
        """Whether the blob is held with the size that its descriptor gives."""
        return self.stat_blob(descriptor.digest) == descriptor.size

    def open_blob(self, digest: str) -> BinaryIO:
        """The blob's file, opened for reading; raises StoreError where it cannot be."""
        path = self.blob_path(digest)
        try:
            return path.open("rb")
        except OSError as error:
            raise cannot("read", path, error) from error

    def read_blob(self, descriptor: Descriptor) -> bytes:
        """A small blob in memory, verified; raises StoreError or ContentError."""
        if descriptor.size > MAX_MANIFEST_SIZE:
            raise ContentError(descriptor.digest, f"{descriptor.size} bytes are too many to load")
        with self.open_blob(descriptor.digest) as file:
            try:
                raw = file.read(descriptor.size + 1)
            except OSError as error:
                raise cannot("read", self.blob_path(descriptor.digest), error) from error
        actual = digest_of(raw, descriptor.digest.partition(":")[0])
        if (actual, len(raw)) != (descriptor.digest, descriptor.size):
            raise ContentError(descriptor.digest, "the bytes in the store are not this blob's")
        return raw

    def read_manifest(self, descriptor: Descriptor) -> Manifest | Index:
        """A manifest or index that is held, verified; raises StoreError or ContentError."""
        return parse_manifest(
            self.read_blob(descriptor), descriptor.media_type, subject=descriptor.digest
        )


_RESTORE = "put back a sound copy, or move it away and fetch again: the blobs are kept"


def name_of(value: object) -> str | None:
    """The name that an entry of `index.json` carries, as parsed JSON."""
    annotations = value.get("annotations") if isinstance(value, dict) else None
    name = annotations.get(REF_NAME) if isinstance(annotations, dict) else None
    return name if isinstance(name, str) else None


def check_layout(root: Path) -> None:
    """Raise StoreError unless `root` is an OCI image layout of a version that is known."""
    path = root / LAYOUT_FILE
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        problem = "not an OCI image layout" if root.is_dir() else "there is no store here"
        raise StoreError(root, problem, "run prewarm fetch, or name another --store") from error
    except OSError as error:
        raise cannot("read", path, error) from error
    except (ValueError, RecursionError) as error:
        raise StoreError(path, "not JSON", "the store is not one, or is damaged") from error
    version = document.get("imageLayoutVersion") if isinstance(document, dict) else None
    if not isinstance(version, str) or not version.startswith("1."):
        raise StoreError(path, f"image layout version {version!r} is not known")


def cannot(verb: str, path: Path, error: OSError) -> StoreError:
    """The StoreError for a failed system call on a path of the store."""
    return StoreError(path, f"cannot {verb}: {error.strerror or error}")
