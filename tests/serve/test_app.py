"""What a client reads: manifests, blobs, ranges, tag lists, errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from prewarm.demo.images import Contents, Image, Layer, build
from prewarm.layout import LayoutReader
from prewarm.oci import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, digest_of
from tests.serve.asking import Answer, Mirror
from tests.serve.stores import children_of, hold_image, manifest_of, write_store

BOTH = ("linux/amd64", "linux/arm64")
TAGS = ("1.0", "1.10", "1.9", "A", "_", "latest", "v2")
EMPTY, ONE = b"", b"one byte after another"
EVERY_ANSWER = {
    "content-type",
    "content-length",
    "docker-distribution-api-version",
    "x-content-type-options",
}


@pytest.fixture(scope="module")
def contents() -> Contents:
    contents = build(
        [
            Image("nginx:1.27", (Layer("base"), Layer("nginx"))),
            Image("multi:1", platforms=BOTH, attested=True),
            Image("docker:1", docker=True),
            Image("dockerlist:1", platforms=BOTH, docker=True),
            Image("quay.io/org/app:1", (Layer("app"),)),
            *(Image(f"quay.io/org/tags:{tag}") for tag in TAGS),
            Image("registry.local:5001/a/b:1", (Layer("local"),)),
        ]
    )
    contents.names["docker.io/library/plain:1"] = hold_image(contents, EMPTY, ONE)
    contents.names["docker.io/library/long:1"] = hold_image(
        contents, EMPTY, ONE, algorithm="sha512"
    )
    return contents


@pytest.fixture(scope="module")
def mirror(contents: Contents, tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    root = write_store(tmp_path_factory.mktemp("mirror") / "store", contents).root
    return Mirror(LayoutReader.open(root))


def assert_error(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(answer.body))


@pytest.mark.parametrize("path", ["/v2/", "/v2", "/v2/?ns=docker.io"])
def test_ping(mirror: Mirror, path: str) -> None:
    answer = mirror.ask(path)
    assert (answer.status, answer.document) == (200, {})
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("nginx:1.27", OCI_MANIFEST),
        ("multi:1", OCI_INDEX),
        ("docker:1", DOCKER_MANIFEST),
        ("dockerlist:1", DOCKER_LIST),
        ("long:1", OCI_MANIFEST),
    ],
)
def test_a_manifest_by_tag_and_by_digest_with_exactly_its_headers(
    mirror: Mirror, contents: Contents, name: str, media_type: str
) -> None:
    root = contents.names[f"docker.io/library/{name}"]
    repository, _, tag = name.partition(":")
    for reference in (tag, root.digest):
        answer = mirror.ask(f"/v2/library/{repository}/manifests/{reference}")
        assert (answer.status, answer.body) == (200, contents.blobs[root.digest])
        assert answer.headers == {
            "content-type": media_type,
            "content-length": str(root.size),
            "docker-content-digest": root.digest,
            "docker-distribution-api-version": "registry/2.0",
            "etag": f'"{root.digest}"',
            "x-content-type-options": "nosniff",
        }


@pytest.mark.parametrize(
    "accept", ["", "*/*", "application/json", f"{OCI_MANIFEST}, {DOCKER_MANIFEST};q=0.5"]
)
def test_a_manifest_is_what_it_is_whatever_is_accepted(mirror: Mirror, accept: str) -> None:
    answer = mirror.ask("/v2/library/multi/manifests/1", accept=accept, accept_encoding="gzip")
    assert (answer.status, answer.headers["content-type"]) == (200, OCI_INDEX)
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("library/nginx", "docker.io/library/nginx:1.27"),
        ("nginx", "docker.io/library/nginx:1.27"),
        ("docker.io/nginx", "docker.io/library/nginx:1.27"),
        ("docker.io/library/nginx", "docker.io/library/nginx:1.27"),
        ("index.docker.io/library/nginx", "docker.io/library/nginx:1.27"),
        ("quay.io/org/app", "quay.io/org/app:1"),
        ("registry.local:5001/a/b", "registry.local:5001/a/b:1"),
        ("registry.local%3A5001/a/b", "registry.local:5001/a/b:1"),
    ],
)
def test_an_upstream_is_named_in_the_path(
    mirror: Mirror, contents: Contents, path: str, name: str
) -> None:
    tag = name.rpartition(":")[2]
    answer = mirror.ask(f"/v2/{path}/manifests/{tag}")
    assert answer.headers["docker-content-digest"] == contents.names[name].digest


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("library/nginx/manifests/1.27?ns=docker.io", "docker.io/library/nginx:1.27"),
        ("org/app/manifests/1?ns=quay.io", "quay.io/org/app:1"),
        ("quay.io/org/app/manifests/1?ns=quay.io", "quay.io/org/app:1"),
        ("a/b/manifests/1?ns=registry.local:5001", "registry.local:5001/a/b:1"),
        ("a/b/manifests/1?ns=registry.local%3A5001", "registry.local:5001/a/b:1"),
    ],
)
def test_an_upstream_is_named_by_ns(
    mirror: Mirror, contents: Contents, target: str, name: str
) -> None:
    answer = mirror.ask(f"/v2/{target}")
    assert answer.headers["docker-content-digest"] == contents.names[name].digest


@pytest.mark.parametrize(
    "target",
    [
        "org/app/manifests/1",
        "org/app/manifests/1?ns=docker.io",
        "org/app/manifests/1?ns=ghcr.io",
        "library/nginx/manifests/1.27?ns=quay.io",
        "a/b/manifests/1?ns=registry.local",
        "quay.io/org/app/manifests/1?ns=ghcr.io",
        "library/nginx/manifests/1.28",
        "library/nginx/manifests/1",
        "library/nginx/manifests/1.27.0",
        "library/nginx/manifests/LATEST",
        f"library/nginx/manifests/sha256:{'0' * 64}",
        f"library/nginx/manifests/sha512:{'0' * 128}",
        "library/nothing/manifests/1.27",
        "nginx/nginx/manifests/1.27",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_is_not_held_is_404(mirror: Mirror, target: str, method: str) -> None:
    answer = mirror.ask(f"/v2/{target}", method)
    assert answer.status == 404
    assert answer.body == b"" if method == "HEAD" else answer.code == "MANIFEST_UNKNOWN"


def test_the_children_of_an_index_are_had_by_digest(mirror: Mirror, contents: Contents) -> None:
    children = children_of(contents, contents.names["docker.io/library/multi:1"])
    assert [child.is_attestation for child in children] == [False, False, True, True]
    for child in children:
        answer = mirror.ask(f"/v2/library/multi/manifests/{child.digest}")
        assert (answer.status, answer.body) == (200, contents.blobs[child.digest])
        assert answer.headers["content-type"] == OCI_MANIFEST
        for blob in children_of(contents, child):
            body = mirror.ask(f"/v2/library/multi/blobs/{blob.digest}").body
            assert body == contents.blobs[blob.digest]


@pytest.mark.parametrize("name", ["nginx:1.27", "docker:1", "plain:1", "long:1"])
def test_every_blob_of_an_image_with_exactly_its_headers(
    mirror: Mirror, contents: Contents, name: str
) -> None:
    repository = name.partition(":")[0]
    manifest = manifest_of(contents, contents.names[f"docker.io/library/{name}"])
    for blob in manifest.children:
        answer = mirror.ask(f"/v2/library/{repository}/blobs/{blob.digest}")
        assert (answer.status, answer.body) == (200, contents.blobs[blob.digest])
        assert answer.headers == {
            "accept-ranges": "bytes",
            "content-type": "application/octet-stream",
            "content-length": str(blob.size),
            "docker-content-digest": blob.digest,
            "docker-distribution-api-version": "registry/2.0",
            "etag": f'"{blob.digest}"',
            "x-content-type-options": "nosniff",
        }


def test_a_blob_of_another_repository_is_404(mirror: Mirror, contents: Contents) -> None:
    app = manifest_of(contents, contents.names["quay.io/org/app:1"])
    blob = app.layers[0].digest
    assert mirror.ask(f"/v2/quay.io/org/app/blobs/{blob}").status == 200
    for path in ("org/app", "library/nginx", "quay.io/org/tags", "quay.io/org/other"):
        assert_error(mirror.ask(f"/v2/{path}/blobs/{blob}"), 404, "BLOB_UNKNOWN")
    assert_error(mirror.ask(f"/v2/org/app/blobs/{blob}?ns=docker.io"), 404, "BLOB_UNKNOWN")


def test_a_manifest_of_another_repository_is_404(mirror: Mirror, contents: Contents) -> None:
    digest = contents.names["quay.io/org/app:1"].digest
    assert_error(mirror.ask(f"/v2/org/app/manifests/{digest}"), 404, "MANIFEST_UNKNOWN")


def test_a_manifest_is_no_blob_and_a_blob_no_manifest(mirror: Mirror, contents: Contents) -> None:
    root = contents.names["docker.io/library/nginx:1.27"]
    layer = manifest_of(contents, root).layers[0]
    assert mirror.ask(f"/v2/library/nginx/blobs/{root.digest}").status == 404
    assert mirror.ask(f"/v2/library/nginx/manifests/{layer.digest}").status == 404


@pytest.mark.parametrize(
    "target",
    [
        "/v2/",
        "/v2/library/nginx/manifests/1.27",
        "/v2/library/nginx/blobs/{config}",
        "/v2/library/nginx/blobs/{layer}",
        "/v2/library/nginx/tags/list",
        "/v2/library/nginx/tags/list?n=x",
        "/v2/library/nginx/manifests/none",
        "/v2/library/nginx/blobs/none",
        "/v2/nothing/here",
    ],
)
def test_head_is_get_without_the_body(mirror: Mirror, contents: Contents, target: str) -> None:
    manifest = manifest_of(contents, contents.names["docker.io/library/nginx:1.27"])
    target = target.format(config=manifest.config.digest, layer=manifest.layers[0].digest)
    get, head = mirror.ask(target), mirror.ask(target, "HEAD")
    assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")
    assert get.headers["content-length"] == str(len(get.body))


@pytest.mark.parametrize(
    ("wanted", "stated"),
    [
        ("bytes=0-", "bytes 0-21/22"),
        ("bytes=0-0", "bytes 0-0/22"),
        ("bytes=4-7", "bytes 4-7/22"),
        ("bytes=21-", "bytes 21-21/22"),
        ("bytes=5-1000", "bytes 5-21/22"),
        ("bytes=-7", "bytes 15-21/22"),
        ("bytes=-1000", "bytes 0-21/22"),
    ],
)
@pytest.mark.parametrize("repository", ["plain", "long"])
def test_a_part_of_a_blob(mirror: Mirror, repository: str, wanted: str, stated: str) -> None:
    digest = digest_of(ONE, "sha512" if repository == "long" else "sha256")
    answer = mirror.ask(f"/v2/library/{repository}/blobs/{digest}", range=wanted)
    first, _, last = stated.removeprefix("bytes ").removesuffix("/22").partition("-")
    part = ONE[int(first) : int(last) + 1]
    assert (answer.status, answer.body) == (206, part)
    assert answer.headers["content-range"] == stated
    assert answer.headers["content-length"] == str(len(part))
    assert answer.headers["docker-content-digest"] == digest


@pytest.mark.parametrize("wanted", ["", "bytes=3-1", "bytes=0-1,4-5", "lines=1-2", "bytes=x"])
def test_a_range_that_is_not_read_gives_the_whole_blob(mirror: Mirror, wanted: str) -> None:
    answer = mirror.ask(f"/v2/library/plain/blobs/{digest_of(ONE)}", range=wanted)
    assert (answer.status, answer.body) == (200, ONE)
    assert "content-range" not in answer.headers


@pytest.mark.parametrize(
    ("raw", "wanted"), [(ONE, "bytes=22-"), (ONE, "bytes=-0"), (EMPTY, "bytes=0-")]
)
def test_a_range_of_nothing_is_416(mirror: Mirror, raw: bytes, wanted: str) -> None:
    answer = mirror.ask(f"/v2/library/plain/blobs/{digest_of(raw)}", range=wanted)
    assert (answer.status, answer.body) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{len(raw)}"
    assert answer.headers["content-length"] == "0"


def test_a_range_is_for_get_alone_and_for_blobs_alone(mirror: Mirror, contents: Contents) -> None:
    blob = f"/v2/library/plain/blobs/{digest_of(ONE)}"
    head = mirror.ask(blob, "HEAD", range="bytes=0-1")
    assert (head.status, head.headers["content-length"]) == (200, str(len(ONE)))
    assert mirror.ask(blob, "HEAD", range="bytes=99-").status == 200
    manifest = mirror.ask("/v2/library/nginx/manifests/1.27", range="bytes=0-1")
    assert manifest.status == 200
    assert len(manifest.body) == contents.names["docker.io/library/nginx:1.27"].size


@pytest.mark.parametrize(
    ("query", "tags", "following"),
    [
        ("", list(TAGS), None),
        ("n=100", list(TAGS), None),
        ("n=7", list(TAGS), None),
        ("n=2", ["1.0", "1.10"], "n=2&last=1.10"),
        ("n=2&last=1.10", ["1.9", "A"], "n=2&last=A"),
        ("n=2&last=1.5", ["1.9", "A"], "n=2&last=A"),
        ("n=3&last=A", ["_", "latest", "v2"], None),
        ("last=latest", ["v2"], None),
        ("last=v2", [], None),
        ("last=zzz", [], None),
        ("n=0", [], None),
        ("n=0&last=A", [], None),
    ],
)
def test_a_list_of_tags(mirror: Mirror, query: str, tags: list[str], following: str | None) -> None:
    answer = mirror.ask(f"/v2/quay.io/org/tags/tags/list?{query}")
    assert (answer.status, answer.document) == (200, {"name": "quay.io/org/tags", "tags": tags})
    link = f'</v2/quay.io/org/tags/tags/list?{following}>; rel="next"' if following else None
    assert answer.headers.get("link") == link


@pytest.mark.parametrize(
    "first", ["/v2/quay.io/org/tags/tags/list?n=1", "/v2/org/tags/tags/list?n=2&ns=quay.io"]
)
def test_the_links_lead_through_all_tags(mirror: Mirror, first: str) -> None:
    seen: list[str] = []
    target: str | None = first
    while target:
        answer = mirror.ask(target)
        seen += answer.document["tags"]
        link = answer.headers.get("link")
        target = link[1 : link.index(">")] if link else None
    assert seen == list(TAGS)


def test_the_tags_of_an_unknown_repository_are_404(mirror: Mirror) -> None:
    assert_error(mirror.ask("/v2/org/tags/tags/list"), 404, "NAME_UNKNOWN")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "path", ["/v2/", "/v2/library/nginx/blobs/uploads/", "/v2/library/nginx/manifests/1.27"]
)
def test_a_write_is_405_and_told_what_is_allowed(mirror: Mirror, method: str, path: str) -> None:
    answer = mirror.ask(path, method)
    assert_error(answer, 405, "UNSUPPORTED")
    assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("/v2/library/nginx/manifests/.INVALID_MANIFEST_NAME", 404, "MANIFEST_UNKNOWN"),
        ("/v2/library/nginx/manifests/sha256:totallywrong", 400, "DIGEST_INVALID"),
        ("/v2/library/nginx/blobs/sha256:totallywrong", 400, "DIGEST_INVALID"),
        ("/v2/library/nginx/tags/list?n=-1", 400, "PAGINATION_NUMBER_INVALID"),
        ("/v2/UPPER/CASE/manifests/1", 400, "NAME_INVALID"),
        ("/v2/library/nginx/manifests/1.27?ns=..", 400, "NAME_INVALID"),
        (f"/v2/library/nginx/referrers/sha256:{'0' * 64}", 404, "MANIFEST_UNKNOWN"),
        ("/v2/_catalog", 404, "NAME_UNKNOWN"),
        ("/v2/library/nginx/blobs/uploads/", 404, "NAME_UNKNOWN"),
        ("/", 404, "NAME_UNKNOWN"),
        ("/v2/a%00b/manifests/1", 400, "NAME_INVALID"),
        ("/v2/a%2F..%2Fb/manifests/1", 400, "NAME_INVALID"),
        ("/v2/%ff%fe/manifests/1", 400, "NAME_INVALID"),
        ("/v2/a/manifests/%C3%A9", 404, "MANIFEST_UNKNOWN"),
    ],
)
def test_an_error_has_the_shape_of_the_specification(
    mirror: Mirror, target: str, status: int, code: str
) -> None:
    answer = mirror.ask(target)
    assert_error(answer, status, code)
    assert set(answer.headers) == EVERY_ANSWER


def test_every_request_is_told_to_the_log(contents: Contents, tmp_path: Path) -> None:
    mirror = Mirror(write_store(tmp_path / "store", contents))
    root = contents.names["quay.io/org/app:1"]
    mirror.ask("/v2/org/app/manifests/1?ns=quay.io", user_agent="containerd/1.7")
    mirror.ask("/v2/org/app/manifests/a%20b", "HEAD")
    first, second = mirror.served
    assert (first.method, first.path, first.query) == (
        "GET",
        "/v2/org/app/manifests/1",
        "ns=quay.io",
    )
    assert (first.status, first.size, first.agent) == (200, root.size, "containerd/1.7")
    assert (second.method, second.path, second.status) == ("HEAD", "/v2/org/app/manifests/a b", 404)
    assert first.seconds >= 0
