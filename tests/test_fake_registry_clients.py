from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from prewarm.demo.images import Contents, Image, Layer, build
from tests.fake_registry import Basic, Bearer, FakeCdn, FakeRegistry, Fault, Quota

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not installed"),
]


@pytest.fixture(scope="module")
def contents() -> Contents:
    return build(
        [
            Image("alpine:3.20", (Layer("alpine", 20_000),)),
            Image("debian:12", (Layer("debian", 200),), ("linux/amd64", "linux/arm64")),
        ]
    )


def skopeo(*arguments: str) -> str:
    done = subprocess.run(["skopeo", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


Make = Callable[[Contents], FakeRegistry]


@pytest.mark.parametrize(
    ("make", "login"),
    [
        (FakeRegistry, ()),
        (lambda contents: FakeRegistry(contents, auth=Basic("me", "pw")), ("--src-creds=me:pw",)),
        (lambda contents: FakeRegistry(contents, auth=Bearer()), ()),
        (lambda contents: FakeRegistry(contents, auth=Bearer("me", "pw")), ("--src-creds=me:pw",)),
        (lambda contents: FakeRegistry(contents, quota=Quota(5)), ()),
    ],
    ids=["anonymous", "basic", "token", "token for a user", "quota"],
)
def test_skopeo_copies_every_platform(
    contents: Contents, tmp_path: Path, make: Make, login: tuple[str, ...]
) -> None:
    with make(contents) as registry:
        source = f"docker://{registry.name('library/debian:12')}"
        skopeo("copy", "--all", "--src-tls-verify=false", *login, source, f"oci:{tmp_path}/l:12")
    copied = {path.name: path.read_bytes() for path in tmp_path.glob("l/blobs/sha256/*")}
    repository = contents.repositories["docker.io/library/debian"]
    expected = {*repository.blobs, *repository.manifests}
    assert set(copied) == {digest.partition(":")[2] for digest in expected}
    assert all(contents.blobs[f"sha256:{name}"] == raw for name, raw in copied.items())


def test_skopeo_follows_to_the_cdn(contents: Contents, tmp_path: Path) -> None:
    with FakeCdn(contents) as cdn, FakeRegistry(contents, auth=Bearer(), cdn=cdn) as registry:
        source = f"docker://{registry.name('library/alpine:3.20')}"
        skopeo("copy", "--src-tls-verify=false", source, f"dir:{tmp_path}/d")
        assert cdn.count("GET") == 2


def test_skopeo_inspects_docker_images(tmp_path: Path) -> None:
    contents = build([Image("busybox:1", (Layer("a"), Layer("b")), docker=True)])
    with FakeRegistry(contents) as registry:
        source = f"docker://{registry.name('library/busybox:1')}"
        found = json.loads(skopeo("inspect", "--tls-verify=false", source))
    assert found["Digest"] == contents.names["docker.io/library/busybox:1"].digest
    assert (found["RepoTags"], len(found["Layers"])) == (["1"], 2)
    assert (found["Os"], found["Architecture"]) == ("linux", "amd64")


def test_skopeo_refuses_a_wrong_byte(contents: Contents, tmp_path: Path) -> None:
    with FakeRegistry(contents) as registry:
        registry.fault("GET", "/blobs/", Fault.flip_bit(-1))
        source = f"docker://{registry.name('library/alpine:3.20')}"
        with pytest.raises(AssertionError):
            skopeo("copy", "--src-tls-verify=false", source, f"dir:{tmp_path}/d")
