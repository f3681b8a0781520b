"""Runs of a fetch from fake registries into real stores, and an eye on what is left of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from prewarm.demo.images import Contents, Image, Layer, build
from prewarm.fetch import Fetch, Observer, Outcome, Source, Wanted
from prewarm.layout import LayoutReader, LayoutWriter
from prewarm.oci import Descriptor, Index, Platform, parse_manifest
from prewarm.reference import Reference
from tests.fake_registry.server import FakeServer
from tests.real.soundness import problems_of

AMD64 = Platform("linux", "amd64")
ARM64 = Platform("linux", "arm64")
PREFIX = "docker.io/library"


def contents() -> Contents:
    """`a` and `b` share a layer, `b:2` is `b:1` again, `multi` is an index, `lone` has its own."""
    shared, own_a, own_b = Layer("shared", 40_000), Layer("a", 9000), Layer("b", 9000)
    both = ("linux/amd64", "linux/arm64")
    return build(
        [
            Image("a:1", (shared, own_a)),
            Image("b:1", (shared, own_b)),
            Image("b:2", (shared, own_b)),
            Image("multi:1", (Layer("m", 3000),), both, attested=True),
            Image("lone:1", (Layer("lone", 300_000),)),
            Image("other:1", (Layer("other", 700),)),
        ]
    )


def fetch(
    source: Source,
    root: Path,
    *wanted: str | Wanted,
    platforms: tuple[Platform, ...] = (AMD64,),
    jobs: int = 1,
    observer: Observer | None = None,
) -> list[Outcome]:
    """One run into the store at `root`. With one job the requests have an order."""
    asked = [w if isinstance(w, Wanted) else Wanted(Reference.parse(w), platforms) for w in wanted]
    run = Fetch(source, LayoutWriter.create(root), jobs, observer or Observer())
    return list(run.run(asked))


def good(outcomes: Iterable[Outcome]) -> None:
    for outcome in outcomes:
        assert outcome.error is None, outcome.error


def names(root: Path) -> list[str]:
    """What the store holds, which must be sound."""
    assert problems_of(root) == []
    return [entry.name.removeprefix(f"{PREFIX}/") for entry in LayoutReader(root).read_entries()]


def partials(root: Path) -> list[int]:
    """The sizes of what broke off."""
    return [path.stat().st_size for path in (root / ".prewarm" / "partial").iterdir()]


class Named:
    """Contents by short names, to say which request was for what."""

    def __init__(self, contents: Contents) -> None:
        self._names: dict[str, str] = {}
        for name, root in contents.names.items():
            self._give(contents, root, name.removeprefix(f"{PREFIX}/"))

    def _give(self, contents: Contents, root: Descriptor, name: str) -> None:
        self._names.setdefault(root.digest, name)
        document = parse_manifest(contents.blobs[root.digest], root.media_type)
        if isinstance(document, Index):
            for child in document.manifests:
                self._give(contents, child, f"{name}[{child.platform}]")
            return
        self._names.setdefault(document.config.digest, f"{name} config")
        for number, layer in enumerate(document.layers, 1):
            self._names.setdefault(layer.digest, f"{name} layer {number}")

    def asked(self, server: FakeServer) -> list[str]:
        """What was asked, with digests by their names; a status only where it was not 200."""
        shown = []
        for seen in server.requests:
            path = seen.path.partition("?")[0].removeprefix("/v2/library/")
            item = path.rpartition("/")[2]
            text = f"{seen.method} {self._names.get(item, path)}"
            shown.append(text if seen.status == 200 else f"{text} {seen.status}")
        return shown
