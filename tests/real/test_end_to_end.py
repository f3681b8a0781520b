"""The whole job with real parts: files, scan, fetch, upstreams gone, every client pulls it all."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from .client import assert_holds
from .command import Prewarm
from .conftest import CLIENTS, MakeClient
from .dockerd import Dockerd
from .mirror import Mirror
from .samples import Sample, Upstreams
from .soundness import names_in, problems_of

pytestmark = pytest.mark.real

DOCKERFILE = """\
ARG VERSION=1.27
FROM quay.io/prewarm-test/app:1 AS app
FROM prewarm-web:${VERSION}
COPY --from=app /content /content
COPY --from={pinned} /content /content
"""
COMPOSE = """\
services:
  base:
    image: prewarm-base:3.20
  tools:
    image: prewarm-test/tools:${TOOLS:-2}
  big:
    image: quay.io/prewarm-test/big:1
"""
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: sample}
spec:
  initContainers:
  - name: first
    image: registry.k8s.io/prewarm-test/app:1
  containers:
  - name: pause
    image: registry.k8s.io/prewarm-pause:3.9
"""
ZSTD_CONTAINER = """\
  - name: zstd
    image: quay.io/prewarm-test/zstd:1
"""


@dataclass(frozen=True, slots=True)
class Site:
    """A fetched repository: what the store must hold by which name, and the server over it."""

    prewarm: Prewarm
    expected: dict[str, Sample]
    mirror: Mirror


def write_repository(prewarm: Prewarm, samples: dict[str, Sample]) -> dict[str, Sample]:
    """Write the files of a sample repository; gives what they pull, by canonical reference."""
    pinned = samples["pinned"]
    pinned_reference = f"{pinned.host}/{pinned.repository}@{pinned.content.top.digest}"
    files = {
        "Dockerfile": DOCKERFILE.replace("{pinned}", pinned_reference),
        "compose.yaml": COMPOSE,
        "deploy/pod.yaml": POD + (ZSTD_CONTAINER if "zstd" in samples else ""),
    }
    for name, text in files.items():
        path = prewarm.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    expected = {sample.reference: sample for key, sample in samples.items() if key != "pinned"}
    return expected | {pinned_reference: pinned}


@pytest.fixture(scope="module")
def site(
    upstreams: Upstreams,
    samples: dict[str, Sample],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """Scanned and fetched, the upstreams gone, and the store served."""
    folder = tmp_path_factory.mktemp("site")
    prewarm = Prewarm(folder, upstreams.settings())
    expected = write_repository(prewarm, samples)
    prewarm.fetch().ok()
    with upstreams.down():
        mirror = Mirror(prewarm, folder / "serve.log")
        yield Site(prewarm, expected, mirror)
        mirror.stop()
    shutil.rmtree(folder)


def test_scan_finds_what_the_files_pull(site: Site) -> None:
    found = json.loads(site.prewarm.run("scan", "--format", "json").ok().out)
    assert {image["reference"] for image in found["images"]} == set(site.expected)
    assert (found["unresolved"], found["skipped"]) == ([], [])


def test_the_store_holds_all_of_it_soundly(site: Site) -> None:
    assert names_in(site.prewarm.store) == sorted(site.expected)
    assert problems_of(site.prewarm.store) == []


def test_ls_shows_it_whole(site: Site) -> None:
    listed = json.loads(
        site.prewarm.run("ls", "--format", "json", "--store", str(site.prewarm.store)).ok().out
    )
    assert {image["name"]: image["whole"] for image in listed["images"]} == dict.fromkeys(
        site.expected, True
    )


def test_the_upstreams_are_really_gone(site: Site, upstreams: Upstreams) -> None:
    for registry in upstreams.registries.values():
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", registry.port), timeout=5)


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_pulls_everything(
    name: str, site: Site, samples: dict[str, Sample], make_client: MakeClient
) -> None:
    client = make_client(name, site.mirror.address)
    zstd = samples.get("zstd")
    for reference, sample in site.expected.items():
        if sample is zstd and isinstance(client, Dockerd) and not client.unpacks_zstd:
            continue
        site.mirror.forget()
        assert_holds(client.pull(reference), sample)
        assert_served(site.mirror, reference, sample)


def assert_served(mirror: Mirror, reference: str, sample: Sample) -> None:
    """The pull came here, by this name, and nothing of it was refused."""
    requests = mirror.requests()
    wanted = reference.rpartition("@")[2] if "@" in reference else sample.tag
    manifests = [r for r in requests if r.is_manifest and r.path.partition("?")[0].endswith(wanted)]
    assert manifests, f"{reference} was not asked for: {[str(r) for r in requests]}"
    assert [str(r) for r in requests if r.status >= 400] == []
