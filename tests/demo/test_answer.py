from __future__ import annotations

import json
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewarm.demo.answer import Request, Response, answer, parse_range
from prewarm.demo.images import Image, Layer, build

CONTENTS = build(
    [
        Image("alpine:3.20", (Layer("alpine", 3000),)),
        Image("alpine:3.19", (Layer("old", 3000),)),
        Image("alpine:edge", (Layer("new", 3000),)),
        Image("quay.io/org/app:1", (Layer("app", 3000),)),
        Image("localhost:5000/tags/list/blobs:1", (Layer("odd", 100),)),
    ]
)
ALPINE = CONTENTS.names["docker.io/library/alpine:3.20"]
APP = CONTENTS.repositories["quay.io/org/app"]


def ask(path: str, method: str = "GET", host: str = "docker.io", **headers: str) -> Response:
    message = Message()
    for name, value in headers.items():
        message[name] = value
    return answer(CONTENTS, Request(method, path, message), host)


@pytest.mark.parametrize(
    ("path", "host", "status"),
    [
        ("/v2/", "docker.io", 200),
        ("/v2", "docker.io", 200),
        ("/", "docker.io", 404),
        ("/v2/library/alpine/manifests/3.20", "docker.io", 200),
        ("/v2/docker.io/library/alpine/manifests/3.20", "docker.io", 200),
        ("/v2/library/alpine/manifests/3.20", "quay.io", 404),
        ("/v2/alpine/manifests/3.20", "docker.io", 404),
        ("/v2/quay.io/org/app/manifests/1", "docker.io", 200),
        ("/v2/org/app/manifests/1", "quay.io", 200),
        ("/v2/org/app/manifests/1", "docker.io", 404),
        ("/v2/org/app/manifests/2", "quay.io", 404),
        (f"/v2/library/alpine/manifests/{ALPINE.digest}", "docker.io", 200),
        (f"/v2/library/alpine/manifests/{ALPINE.digest}".replace(":", "%3A"), "docker.io", 200),
        (f"/v2/quay.io/org/app/manifests/{ALPINE.digest}", "docker.io", 404),
        (f"/v2/quay.io/org/app/blobs/{min(APP.blobs)}", "docker.io", 200),
        (f"/v2/library/alpine/blobs/{min(APP.blobs)}", "docker.io", 404),
        (f"/v2/library/alpine/blobs/{ALPINE.digest}", "docker.io", 404),
        ("/v2/localhost:5000/tags/list/blobs/manifests/1", "docker.io", 200),
    ],
)
def test_the_path_decides(path: str, host: str, status: int) -> None:
    assert ask(path, host=host).status == status


def test_a_manifest_comes_with_its_type_and_digest() -> None:
    response = ask("/v2/library/alpine/manifests/3.20")
    assert response.headers["Content-Type"] == ALPINE.media_type
    assert response.headers["Docker-Content-Digest"] == ALPINE.digest
    assert response.body == CONTENTS.blobs[ALPINE.digest]


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
def test_nothing_can_be_written(method: str) -> None:
    response = ask("/v2/library/alpine/manifests/3.20", method)
    assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("query", "tags", "link"),
    [
        ("", ["3.19", "3.20", "edge"], ""),
        ("?n=2", ["3.19", "3.20"], "?n=2&last=3.20"),
        ("?n=2&last=3.20", ["edge"], ""),
        ("?last=3.19", ["3.20", "edge"], ""),
        ("?n=3", ["3.19", "3.20", "edge"], ""),
        ("?n=0", [], ""),
    ],
)
def test_tags_come_in_pages(query: str, tags: list[str], link: str) -> None:
    response = ask(f"/v2/library/alpine/tags/list{query}")
    assert json.loads(response.body) == {"name": "library/alpine", "tags": tags}
    expected = f'</v2/library/alpine/tags/list{link}>; rel="next"' if link else None
    assert response.headers.get("Link") == expected


@pytest.mark.parametrize(
    ("asked", "status", "said", "slice_"),
    [
        ("bytes=0-9", 206, "bytes 0-9/{size}", slice(0, 10)),
        ("bytes=5-", 206, "bytes 5-{last}/{size}", slice(5, None)),
        ("bytes=-7", 206, "bytes {tail}-{last}/{size}", slice(-7, None)),
        ("bytes=0-99999999", 206, "bytes 0-{last}/{size}", slice(None)),
        ("bytes=99999999-", 416, "bytes */{size}", slice(0, 0)),
        ("bytes=9-5", 416, "bytes */{size}", slice(0, 0)),
        ("bytes=-0", 416, "bytes */{size}", slice(0, 0)),
        ("bytes=0-1,4-5", 200, None, slice(None)),
        ("bytes=-", 200, None, slice(None)),
        ("lines=0-1", 200, None, slice(None)),
    ],
)
def test_a_blob_comes_in_parts(asked: str, status: int, said: str | None, slice_: slice) -> None:
    digest = max(APP.blobs, key=lambda digest: len(CONTENTS.blobs[digest]))
    raw = CONTENTS.blobs[digest]
    response = ask(f"/v2/quay.io/org/app/blobs/{digest}", Range=asked)
    sizes = {"size": len(raw), "last": len(raw) - 1, "tail": len(raw) - 7}
    expected = said.format(**sizes) if said else None
    assert (response.status, response.headers.get("Content-Range")) == (status, expected)
    assert response.body == raw[slice_]


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 40))
def test_a_range_never_leaves_the_body(first: int, last: int, size: int) -> None:
    asked = parse_range(f"bytes={first}-{last}", size)
    assert asked is not None
    assert list(asked) == [at for at in range(size) if first <= at <= last]
