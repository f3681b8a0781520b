"""The writing half of the store: blobs come in verified, names come last.

The order of writes is the design. A blob grows in `.prewarm/partial/`, is hashed while it is
written, and is renamed into `blobs/` only when digest and size are right and the bytes are on
disk. `index.json` is replaced whole, under a lock, after the folders of all blobs that it leads
to are on disk.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from prewarm.errors import ContentError, StoreError
from prewarm.layout.lock import exclusive, try_lock
from prewarm.layout.reader import (
    INDEX_FILE,
    LAYOUT_FILE,
    OWN_FOLDER,
    LayoutReader,
    cannot,
    check_layout,
    name_of,
)
from prewarm.oci import REF_NAME, Descriptor

_ALGORITHMS = ("sha256", "sha512")
_CHUNK = 1024 * 1024
_PAUSE = 0.05
INDEX_PATIENCE = 60.0
"""Seconds that one writer of `index.json` waits for another; each holds it for milliseconds."""

PARTIAL_LIFETIME = 7 * 24 * 3600.0
"""Seconds after which a partial blob that nobody continued is dropped."""


class LayoutWriter(LayoutReader):
    """A store that can be written. Any number of processes and threads may write at once."""

    @classmethod
    def create(cls, root: Path) -> LayoutWriter:
        """The store at `root`, made where there is none; raises StoreError for a foreign folder."""
        writer = cls(root)
        try:
            present = set(os.listdir(root)) if root.exists() else set()  # noqa: PTH208
            if LAYOUT_FILE not in present and present - {
                "blobs",
                INDEX_FILE,
                OWN_FOLDER,
                "lost+found",
            }:
                raise StoreError(
                    root, "not an OCI image layout, and not empty", "name another --store"
                )
            writer._make_folders()
            with writer._index_lock():
                if not (root / INDEX_FILE).exists():
                    writer._publish(INDEX_FILE, {"schemaVersion": 2, "manifests": []})
                if LAYOUT_FILE not in present:
                    writer._publish(LAYOUT_FILE, {"imageLayoutVersion": "1.0.0"})
            writer._drop_old_partials()
        except OSError as error:
            raise cannot("write", root, error) from error
        check_layout(root)
        return writer

    @contextmanager
    def ingest(self, descriptor: Descriptor) -> Iterator[Ingest | None]:
        """Bring in one blob: write to what this gives, then call `commit`.

        Gives None when the blob is held, also when another thread or process brought it in while
        this one waited for it. What was written survives an error, to be continued by a later
        ingest, unless its digest was wrong or the disk is full. Raises StoreError.
        """
        if self.has(descriptor):
            yield None
            return
        path = self.root / OWN_FOLDER / "partial" / descriptor.digest.replace(":", "-")
        try:
            file = self._lock_partial(descriptor, path)
            if file is None:
                yield None
                return
            ingest = Ingest(self, descriptor, path, file)
            try:
                yield ingest
            finally:
                if ingest.offset == 0:
                    path.unlink(missing_ok=True)
                os.close(file)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                with suppress(OSError):
                    path.unlink()
                raise StoreError(
                    self.root,
                    f"the disk is full ({descriptor.digest} needs {descriptor.size} bytes)",
                    "make room and run fetch again; what is complete is kept",
                ) from error
            raise cannot("write", path, error) from error

    def put_manifest(self, descriptor: Descriptor, raw: bytes) -> None:
        """Bring in a manifest or index that is in memory; raises ContentError if it is another."""
        with self.ingest(descriptor) as ingest:
            if ingest is not None:
                ingest.seek(0)
                ingest.write(raw)
                ingest.commit()

    def name_images(self, names: Mapping[str, Descriptor]) -> None:
        """Publish names, all at once; what they lead to must have been brought in before."""
        if not names:
            return
        try:
            for algorithm in _ALGORITHMS:
                _sync_folder(self.root / "blobs" / algorithm)
            with self._index_lock():
                document = self.read_index()
                kept = [value for value in document["manifests"] if name_of(value) not in names]
                document["manifests"] = [*kept, *(_entry(n, d) for n, d in sorted(names.items()))]
                self._publish(INDEX_FILE, document)
        except OSError as error:
            raise cannot("write", self.root / INDEX_FILE, error) from error

    def _lock_partial(self, descriptor: Descriptor, path: Path) -> int | None:
        while True:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                if try_lock(file, path) and _is_at(file, path):
                    if not self.has(descriptor):
                        return file
                    path.unlink()
            except BaseException:
                os.close(file)
                raise
            os.close(file)
            if self.has(descriptor):
                return None
            time.sleep(_PAUSE)

    def _make_folders(self) -> None:
        for algorithm in _ALGORITHMS:
            (self.root / "blobs" / algorithm).mkdir(parents=True, exist_ok=True)
        (self.root / OWN_FOLDER / "partial").mkdir(parents=True, exist_ok=True)

    @contextmanager
    def _index_lock(self) -> Iterator[None]:
        with exclusive(self.root / OWN_FOLDER / "index.lock", INDEX_PATIENCE):
            yield

    def _publish(self, name: str, document: dict[str, Any]) -> None:
        raw = json.dumps(document, indent=1).encode()
        temporary = self.root / OWN_FOLDER / f"{name}.new"
        try:
            file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
            try:
                _write_all(file, raw)
                os.fsync(file)
            finally:
                os.close(file)
            temporary.rename(self.root / name)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(self.root)

    def _drop_old_partials(self) -> None:
        for path in (self.root / OWN_FOLDER / "partial").iterdir():
            with suppress(OSError):
                if time.time() - path.stat().st_mtime < PARTIAL_LIFETIME:
                    continue
                file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
                try:
                    if try_lock(file, path):
                        path.unlink()
                finally:
                    os.close(file)


class Ingest:
    """One blob on its way in: hashed and counted while it is written, visible only at the end."""

    def __init__(self, writer: LayoutWriter, descriptor: Descriptor, path: Path, file: int) -> None:
        self._writer = writer
        self._descriptor = descriptor
        self._path = path
        self._file = file
        self._algorithm = descriptor.digest.partition(":")[0]
        self._hash = hashlib.new(self._algorithm)
        self.offset = 0
        """Bytes that are held and hashed: where the source should go on."""
        self._take_up()

    def seek(self, start: int) -> None:
        """Go on at `start`, which is `offset`, or 0 to begin anew."""
        if start not in (0, self.offset):
            raise ValueError(f"cannot go on at {start}, only at 0 or {self.offset}")
        if start != self.offset:
            self._begin_anew()

    def write(self, chunk: bytes) -> None:
        """Append bytes; raises ContentError beyond the size that was declared."""
        if self.offset + len(chunk) > self._descriptor.size:
            self._begin_anew()
            raise ContentError(
                self._descriptor.digest,
                f"longer than the {self._descriptor.size} bytes that were declared",
                "the partial file was dropped; the upstream answers wrongly",
            )
        self._hash.update(chunk)
        _write_all(self._file, chunk)
        self.offset += len(chunk)

    def commit(self) -> None:
        """Make the blob visible; raises ContentError when it is not the one that was announced."""
        actual = f"{self._algorithm}:{self._hash.hexdigest()}"
        if self.offset != self._descriptor.size or actual != self._descriptor.digest:
            self._begin_anew()
            raise ContentError(
                self._descriptor.digest,
                f"digest mismatch: got {actual} after {self.offset} of "
                f"{self._descriptor.size} bytes",
                "the partial file was dropped, run fetch again",
            )
        os.fsync(self._file)
        os.fchmod(self._file, 0o444)
        self._path.rename(self._writer.blob_path(self._descriptor.digest))

    def _take_up(self) -> None:
        """Hash what an earlier run left; anything that cannot be a beginning is dropped."""
        if os.fstat(self._file).st_size > self._descriptor.size:
            os.ftruncate(self._file, 0)
        while chunk := os.read(self._file, _CHUNK):
            self._hash.update(chunk)
            self.offset += len(chunk)

    def _begin_anew(self) -> None:
        os.ftruncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)
        self._hash = hashlib.new(self._algorithm)
        self.offset = 0


def _entry(name: str, descriptor: Descriptor) -> dict[str, Any]:
    return {
        "mediaType": descriptor.media_type,
        "digest": descriptor.digest,
        "size": descriptor.size,
        "annotations": {REF_NAME: name},
    }


def _is_at(file: int, path: Path) -> bool:
    """Whether a locked file still has its name: its last owner may have published it."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _write_all(file: int, raw: bytes) -> None:
    view = memoryview(raw)
    while view:
        view = view[os.write(file, view) :]


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
