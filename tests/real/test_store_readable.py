"""Other tools read the store as it is: every image by its name, a sparse index included."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .command import Prewarm
from .containers_tools import Podman, Skopeo
from .programs import need, run
from .samples import Sample, Upstreams, all_samples

pytestmark = pytest.mark.real

NOWHERE = "127.0.0.1:9"
NOT_BY_NAME = "no descriptor found for reference"
"""What containers/image before 2023 says of an entry of index.json with a Docker media type."""


@pytest.fixture(scope="module")
def store(
    upstreams: Upstreams, samples: dict[str, Sample], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A store with every sample, for this machine's architecture alone."""
    folder = tmp_path_factory.mktemp("readable")
    prewarm = Prewarm(folder, upstreams.settings())
    prewarm.fetch(*(sample.reference for sample in samples.values())).ok()
    yield prewarm.store
    shutil.rmtree(folder)


def test_the_index_of_several_platforms_is_sparse(store: Path, samples: dict[str, Sample]) -> None:
    index = samples["web"].content
    held = [_blob(store, blob.digest).exists() for blob in index.blobs]
    assert _blob(store, index.top.digest).exists()
    assert any(held)
    assert not all(held)


@pytest.mark.parametrize("key", all_samples())
def test_skopeo_reads_an_image_by_name(
    key: str, store: Path, samples: dict[str, Sample], tmp_path: Path
) -> None:
    sample = samples[key]
    skopeo = Skopeo(tmp_path, NOWHERE)
    name = f"oci:{store}:{sample.reference}"
    with _old_readers_excused(sample, store, "skopeo"):
        inspected = json.loads(skopeo.inspect(name))
        assert inspected["Architecture"] == sample.image.architecture
        held = skopeo.copy_out(name)
    assert held == (sample.image.config.digest, sample.image.diff_ids)


@pytest.mark.parametrize("key", all_samples())
def test_podman_pulls_an_image_by_name(
    key: str, store: Path, samples: dict[str, Sample], tmp_path: Path
) -> None:
    sample = samples[key]
    podman = Podman(tmp_path, NOWHERE)
    with _old_readers_excused(sample, store, "podman"):
        pulled = podman.pull(f"oci:{store}:{sample.reference}")
    assert (pulled.image_id, pulled.diff_ids) == (
        sample.image.config.digest,
        sample.image.diff_ids,
    )


@pytest.mark.parametrize("key", all_samples())
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("oras", ("manifest", "fetch", "--oci-layout", "{store}@{digest}")),
        ("regctl", ("manifest", "get", "--format", "raw-body", "ocidir://{store}@{digest}")),
    ],
)
def test_others_read_a_manifest_by_digest(
    name: str, words: tuple[str, ...], key: str, store: Path, samples: dict[str, Sample]
) -> None:
    digest = _entry(store, samples[key])["digest"]
    program = need(name)
    filled = [word.format(store=store, digest=digest) for word in words]
    assert run([program, *filled]).ok().out.encode() == _blob(store, digest).read_bytes()


def test_umoci_lists_every_name(store: Path, samples: dict[str, Sample]) -> None:
    listed = run([need("umoci"), "list", "--layout", store]).ok().out.split()
    assert sorted(listed) == sorted(sample.reference for sample in samples.values())


def test_umoci_unpacks_an_image_by_name(
    store: Path, samples: dict[str, Sample], tmp_path: Path
) -> None:
    umoci, sample = need("umoci"), samples["app"]
    image, target = f"{store}:{sample.reference}", tmp_path / "bundle"
    run([umoci, "unpack", "--rootless", "--image", image, target]).ok()
    unpacked = sorted(path.name for path in (target / "rootfs/content").iterdir())
    assert unpacked == ["app", "base"]


@contextmanager
def _old_readers_excused(sample: Sample, store: Path, reader: str) -> Iterator[None]:
    """Turns NOT_BY_NAME for an image in Docker's format into a skip that says who cannot."""
    try:
        yield
    except AssertionError as error:
        if "docker" not in _entry(store, sample)["mediaType"] or NOT_BY_NAME not in str(error):
            raise
        version = run([need(reader), "--version"]).out.split("(")[0].strip()
        pytest.skip(f"{version} finds no Docker manifest by name in any OCI layout")


def _entry(store: Path, sample: Sample) -> dict[str, str]:
    entries = json.loads((store / "index.json").read_text())["manifests"]
    named: dict[str, str] = next(
        entry
        for entry in entries
        if entry["annotations"]["org.opencontainers.image.ref.name"] == sample.reference
    )
    return named


def _blob(store: Path, digest: str) -> Path:
    return store / "blobs/sha256" / digest.removeprefix("sha256:")
