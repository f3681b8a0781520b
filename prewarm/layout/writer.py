"""The writing half of the store: blobs come in verified, names come last.

The order of writes is the design. A blob grows in `.prewarm/partial/`, is hashed while it is
written, and is renamed into `blobs/` only when digest and size are right and the bytes are on
disk. `index.json` is replaced whole, under a lock, after the folders of all blobs that it leads
to are on disk.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prewarm.errors import PrewarmError, StoreError
from prewarm.layout.ingest import Ingest, drop_partial, lock_partial, write_all
from prewarm.layout.lock import exclusive
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
_PARTS = {"blobs", INDEX_FILE, OWN_FOLDER, "lost+found"}
"""What may stand in a folder that is no store yet: parts of one, or an empty disk's own folder."""

_FULL = (errno.ENOSPC, errno.EDQUOT)
_Held = Callable[[Descriptor], bool]
INDEX_PATIENCE = 60.0
"""Seconds that one writer of `index.json` waits for another; each holds it for milliseconds."""

PARTIAL_LIFETIME = 7 * 24 * 3600.0
"""Seconds after which a partial blob that nobody continued is dropped."""


class LayoutWriter(LayoutReader):
    """A store that can be written. Any number of processes and threads may write at once."""

    @classmethod
    def create(cls, root: Path) -> LayoutWriter:
        """The store at `root`, made where there is none.

        Raises StoreError for a foreign folder or a damaged store, and leaves that as it is.
        """
        writer = cls(root)
        try:
            present = set(os.listdir(root)) if root.exists() else set()  # noqa: PTH208
            writer._check(present)
            writer._make_folders()
            with writer._index_lock():
                if not (root / INDEX_FILE).exists():
                    writer._publish(INDEX_FILE, {"schemaVersion": 2, "manifests": []})
                if LAYOUT_FILE not in present:
                    writer._publish(LAYOUT_FILE, {"imageLayoutVersion": "1.0.0"})
            for path in (root / OWN_FOLDER / "partial").iterdir():
                drop_partial(path, PARTIAL_LIFETIME)
        except OSError as error:
            raise cannot("write", root, error) from error
        return writer

    @contextmanager
    def ingest(self, descriptor: Descriptor) -> Iterator[Ingest | None]:
        """Bring in one blob: write to what this gives, then call `commit`.

        Gives None when the blob is held, also when another thread or process brought it in while
        this one waited for it. What was written survives an error, to be continued by a later
        ingest, unless its digest was wrong or the disk is full. Raises StoreError.
        """
        with self._ingest(descriptor, self.has) as ingest:
            yield ingest

    def put_manifest(self, descriptor: Descriptor, raw: bytes) -> None:
        """Bring in a manifest or index that is in memory, also in the place of a damaged one.

        Raises ContentError if it is another than the descriptor says.
        """
        with self._ingest(descriptor, self._is_sound) as ingest:
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

    @contextmanager
    def _ingest(self, descriptor: Descriptor, held: _Held) -> Iterator[Ingest | None]:
        if held(descriptor):
            yield None
            return
        path = self.root / OWN_FOLDER / "partial" / descriptor.digest.replace(":", "-")
        try:
            ingest = self._begin(descriptor, path, held)
            if ingest is None:
                yield None
                return
            try:
                yield ingest
            except OSError as error:
                if error.errno in _FULL:
                    ingest.drop()
                raise
            finally:
                ingest.close()
        except OSError as error:
            if error.errno in _FULL:
                raise StoreError(
                    self.root,
                    f"the disk is full ({descriptor.digest} needs {descriptor.size} bytes)",
                    "make room and run fetch again; what is complete is kept",
                ) from error
            raise cannot("write", path, error) from error

    def _begin(self, descriptor: Descriptor, path: Path, held: _Held) -> Ingest | None:
        file = lock_partial(path, lambda: held(descriptor))
        if file is None:
            return None
        try:
            return Ingest(descriptor, path, file, self.blob_path(descriptor.digest))
        except BaseException:
            os.close(file)
            raise

    def _is_sound(self, descriptor: Descriptor) -> bool:
        try:
            self.read_blob(descriptor)
        except PrewarmError:
            return False
        return True

    def _check(self, present: set[str]) -> None:
        """Refuse a folder that is not ours to write; one that was half made is."""
        if LAYOUT_FILE in present:
            check_layout(self.root)
        elif present - _PARTS:
            raise StoreError(
                self.root, "not an OCI image layout, and not empty", "name another --store"
            )
        if INDEX_FILE in present:
            self.read_index()

    def _make_folders(self) -> None:
        for algorithm in _ALGORITHMS:
            (self.root / "blobs" / algorithm).mkdir(parents=True, exist_ok=True)
        _sync_folder(self.root / "blobs")
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
                write_all(file, raw, 0)
                os.fsync(file)
            finally:
                os.close(file)
            temporary.rename(self.root / name)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(self.root)


def _entry(name: str, descriptor: Descriptor) -> dict[str, Any]:
    return {
        "mediaType": descriptor.media_type,
        "digest": descriptor.digest,
        "size": descriptor.size,
        "annotations": {REF_NAME: name},
    }


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
