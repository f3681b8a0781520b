"""Plans: which manifests of an index are chosen, and everything that an image then needs."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from prewarm.demo.images import Contents, Image, Layer, build
from prewarm.errors import ContentError, PrewarmError, TransferError
from prewarm.fetch.plan import ImagePlan, Planner, Wanted, choose
from prewarm.oci import (
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Index,
    Platform,
    digest_of,
    parse_manifest,
)
from prewarm.receiver import Receiver
from prewarm.reference import Reference


@dataclass(slots=True)
class Shelf:
    """A source in memory that remembers what it was asked for."""

    contents: Contents
    asked: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    def resolve(self, reference: Reference) -> Descriptor:
        self.asked.append(f"resolve {reference}")
        return self.contents.names[str(reference)]

    def read_manifest(self, reference: Reference, digest: str) -> tuple[Descriptor, bytes]:
        self.asked.append(digest)
        if digest in self.refused or reference.name in self.refused:
            raise TransferError(reference, "refused")
        raw = self.contents.blobs[digest]
        return Descriptor("", digest, len(raw)), raw

    def pour(self, reference: Reference, descriptor: Descriptor, receiver: Receiver) -> None:
        raise AssertionError("a plan pours nothing")


@dataclass(slots=True)
class Nothing:
    """A sink that holds what it is given."""

    blobs: dict[str, bytes] = field(default_factory=dict)

    def stat_blob(self, digest: str) -> int | None:
        return len(self.blobs[digest]) if digest in self.blobs else None

    def has(self, descriptor: Descriptor) -> bool:
        return self.stat_blob(descriptor.digest) == descriptor.size

    def read_blob(self, descriptor: Descriptor) -> bytes:
        raw = self.blobs[descriptor.digest]
        if digest_of(raw) != descriptor.digest:
            raise ContentError(descriptor.digest, "damaged")
        return raw


def wanted(name: str, *platforms: str) -> Wanted:
    return Wanted(Reference.parse(name), tuple(Platform.parse(p) for p in platforms))


def plan(contents: Contents, *platforms: str, name: str = "a:1") -> ImagePlan:
    return Planner(Shelf(contents), Nothing()).plan(wanted(name, *platforms))


def entries(*platforms: str | None) -> list[Descriptor]:
    """An index's entries; each with its number in the digest."""
    return [
        Descriptor(OCI_MANIFEST, f"sha256:{n:064}", 1, Platform.parse(p) if p else None)
        for n, p in enumerate(platforms)
    ]


CHOICES = [
    ("linux/amd64 linux/arm64", "linux/arm64", "1", ""),
    ("linux/amd64 linux/arm64", "linux/arm64/v8 linux/amd64", "1 0", ""),
    ("linux/amd64 linux/arm64", "linux/s390x linux/amd64", "0", "linux/s390x"),
    ("linux/amd64 linux/arm64", "linux/s390x", "", "linux/s390x"),
    ("linux/amd64 linux/arm64", "", "0 1", ""),
    ("linux/arm/v5 linux/arm/v7 linux/arm/v6", "linux/arm", "1", ""),
    ("linux/arm/v5 linux/arm/v6", "linux/arm", "1", ""),
    ("linux/arm/v5 linux/arm/v7", "linux/arm/v6", "0", ""),
    ("linux/arm/v7", "linux/arm/v6", "", "linux/arm/v6"),
    ("linux/amd64 linux/amd64/v3", "linux/amd64", "0", ""),
    ("linux/amd64 linux/amd64/v3", "linux/amd64/v3", "1", ""),
    ("linux/amd64 linux/amd64/v3", "linux/amd64/v2", "0", ""),
    ("windows/amd64 windows/amd64 linux/amd64", "windows/amd64", "0 1", ""),
    ("unknown/unknown linux/amd64", "linux/amd64", "1", ""),
    ("unknown/unknown linux/amd64", "", "0 1", ""),
    ("- -", "linux/amd64", "0 1", ""),
    ("- linux/amd64", "linux/amd64", "1", ""),
    ("- linux/amd64", "linux/arm64", "0", ""),
    ("", "linux/amd64", "", "linux/amd64"),
]


@pytest.mark.parametrize(("listed", "asked", "chosen", "absent"), CHOICES)
def test_platforms_are_chosen(listed: str, asked: str, chosen: str, absent: str) -> None:
    manifests = entries(*(None if text == "-" else text for text in listed.split()))
    found, missing = choose(manifests, [Platform.parse(text) for text in asked.split()])
    assert [manifests.index(d) for d in found] == [int(n) for n in chosen.split()]
    assert " ".join(map(str, missing)) == absent


def test_a_plan_has_children_before_their_parents() -> None:
    contents = build([Image("a:1", (Layer("a"), Layer("b")), ("linux/amd64", "linux/arm64"))])
    found = plan(contents)
    root = contents.names["docker.io/library/a:1"]
    *children, (last, raw) = found.manifests
    assert last.digest == root.digest == found.root.digest == digest_of(raw)
    index = parse_manifest(raw)
    assert isinstance(index, Index) and [d for d, _ in children] == list(index.manifests)
    assert len(found.blobs) == 6
    assert {d.digest for d in found.blobs} | {d.digest for d, _ in found.manifests} == set(
        contents.blobs
    )


def nest(contents: Contents, depth: int, copies: int = 1) -> None:
    """Name `n:1`, an index in an index …, each of which lists the next one so many times."""
    inner = contents.names["docker.io/library/a:1"]
    for level in range(depth):
        entry = {"mediaType": inner.media_type, "digest": inner.digest, "size": inner.size}
        document = {"schemaVersion": 2, "level": level, "manifests": [entry] * copies}
        inner = contents.hold(OCI_INDEX, json.dumps(document).encode())
    contents.names["docker.io/library/n:1"] = inner


@pytest.mark.parametrize("platforms", [(), ("linux/amd64",)])
def test_an_index_that_lists_one_thing_thousands_of_times_is_read_once(
    platforms: tuple[str, ...],
) -> None:
    contents = build([Image("a:1")])
    nest(contents, 3, copies=10_000)
    shelf = Shelf(contents)
    found = Planner(shelf, Nothing()).plan(wanted("n:1", *platforms))
    assert len(shelf.asked) == 1 + 4 == 1 + len(found.manifests)


def test_indexes_are_nested_only_so_deep() -> None:
    contents = build([Image("a:1")])
    nest(contents, 3)
    assert len(plan(contents, name="n:1").manifests) == 4
    nest(contents, 4)
    with pytest.raises(ContentError, match="indexes are nested more than 4 deep"):
        plan(contents, name="n:1")


def test_a_child_of_another_size_is_refused() -> None:
    contents = build([Image("a:1")])
    child = contents.names["docker.io/library/a:1"]
    entry = {"mediaType": OCI_MANIFEST, "digest": child.digest, "size": child.size + 1}
    contents.publish("n:1", OCI_INDEX, json.dumps({"manifests": [entry]}).encode())
    with pytest.raises(ContentError, match=f"has {child.size} bytes, {child.size + 1} were ann"):
        plan(contents, name="n:1")


def test_what_is_held_is_not_asked_for_unless_it_is_damaged() -> None:
    contents = build([Image("a:1", platforms=("linux/amd64", "linux/arm64"))])
    sink = Nothing(dict(contents.blobs))
    shelf = Shelf(contents)
    whole = Planner(shelf, sink).plan(wanted("a:1"))
    assert shelf.asked == ["resolve docker.io/library/a:1"]
    damaged = whole.manifests[0][0].digest
    sink.blobs[damaged] = b"?" * len(sink.blobs[damaged])
    assert Planner(shelf, sink).plan(wanted("a:1")) == whole
    assert shelf.asked[1:] == ["resolve docker.io/library/a:1", damaged]


def test_many_threads_read_a_manifest_once() -> None:
    contents = build([Image("a:1", platforms=("linux/amd64", "linux/arm64"))])
    shelf = Shelf(contents)
    planner = Planner(shelf, Nothing())
    with ThreadPoolExecutor(8) as pool:
        plans = list(pool.map(planner.plan, [wanted("a:1")] * 40))
    assert len(set(map(id, plans))) == 40 and all(p == plans[0] for p in plans)
    assert len([text for text in shelf.asked if text.startswith("sha256:")]) == 3


def test_what_one_repository_refuses_another_may_have() -> None:
    contents = build([Image("a:1"), Image("b:1")])
    shelf = Shelf(contents, refused={"docker.io/library/a"})
    planner = Planner(shelf, Nothing())
    with pytest.raises(PrewarmError, match="refused"):
        planner.plan(wanted("a:1"))
    assert planner.plan(wanted("b:1")).manifests


def test_a_pinned_image_is_named_by_what_was_asked() -> None:
    digest = "sha256:" + "a" * 64
    for text, pin, name in (
        ("a:1", None, "docker.io/library/a:1"),
        ("a:1", digest, "docker.io/library/a:1"),
        (f"a@{digest}", None, f"docker.io/library/a@{digest}"),
        (f"a:1@{digest}", None, f"docker.io/library/a@{digest}"),
    ):
        asked = Wanted(Reference.parse(text), (), pin)
        assert asked.name == name
        assert asked.pinned == (digest if pin or "@" in text else None)
