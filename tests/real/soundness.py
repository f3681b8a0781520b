"""An independent look at an OCI layout: everything in it that is missing, damaged or left over.

It reads the folder with nothing of prewarm's, so that it shares no mistake with what it checks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REF_NAME = "org.opencontainers.image.ref.name"


def problems_of(store: Path) -> list[str]:
    """What is wrong with a layout, one line each; nothing for one that is wholly sound.

    Every file under `blobs/` has the digest that is its name. Every entry of index.json leads to
    complete content: of an index to at least one image, and of every image that is there to its
    configuration and its layers. Index and manifest have the size that their descriptor says.
    """
    if not store.exists() or not any(store.iterdir()):
        return []
    found = list(_damaged(store))
    if not (store / "index.json").exists():
        return found
    entries = json.loads((store / "index.json").read_text("utf-8"))["manifests"]
    if entries:
        found += _layout_version(store)
    for entry in entries:
        name = entry.get("annotations", {}).get(REF_NAME, entry["digest"])
        found += [f"{name}: {problem}" for problem in _incomplete(store, entry)]
    return found


def names_in(store: Path) -> list[str]:
    """The names of index.json, sorted; a store without one holds none."""
    index = store / "index.json"
    if not index.exists():
        return []
    entries = json.loads(index.read_text("utf-8"))["manifests"]
    return sorted(entry["annotations"][REF_NAME] for entry in entries)


def digests_in(store: Path) -> set[str]:
    """The digest of everything under `blobs/`."""
    return {f"{path.parent.name}:{path.name}" for path in store.glob("blobs/*/*")}


def _damaged(store: Path) -> Iterator[str]:
    for path in sorted(store.glob("blobs/*/*")):
        actual = hashlib.new(path.parent.name, path.read_bytes()).hexdigest()
        if actual != path.name:
            yield f"blobs/{path.parent.name}/{path.name}: its digest is {actual}"


def _layout_version(store: Path) -> list[str]:
    marker = store / "oci-layout"
    if not marker.exists():
        return ["index.json is there and oci-layout is not"]
    version = json.loads(marker.read_text("utf-8")).get("imageLayoutVersion")
    return [] if version == "1.0.0" else [f"oci-layout says version {version}"]


def _incomplete(store: Path, descriptor: dict[str, Any]) -> Iterator[str]:
    path = _path(store, descriptor)
    if not path.exists():
        yield f"{descriptor['digest']} is missing"
        return
    raw = path.read_bytes()
    if len(raw) != descriptor["size"]:
        yield f"{descriptor['digest']} has {len(raw)} bytes and should have {descriptor['size']}"
        return
    document = json.loads(raw)
    if "manifests" in document:
        held = [child for child in document["manifests"] if _path(store, child).exists()]
        if not any(_is_image(child) for child in held):
            yield f"no image of the index {descriptor['digest']} is there"
        for child in held:
            yield from _incomplete(store, child)
        return
    for child in (document["config"], *document["layers"]):
        yield from _wrong_size(store, child)


def _wrong_size(store: Path, descriptor: dict[str, Any]) -> Iterator[str]:
    path = _path(store, descriptor)
    if not path.exists():
        yield f"{descriptor['digest']} is missing"
    elif path.stat().st_size != descriptor["size"]:
        yield f"{descriptor['digest']} has not the {descriptor['size']} bytes that it should have"


def _is_image(descriptor: dict[str, Any]) -> bool:
    return bool(descriptor.get("platform", {}).get("os") != "unknown")


def _path(store: Path, descriptor: dict[str, Any]) -> Path:
    algorithm, _, hexadecimal = str(descriptor["digest"]).partition(":")
    return store / "blobs" / algorithm / hexadecimal
