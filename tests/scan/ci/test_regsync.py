"""Lists for `regsync`."""

from __future__ import annotations

from prewarm.scan.regsync import read
from tests.scan.ci.shown import results, shown

PATH = "regsync.yml"


def test_sources() -> None:
    text = """\
        version: 1
        creds: [{registry: docker.io}]
        sync:
          - {source: "busybox:1", target: no:1, type: image}
          - {source: ghcr.io/a/b:2, target: no:2, type: image, platform: linux/arm64}
          - source: alpine
            target: no/alpine
            type: repository
            tags: {allow: [latest, "3", "3.*"], deny: [no]}
          - {source: debian, target: no, type: repository}
          - {source: reg.io, target: no, type: registry}
          - {source: '{{env "REG"}}/a:1', target: no, type: image}
          - {source: "ocidir://no:1", target: no, type: image}
        """
    assert shown(read, text, PATH) == [
        "busybox:1 | image list | 4",
        "ghcr.io/a/b:2 | image list [linux/arm64] | 5",
        "alpine:latest | image list | 9",
        "alpine:3 | image list | 9",
        "? 3.* | 9",
        "? debian | 10",
        "? reg.io | 11",
        '? {{env "REG"}}/a:1 | 12',
    ]


def test_anything_else_is_no_finding() -> None:
    assert results(read, "sync: x", PATH) == []
