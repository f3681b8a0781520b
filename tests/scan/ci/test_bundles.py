"""Lists in objects of packaging tools."""

from __future__ import annotations

from textwrap import dedent

import pytest

from prewarm.scan.bundles import TOOLS, read
from tests.scan.ci.shown import shown

CASES = {
    "Hauler": (
        """\
        apiVersion: content.hauler.cattle.io/v1
        kind: Charts
        spec: {charts: [{name: no, repoURL: x}]}
        ---
        apiVersion: content.hauler.cattle.io/v1
        kind: Images
        metadata:
          annotations: {hauler.dev/registry: reg.io, hauler.dev/platform: linux/arm64}
        spec:
          images:
            - name: a/b:1
            - name: quay.io/c:2
              platform: linux/amd64
              key: no:1
        """,
        [
            "reg.io/a/b:1 | image list [linux/arm64] | 11",
            "quay.io/c:2 | image list [linux/amd64] | 12",
        ],
    ),
    "Zarf": (
        """\
        kind: ZarfPackageConfig
        metadata: {name: image, image: no:1}
        components:
          - name: a
            images:
              - a:1
              - "ghcr.io/b:###ZARF_PKG_TMPL_V###"
            manifests: [{files: [x.yaml]}]
            charts: [{url: "oci://no/no", version: 1}]
        """,
        ["a:1 | image list | 6", "? ghcr.io/b:###ZARF_PKG_TMPL_V### | 7"],
    ),
    "imgpkg": (
        f"""\
        apiVersion: imgpkg.carvel.dev/v1alpha1
        kind: ImagesLock
        images:
          - image: reg.io/a@sha256:{"1" * 64}
            annotations: {{image: no:1}}
        ---
        apiVersion: imgpkg.carvel.dev/v1alpha1
        kind: BundleLock
        bundle: {{image: "reg.io/b:1", tag: x}}
        """,
        [f"reg.io/a@sha256:{'1' * 64} | image list | 4", "reg.io/b:1 | image list | 9"],
    ),
    "vendir": (
        """\
        apiVersion: vendir.k14s.io/v1alpha1
        kind: Config
        directories:
          - path: x
            contents:
              - {path: a, imgpkgBundle: {image: "a:1"}}
              - {path: b, image: {url: "b:1"}}
              - {path: c, git: {url: "no"}}
        """,
        ["a:1 | image list | 6", "b:1 | image list | 7"],
    ),
    "oc-mirror": (
        """\
        apiVersion: mirror.openshift.io/v1alpha2
        kind: ImageSetConfiguration
        mirror:
          operators: [{catalog: "registry.redhat.io/redhat/redhat-operator-index:v4.15"}]
          additionalImages: [{name: a:1}, {name: "docker://b:1"}, {name: "oci:///no"}]
        """,
        [
            "registry.redhat.io/redhat/redhat-operator-index:v4.15 | image list | 4",
            "a:1 | image list | 5",
            "b:1 | image list | 5",
        ],
    ),
    "others": ("kind: Images\nspec: {images: [{name: no:1}]}\n", []),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_objects(text: str, expected: list[str]) -> None:
    assert shown(read, text, "x.yaml") == expected


@pytest.mark.parametrize(("text", "_"), CASES.values(), ids=CASES)
def test_known_by_what_they_say(text: str, _: list[str]) -> None:
    assert bool(TOOLS.search(dedent(text))) is (text != CASES["others"][0])
