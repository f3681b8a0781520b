"""One blob on its way in: verified or dropped, continued after a break, visible only at the end."""

from __future__ import annotations

import errno
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from prewarm.errors import ContentError, PrewarmError, StoreError, TransferError
from prewarm.layout import LayoutReader, LayoutWriter
from prewarm.oci import Descriptor

from .samples import blob, bring, partials


def break_off(store: LayoutWriter, descriptor: Descriptor, raw: bytes) -> None:
    """A transfer that ends after some bytes."""
    with pytest.raises(TransferError), store.ingest(descriptor) as ingest:
        assert ingest is not None and ingest.offset == 0
        ingest.write(raw)
        raise TransferError("registry", "hung up")


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("size", [0, 1, 1000, 3_000_000])
def test_a_blob_comes_in_whole(store: LayoutWriter, algorithm: str, size: int) -> None:
    descriptor, raw = blob("a", size, algorithm)
    assert not store.has(descriptor) and store.stat_blob(descriptor.digest) is None
    assert bring(store, descriptor, raw, 1_000_000) == size
    path = store.blob_path(descriptor.digest)
    assert path == store.root / "blobs" / algorithm / descriptor.digest.partition(":")[2]
    assert path.read_bytes() == raw
    assert path.stat().st_mode & 0o777 == 0o444
    assert store.has(descriptor) and store.stat_blob(descriptor.digest) == size
    assert partials(store.root) == []
    assert bring(store, descriptor, raw) == 0


def test_nothing_is_visible_before_the_commit(store: LayoutWriter) -> None:
    descriptor, raw = blob("a")
    with store.ingest(descriptor) as ingest:
        assert ingest is not None
        ingest.write(raw)
        assert not store.has(descriptor) and not any(store.root.glob("blobs/*/*"))
        ingest.commit()
        assert store.has(descriptor)


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (b"x" * 1000, "digest mismatch: got sha256:"),
        (b"x" * 999, "after 999 of 1000 bytes"),
        (b"", "after 0 of 1000 bytes"),
        (b"x" * 1001, "longer than the 1000 bytes that were declared"),
        (b"x" * 100_000, "longer than the 1000 bytes that were declared"),
    ],
    ids=["wrong digest", "short", "empty", "long", "very long"],
)
def test_what_is_not_the_blob_is_dropped(store: LayoutWriter, sent: bytes, problem: str) -> None:
    descriptor, raw = blob("a")
    with pytest.raises(ContentError, match=problem) as caught:
        bring(store, descriptor, sent, 700)
    assert descriptor.digest in str(caught.value) and "dropped" in str(caught.value)
    assert not store.has(descriptor)
    assert partials(store.root) == [] and not any(store.root.glob("blobs/*/*"))
    assert bring(store, descriptor, raw) == len(raw)


def test_the_right_bytes_of_a_wrong_size_are_dropped(store: LayoutWriter) -> None:
    descriptor, raw = blob("a")
    for size in (999, 1001):
        with pytest.raises(ContentError):
            bring(store, replace(descriptor, size=size), raw, 2000)
    assert not store.has(descriptor) and partials(store.root) == []


def test_what_broke_off_is_continued(store: LayoutWriter) -> None:
    descriptor, raw = blob("a")
    break_off(store, descriptor, raw[:300])
    assert len(partials(store.root)) == 1 and not store.has(descriptor)
    with store.ingest(descriptor) as ingest:
        assert ingest is not None and ingest.offset == 300
        ingest.seek(300)
        ingest.write(raw[300:])
        ingest.commit()
    assert store.read_blob(descriptor) == raw


def test_what_broke_off_may_be_begun_anew(store: LayoutWriter) -> None:
    descriptor, raw = blob("a")
    break_off(store, descriptor, raw[:300])
    with store.ingest(descriptor) as ingest:
        assert ingest is not None
        with pytest.raises(ValueError, match="only at 0 or 300"):
            ingest.seek(100)
        ingest.seek(0)
        assert ingest.offset == 0
        ingest.write(raw)
        ingest.commit()
    assert store.read_blob(descriptor) == raw


def test_a_complete_partial_file_needs_nothing_more(store: LayoutWriter) -> None:
    descriptor, raw = blob("a")
    break_off(store, descriptor, raw)
    assert bring(store, descriptor, raw) == 0
    assert store.read_blob(descriptor) == raw


@pytest.mark.parametrize("size", [1001, 1_000_000])
def test_a_partial_file_longer_than_the_blob_is_dropped(store: LayoutWriter, size: int) -> None:
    descriptor, raw = blob("a")
    break_off(store, descriptor, raw[:300])
    (path,) = (store.root / ".prewarm" / "partial").iterdir()
    os.truncate(path, size)
    with store.ingest(descriptor) as ingest:
        assert ingest is not None and ingest.offset == 0
    assert bring(store, descriptor, raw) == 1000


def test_an_altered_partial_file_is_found_out_and_dropped(store: LayoutWriter) -> None:
    descriptor, raw = blob("a")
    break_off(store, descriptor, raw[:300])
    (path,) = (store.root / ".prewarm" / "partial").iterdir()
    path.write_bytes(b"?" + raw[1:300])
    with pytest.raises(ContentError, match="digest mismatch"), store.ingest(descriptor) as ingest:
        assert ingest is not None and ingest.offset == 300
        ingest.write(raw[300:])
        try:
            ingest.commit()
        finally:
            assert ingest.offset == 0
    assert not store.has(descriptor)
    assert bring(store, descriptor, raw) == 1000


def test_an_interrupt_keeps_what_was_written_and_leaves_no_empty_file(store: LayoutWriter) -> None:
    first, raw = blob("a")
    second, _ = blob("b")
    with pytest.raises(KeyboardInterrupt), store.ingest(first) as ingest:
        assert ingest is not None
        ingest.write(raw[:10])
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt), store.ingest(second):
        raise KeyboardInterrupt
    assert partials(store.root) == [first.digest.replace(":", "-")]
    with store.ingest(second):
        pass
    assert partials(store.root) == [first.digest.replace(":", "-")]


def test_a_blob_of_the_wrong_size_is_replaced(store: LayoutWriter) -> None:
    descriptor, raw = blob("a")
    store.blob_path(descriptor.digest).write_bytes(raw[:10])
    assert not store.has(descriptor)
    assert bring(store, descriptor, raw) == 1000
    assert store.read_blob(descriptor) == raw


def test_a_manifest_is_put_also_in_the_place_of_a_damaged_one(store: LayoutWriter) -> None:
    descriptor, raw = blob("a")
    store.put_manifest(descriptor, raw)
    assert store.read_blob(descriptor) == raw
    path = store.blob_path(descriptor.digest)
    before = path.stat().st_ino
    store.put_manifest(descriptor, raw)
    assert path.stat().st_ino == before
    path.chmod(0o644)
    path.write_bytes(b"?" + raw[1:])
    store.put_manifest(descriptor, raw)
    assert store.read_blob(descriptor) == raw
    assert partials(store.root) == []
    with pytest.raises(ContentError):
        store.put_manifest(blob("b")[0], raw)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_and_its_partial_file_dropped(
    store: LayoutWriter, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    descriptor, raw = blob("a")
    with monkeypatch.context() as patch:
        fail_after(patch, 2, number)
        with pytest.raises(StoreError) as caught:
            bring(store, descriptor, raw, 100)
    assert "the disk is full" in str(caught.value) and "make room" in str(caught.value)
    assert partials(store.root) == []
    assert bring(store, descriptor, raw) == 1000


def test_a_disk_that_fails_is_told_and_its_partial_file_kept(
    store: LayoutWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    descriptor, raw = blob("a")
    with monkeypatch.context() as patch:
        fail_after(patch, 2, errno.EIO)
        with pytest.raises(StoreError, match="cannot write: Input/output error"):
            bring(store, descriptor, raw, 100)
    assert bring(store, descriptor, raw) == 800


def fail_after(patch: pytest.MonkeyPatch, calls: int, number: int) -> None:
    """Let the disk take so many writes and refuse the next ones."""
    pwrite, left = os.pwrite, [calls]

    def failing(file: int, raw: bytes, at: int) -> int:
        if left[0] == 0:
            raise OSError(number, os.strerror(number))
        left[0] -= 1
        return pwrite(file, raw, at)

    patch.setattr(os, "pwrite", failing)


def test_a_kernel_that_writes_little_at_a_time_is_served(
    store: LayoutWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    descriptor, raw = blob("a")
    pwrite = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, view, at: pwrite(file, view[:7], at))
    assert bring(store, descriptor, raw) == 1000
    assert store.read_blob(descriptor) == raw


def test_old_partial_files_go_and_the_others_stay(tmp_path: Path) -> None:
    store = LayoutWriter.create(tmp_path)
    old, young, busy = (blob(label) for label in ("old", "young", "busy"))
    for descriptor, raw in (old, young, busy):
        break_off(store, descriptor, raw[:10])
    week = time.time() - 7 * 24 * 3600 - 60
    paths = {path.name: path for path in (tmp_path / ".prewarm" / "partial").iterdir()}
    names = [descriptor.digest.replace(":", "-") for descriptor, _ in (old, young, busy)]
    with store.ingest(busy[0]):
        for name in (names[0], names[2]):
            os.utime(paths[name], (week, week))
        LayoutWriter.create(tmp_path)
        assert partials(tmp_path) == sorted(names[1:])
    LayoutWriter.create(tmp_path)
    assert partials(tmp_path) == [names[1]]


def test_a_reader_cannot_write() -> None:
    assert not any(hasattr(LayoutReader, name) for name in ("ingest", "name_images", "create"))


# Several at once


def test_many_threads_want_one_blob_and_one_writes_it(store: LayoutWriter) -> None:
    descriptor, raw = blob("a", 200_000)
    together = threading.Barrier(16)

    def work(_: int) -> int:
        together.wait()
        return bring(store, descriptor, raw, 10_000)

    with ThreadPoolExecutor(16) as pool:
        written = list(pool.map(work, range(16)))
    assert sorted(written) == [0] * 15 + [200_000]
    assert store.read_blob(descriptor) == raw
    assert partials(store.root) == []


def test_who_waits_goes_on_where_the_other_broke_off(store: LayoutWriter) -> None:
    descriptor, raw = blob("a", 100_000)
    began = threading.Event()

    def give_up() -> None:
        with pytest.raises(PrewarmError), store.ingest(descriptor) as ingest:
            assert ingest is not None
            ingest.write(raw[:60_000])
            began.set()
            time.sleep(0.1)
            raise TransferError("registry", "hung up")

    first = threading.Thread(target=give_up)
    first.start()
    began.wait()
    assert bring(store, descriptor, raw) == 40_000
    first.join()


def test_different_blobs_do_not_wait_for_each_other(store: LayoutWriter) -> None:
    first, second = blob("a"), blob("b")
    with store.ingest(first[0]) as ingest:
        assert ingest is not None
        assert bring(store, *second) == 1000
        ingest.write(first[1])
        ingest.commit()


def test_a_late_writer_of_another_stretch_cannot_spoil_what_is_published(
    store: LayoutWriter,
) -> None:
    """The first stretch was begun anew, whole; a helper of before still writes, and wrongly."""
    descriptor, raw = blob("a", 10_000)
    with suppress(ContentError), store.ingest(descriptor) as ingest:
        assert ingest is not None
        ingest.write(raw[:1000])
        late = ingest.split(1000)
        assert late is not None and late.offset == 5500
        ingest.seek(0)
        ingest.write(raw)
        ingest.verify()
        with suppress(PrewarmError):
            late.write(bytes(2000))
        ingest.commit()
    bring(store, descriptor, raw)
    assert store.read_blob(descriptor) == raw


# Whom permissions bind


def test_a_read_only_partial_file_is_taken_up(nobodys_folder: Path) -> None:
    """Its writer was killed between making it read-only and publishing it."""
    store = LayoutWriter.create(nobodys_folder / "store")
    descriptor, raw = blob("a")
    break_off(store, descriptor, raw)
    (path,) = (store.root / ".prewarm" / "partial").iterdir()
    path.chmod(0o444)
    assert bring(store, descriptor, raw) == 0
    assert store.blob_path(descriptor.digest).stat().st_mode & 0o777 == 0o444
    break_off(store, *blob("b", 10))
    (path,) = (store.root / ".prewarm" / "partial").iterdir()
    path.chmod(0o444)
    os.utime(path, (0, 0))
    LayoutWriter.create(store.root)
    assert partials(store.root) == []


def test_who_waits_is_not_disturbed_when_the_blob_is_published(nobodys_folder: Path) -> None:
    store = LayoutWriter.create(nobodys_folder / "store")
    for round_ in range(30):
        descriptor, raw = blob(str(round_))
        with ThreadPoolExecutor(8) as pool:
            pieces = pool.map(lambda d, r: bring(store, d, r), [descriptor] * 8, [raw] * 8)
        assert sum(pieces) == 1000


@pytest.mark.parametrize("folder", [".prewarm/partial", "blobs/sha256"])
def test_a_folder_that_may_not_be_written_is_told_at_once(
    nobodys_folder: Path, folder: str
) -> None:
    store = LayoutWriter.create(nobodys_folder / "store")
    (store.root / folder).chmod(0o555)
    with pytest.raises(StoreError, match="cannot write: Permission denied"):
        bring(store, *blob("a"))
    (store.root / folder).chmod(0o755)
    bring(store, *blob("a"))
