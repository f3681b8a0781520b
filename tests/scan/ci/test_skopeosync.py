"""Lists for `skopeo sync`."""

from __future__ import annotations

import pytest

from prewarm.scan import yamltext
from prewarm.scan.skopeosync import looks_like, read
from tests.scan.ci.shown import shown

PATH = "sync.yml"

TEXT = f"""\
    docker.io:
      images:
        library/nginx: ["1.27", 3.20]
        busybox: []
        alpine:
          - sha256:{"0" * 64}
        redis:
    quay.io:
      tls-verify: false
      credentials: {{username: u, password: p}}
      images-by-tag-regex: {{coreos/etcd: ^v3}}
      images-by-semver: {{coreos/flannel: ">= 1"}}
    """


def test_tags() -> None:
    assert shown(read, TEXT, PATH) == [
        "nginx:1.27 | image list | 3",
        "nginx:3.20 | image list | 3",
        "? busybox | 4",
        f"alpine@sha256:{'0' * 64} | image list | 6",
        "? redis | 7",
        "? coreos/etcd | 11",
        "? coreos/flannel | 12",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quay.io: {images: {a: ['1']}}", True),
        ("quay.io: {images-by-semver: {a: '>1'}}", True),
        ("web: {images: {a: ['1']}, replicas: 1}", False),
        ("quay.io: {images: [a]}", False),
        ("images: {a: b}", False),
        ("a: 1", False),
        ("[]", False),
    ],
)
def test_known_by_its_content(text: str, expected: bool) -> None:
    roots = [part.root for part in yamltext.parse(text) if part.root]
    assert [looks_like(root, PATH) for root in roots] == [expected]
