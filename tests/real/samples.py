"""The images of three pretended upstreams, and the real registries that stand in for those."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .images import (
    OTHER_ARCHITECTURE,
    THIS_ARCHITECTURE,
    Content,
    Image,
    image,
    index,
    layer,
    zstd_layer,
)
from .programs import find
from .publish import publish
from .registry import Registry

HOSTS = ("docker.io", "quay.io", "registry.k8s.io")
BIG_LAYERS, BIG_LAYER_SIZE = 3, 12_000_000
"""Layers and the bytes of each, that do not compress."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One image of an upstream: where it is, what it is, and whether in Docker's own format."""

    host: str
    repository: str
    tag: str
    content: Content
    docker: bool = False

    @property
    def reference(self) -> str:
        return f"{self.host}/{self.repository}:{self.tag}"

    @property
    def image(self) -> Image:
        """The image that a client on this machine ends up with."""
        return self.content.for_architecture(THIS_ARCHITECTURE)


def all_samples() -> dict[str, Sample]:
    """Every sample by a short name; the one with zstd layers only where `zstd` is installed.

    `app` and `other` have the same repository and tag on two hosts and differ. Most stand on one
    base layer.
    """
    base = layer("base", 20_000)
    ours = image(base, layer("web"))
    theirs = image(base, layer("web elsewhere"), architecture=OTHER_ARCHITECTURE)
    tools = image(base, layer("tools"))
    tools_elsewhere = image(base, layer("tools elsewhere"), architecture=OTHER_ARCHITECTURE)
    big = image(*(layer(f"big {number}", BIG_LAYER_SIZE) for number in range(BIG_LAYERS)))
    pause = image(layer("pause"))
    samples = {
        "web": Sample(
            "docker.io", "library/prewarm-web", "1.27", index(ours, theirs, attested=True)
        ),
        "base": Sample("docker.io", "library/prewarm-base", "3.20", image(base), docker=True),
        "tools": Sample(
            "docker.io", "prewarm-test/tools", "2", index(tools, tools_elsewhere), docker=True
        ),
        "app": Sample("quay.io", "prewarm-test/app", "1", image(base, layer("app"))),
        "big": Sample("quay.io", "prewarm-test/big", "1", big),
        "pinned": Sample("quay.io", "prewarm-test/pinned", "1", image(base, layer("pinned"))),
        "pause": Sample("registry.k8s.io", "prewarm-pause", "3.9", index(pause)),
        "other": Sample("registry.k8s.io", "prewarm-test/app", "1", image(base, layer("other"))),
    }
    zstd = find("zstd")
    if zstd is not None:
        packed = image(zstd_layer(zstd, "zstd"))
        samples["zstd"] = Sample("quay.io", "prewarm-test/zstd", "1", packed)
    return samples


class Upstreams:
    """One real registry for each pretended host, filled with the samples of that host."""

    def __init__(self, folder: Path, samples: Mapping[str, Sample]) -> None:
        self.samples = dict(samples)
        self.registries = {host: Registry(folder / host) for host in HOSTS}
        self._scratch = folder

    def start(self) -> Upstreams:
        try:
            for registry in self.registries.values():
                registry.start()
            for sample in self.samples.values():
                publish(
                    self.registries[sample.host],
                    sample.repository,
                    sample.tag,
                    sample.content,
                    self._scratch,
                    docker=sample.docker,
                )
            self.forget()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        for registry in self.registries.values():
            registry.stop()

    @contextmanager
    def down(self) -> Iterator[None]:
        """The upstreams are gone for a while, and back afterwards."""
        self.stop()
        try:
            yield
        finally:
            for registry in self.registries.values():
                registry.start()

    def forget(self) -> None:
        for registry in self.registries.values():
            registry.forget()

    def requests(self) -> list[str]:
        """What every registry answered since `forget`, as `host: METHOD /path status`."""
        return [
            f"{host}: {request}"
            for host, registry in self.registries.items()
            for request in registry.requests()
        ]

    def addresses(self) -> dict[str, str]:
        """Where each host's stand-in listens, as `127.0.0.1:port`."""
        return {host: registry.address for host, registry in self.registries.items()}

    def settings(self) -> str:
        """The part of prewarm.toml that sends each host's requests to its registry here."""
        return "".join(
            f'[registry."{host}"]\nendpoints = ["{registry.url}"]\n'
            for host, registry in self.registries.items()
        )
