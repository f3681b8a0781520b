"""Making a store: where there is none, where one was half made, and where something else is."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from prewarm.errors import StoreError
from prewarm.layout import LayoutReader, LayoutWriter
from tests.real.soundness import problems_of

from .samples import bring_image, image, tree

LAYOUT = '{"imageLayoutVersion": "1.0.0"}'
EMPTY_INDEX = {"schemaVersion": 2, "manifests": []}


def test_a_store_is_made_with_its_parents(tmp_path: Path) -> None:
    root = tmp_path / "a" / "b"
    store = LayoutWriter.create(root)
    assert json.loads((root / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    assert json.loads((root / "index.json").read_text()) == EMPTY_INDEX
    assert (root / "blobs" / "sha256").is_dir()
    assert store.read_entries() == () == LayoutReader.open(root).read_entries()


def test_a_store_that_is_there_is_kept(tmp_path: Path) -> None:
    bring_image(LayoutWriter.create(tmp_path), image("a"))
    before = tree(tmp_path)
    again = LayoutWriter.create(tmp_path)
    assert tree(tmp_path) == before
    assert [entry.name for entry in again.read_entries()] == ["docker.io/library/a:1"]


@pytest.mark.parametrize(
    "present",
    [
        [],
        ["blobs/"],
        ["blobs/sha256/", "lost+found/"],
        [".prewarm/partial/", "blobs/"],
        [".prewarm/index.json.new", "blobs/"],
        ["blobs/", "index.json"],
        ["oci-layout", "blobs/"],
        ["oci-layout"],
        ["oci-layout", "README.md", "other/"],
    ],
    ids=", ".join,
)
def test_a_store_that_was_half_made_is_completed(tmp_path: Path, present: list[str]) -> None:
    for name in present:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        else:
            path.write_text(LAYOUT if name == "oci-layout" else json.dumps(EMPTY_INDEX))
    bring_image(LayoutWriter.create(tmp_path), image("a"))
    assert problems_of(tmp_path) == []


def test_many_make_one_store_at_once(tmp_path: Path) -> None:
    for round_ in range(10):
        root = tmp_path / str(round_)
        with ThreadPoolExecutor(8) as pool:
            stores = list(pool.map(LayoutWriter.create, [root] * 8))
        assert all(store.read_entries() == () for store in stores)


FOREIGN = {
    "another folder": ({"main.py": "print()"}, "not an OCI image layout, and not empty"),
    "hidden files": ({".git/HEAD": "x", "blobs/x": "y"}, "not an OCI image layout, and not empty"),
    "next version": ({"oci-layout": '{"imageLayoutVersion": "2.0.0"}'}, "version '2.0.0' is not"),
    "no version": ({"oci-layout": "{}"}, "version None is not known"),
    "a number": ({"oci-layout": '{"imageLayoutVersion": 1}'}, "version 1 is not known"),
    "a list": ({"oci-layout": "[]"}, "version None is not known"),
    "no JSON": ({"oci-layout": "hello"}, "not JSON"),
    "deep JSON": ({"oci-layout": "[" * 100_000}, "not JSON"),
    "no text": ({"oci-layout": "\udcff"}, "not JSON"),
    "cut index": ({"oci-layout": LAYOUT, "index.json": '{"manif'}, "not JSON"),
    "empty index": ({"oci-layout": LAYOUT, "index.json": ""}, "not JSON"),
    "deep index": ({"oci-layout": LAYOUT, "index.json": "[" * 100_000}, "not JSON"),
    "other index": ({"oci-layout": LAYOUT, "index.json": "[]"}, "not an OCI image index"),
    "wrong index": (
        {"oci-layout": LAYOUT, "index.json": '{"manifests": {}}'},
        "not an OCI image index",
    ),
    "a page's data": ({"index.json": '{"title": "x"}'}, "not an OCI image index"),
}


@pytest.mark.parametrize(("files", "problem"), FOREIGN.values(), ids=FOREIGN)
def test_what_is_no_sound_store_is_refused_and_left_as_it_is(
    tmp_path: Path, files: dict[str, str], problem: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    before = tree(tmp_path)
    with pytest.raises(StoreError) as caught:
        LayoutWriter.create(tmp_path)
    assert str(caught.value).startswith(str(tmp_path)) and problem in str(caught.value)
    assert tree(tmp_path) == before


def test_a_file_in_the_place_of_the_store_is_told(tmp_path: Path) -> None:
    file = tmp_path / "store"
    file.write_text("x")
    for root in (file, file / "below"):
        with pytest.raises(StoreError, match="cannot write: Not a directory"):
            LayoutWriter.create(root)
        with pytest.raises(StoreError, match=r"oci-layout: cannot read: Not a directory"):
            LayoutReader.open(root)


def test_opening_says_what_is_there_instead(tmp_path: Path) -> None:
    for root, problem in (
        (tmp_path, "not an OCI image layout: run prewarm fetch"),
        (tmp_path / "none", "there is no store here: run prewarm fetch"),
    ):
        with pytest.raises(StoreError) as caught:
            LayoutReader.open(root)
        assert str(caught.value).startswith(f"{root}: {problem}")
    assert tree(tmp_path) == {}


def test_a_folder_that_may_not_be_written_is_read(nobodys_folder: Path) -> None:
    contents = image("a")
    root = nobodys_folder / "store"
    bring_image(LayoutWriter.create(root), contents)
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    (root / ".prewarm" / "index.lock").chmod(0o444)
    reader = LayoutReader.open(root)
    (entry,) = reader.read_entries()
    assert reader.read_blob(entry.descriptor) == contents.blobs[entry.descriptor.digest]
    with pytest.raises(StoreError, match=f"{root}: cannot write: Permission denied"):
        LayoutWriter.create(root)
    for folder in folders:
        folder.chmod(0o755)
