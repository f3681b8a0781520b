from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewarm.reference import is_digest, is_host, is_repository, is_tag
from prewarm.request import (
    MAX_URL,
    BlobRequest,
    Code,
    ManifestRequest,
    Ping,
    Repository,
    RequestError,
    TagsRequest,
    parse_range,
    parse_request,
)

SHA256 = "sha256:" + "0123456789abcdef" * 4
SHA512 = "sha512:" + "0123456789abcdef" * 8
HUB = "docker.io"


def code_of(method: str, path: str, query: str = "") -> Code:
    with pytest.raises(RequestError) as caught:
        parse_request(method, path, query)
    return caught.value.code


@pytest.mark.parametrize("path", ["/v2/", "/v2"])
@pytest.mark.parametrize("query", ["", "ns=docker.io"])
def test_ping(path: str, query: str) -> None:
    assert parse_request("GET", path, query) == Ping()


@pytest.mark.parametrize(
    ("named", "query", "host", "repository"),
    [
        # dockerd: neither ns nor a host
        ("library/nginx", "", HUB, "library/nginx"),
        ("grafana/grafana", "", HUB, "grafana/grafana"),
        ("nginx", "", HUB, "library/nginx"),
        # containerd and BuildKit: ns
        ("library/nginx", "ns=docker.io", HUB, "library/nginx"),
        ("org/app", "ns=quay.io", "quay.io", "org/app"),
        ("app", "ns=quay.io", "quay.io", "app"),
        ("org/app", "ns=localhost:5001", "localhost:5001", "org/app"),
        ("org/app", "ns=registry.local%3A5001", "registry.local:5001", "org/app"),
        ("org/app", "ns=localhost", "localhost", "org/app"),
        ("org/app", "ns=[::1]:5000", "[::1]:5000", "org/app"),
        ("org/app", "ns=QUAY.io", "quay.io", "org/app"),
        ("nginx", "ns=index.docker.io", HUB, "library/nginx"),
        ("org/app", "ns=registry-1.docker.io", "registry-1.docker.io", "org/app"),
        ("org/app", "ns=quay.io&ns=ghcr.io", "ghcr.io", "org/app"),
        ("org/app", "ns=", HUB, "org/app"),
        ("org/app", "NS=quay.io", HUB, "org/app"),
        ("org/app", "a=b&ns=quay.io", "quay.io", "org/app"),
        # podman, skopeo, CRI-O: a host before the path
        ("quay.io/org/app", "", "quay.io", "org/app"),
        ("quay.io/app", "", "quay.io", "app"),
        ("docker.io/nginx", "", HUB, "library/nginx"),
        ("docker.io/library/nginx", "", HUB, "library/nginx"),
        ("index.docker.io/nginx", "", HUB, "library/nginx"),
        ("registry.local:5001/org/app", "", "registry.local:5001", "org/app"),
        ("localhost/app", "", "localhost", "app"),
        ("localhost:5000/a/b/c", "", "localhost:5000", "a/b/c"),
        ("Quay.IO/org/app", "", "quay.io", "org/app"),
        ("Library/nginx", "", "Library", "nginx"),  # a host, by Docker's rule of capitals
        # both: containerd behind a path prefix, with override_path
        ("quay.io/org/app", "ns=quay.io", "quay.io", "org/app"),
        ("quay.io/org/app", "ns=QUAY.IO", "quay.io", "org/app"),
        ("docker.io/nginx", "ns=docker.io", HUB, "library/nginx"),
        ("localhost:5000/app", "ns=localhost:5000", "localhost:5000", "app"),
        ("quay.io/org/app", "ns=ghcr.io", "ghcr.io", "quay.io/org/app"),
        # names that look like routes
        ("manifests", "", HUB, "library/manifests"),
        ("a/manifests", "", HUB, "a/manifests"),
        ("a/blobs/manifests/tags", "", HUB, "a/blobs/manifests/tags"),
        ("a/tags/list", "", HUB, "a/tags/list"),
        ("quay.io/manifests/blobs", "", "quay.io", "manifests/blobs"),
        ("v2/v2", "", HUB, "v2/v2"),
    ],
)
def test_which_repository_is_meant(named: str, query: str, host: str, repository: str) -> None:
    expected = Repository(host, repository)
    for method in ("GET", "HEAD"):
        manifest = parse_request(method, f"/v2/{named}/manifests/1.27", query)
        assert manifest == ManifestRequest(expected, "1.27")
        blob = parse_request(method, f"/v2/{named}/blobs/{SHA256}", query)
        assert blob == BlobRequest(expected, SHA256)
        tags = parse_request(method, f"/v2/{named}/tags/list", query)
        assert isinstance(tags, TagsRequest)
        assert (tags.repository, tags.named) == (expected, named)


@pytest.mark.parametrize(
    "reference",
    ["latest", "1.27", "v1", "_x", "A.b-c_d", "sha256-0123", "list", "t" * 128, SHA256, SHA512],
)
def test_a_manifest_by_tag_or_digest(reference: str) -> None:
    request = parse_request("GET", f"/v2/a/b/manifests/{reference}", "")
    assert request == ManifestRequest(Repository(HUB, "a/b"), reference)


@pytest.mark.parametrize("digest", [SHA256, SHA512])
def test_a_blob_by_digest(digest: str) -> None:
    request = parse_request("GET", f"/v2/a/b/blobs/{digest}", "")
    assert request == BlobRequest(Repository(HUB, "a/b"), digest)


@pytest.mark.parametrize(
    ("query", "n", "last"),
    [
        ("", None, ""),
        ("n=0", 0, ""),
        ("n=2&last=1.0", 2, "1.0"),
        ("last=1.0", None, "1.0"),
        ("last=a%2Bb%26c", None, "a+b&c"),
        ("n=999999999", 999_999_999, ""),
        ("n=1&n=2", 2, ""),
        ("n=007", 7, ""),
    ],
)
def test_a_page_of_tags(query: str, n: int | None, last: str) -> None:
    request = parse_request("GET", "/v2/a/b/tags/list", query)
    assert request == TagsRequest(Repository(HUB, "a/b"), "a/b", None, n, last)


def test_a_page_of_tags_remembers_the_ns_that_was_asked_for() -> None:
    request = parse_request("GET", "/v2/a/b/tags/list", "ns=QUAY.io&n=1")
    assert request == TagsRequest(Repository("quay.io", "a/b"), "a/b", "QUAY.io", 1)


@pytest.mark.parametrize("n", ["", "-1", "+1", "1.0", "ten", "1000000000", "%D9%A1", "1%00", "0x1"])
def test_a_page_size_that_is_none(n: str) -> None:
    code = code_of("GET", "/v2/a/b/tags/list", f"n={n}")
    assert code is Code.PAGINATION_NUMBER_INVALID


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get"])
@pytest.mark.parametrize(
    "path", ["/v2/", "/v2/a/blobs/uploads/", "/v2/a/manifests/1", f"/v2/a/blobs/{SHA256}", "*"]
)
def test_only_reading_is_served(method: str, path: str) -> None:
    assert code_of(method, path) is Code.UNSUPPORTED


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "../a",
        "a/..",
        "a/../b",
        "quay.io/..",
        "quay.io/../a",
        "../../etc/passwd",
        ".",
        "./a",
        "/",
        "/a",
        "a/",
        "a//b",
        "//a",
        "quay.io/",
        "a\\b",
        "a/B",
        "a b",
        "a\n",
        "a\x00b",
        "a\x00",
        "é",
        "\xc3\xa9/a",
        "a%2e%2e/b",  # decoded once already: what is left is no name
        "%2e%2e/%2e%2e",
        "a%2fb",
        "-a",
        "a-",
        "a__b__",
        "a..b",
        "a@b",
        "a:b",
        "http:/a",
        "x" * 256,
        "a/" * 127 + "bc",
        "_",
        "_catalog",
        ":5000/a",
        "a:5000:5000/b",
        "a:99999/b",
        "[::g]/b",
        "quay.io:/b",
        "-.io/b",
        "x" * 260 + ".io/b",
    ],
)
def test_what_is_no_repository(name: str) -> None:
    for path in (f"/v2/{name}/manifests/1", f"/v2/{name}/blobs/{SHA256}", f"/v2/{name}/tags/list"):
        assert code_of("GET", path) is Code.NAME_INVALID


def test_the_longest_name() -> None:
    name = "a/" * 127 + "b"
    assert parse_request("GET", f"/v2/{name}/manifests/1", "") == ManifestRequest(
        Repository(HUB, name), "1"
    )
    assert code_of("GET", f"/v2/{name}c/manifests/1") is Code.NAME_INVALID


@pytest.mark.parametrize(
    "ns",
    [
        "nohost",
        "quay.io/org",
        "quay.io/..",
        "../..",
        "..",
        "quay.io:port",
        "http://quay.io",
        "user@quay.io",
        "quay.io%00",
        "quay.io%0a",
        "%20quay.io",
        "quay.io+",
        "%C3%A9.io",
        "%ff.io",
        "x" * 256 + ".io",
        "127.0.0.1:99999",
        "[::g]",
        ".",
        "-",
    ],
)
def test_an_ns_that_is_no_host(ns: str) -> None:
    assert code_of("GET", "/v2/a/b/manifests/1", f"ns={ns}") is Code.NAME_INVALID


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v2/a/blobs/latest", Code.DIGEST_INVALID),
        ("/v2/a/blobs/uploads", Code.DIGEST_INVALID),
        ("/v2/a/blobs/sha256:", Code.DIGEST_INVALID),
        (f"/v2/a/blobs/{SHA256[:-1]}", Code.DIGEST_INVALID),
        (f"/v2/a/blobs/{SHA256}0", Code.DIGEST_INVALID),
        (f"/v2/a/blobs/{SHA512[:-1]}", Code.DIGEST_INVALID),
        (f"/v2/a/blobs/{SHA256.upper()}", Code.DIGEST_INVALID),
        (f"/v2/a/blobs/sha256:{'A' * 64}", Code.DIGEST_INVALID),
        (f"/v2/a/blobs/sha512:{'a' * 64}", Code.DIGEST_INVALID),
        (f"/v2/a/blobs/sha384:{'a' * 96}", Code.DIGEST_INVALID),
        (f"/v2/a/blobs/{SHA256}\n", Code.DIGEST_INVALID),
        (f"/v2/a/blobs/ {SHA256}", Code.DIGEST_INVALID),
        ("/v2/a/blobs/..", Code.DIGEST_INVALID),
        (f"/v2/a/blobs/sha256:{'../' * 21}a", Code.NAME_UNKNOWN),
        ("/v2/a/manifests/sha256:totallywrong", Code.DIGEST_INVALID),
        (f"/v2/a/manifests/{SHA256[:-1]}", Code.DIGEST_INVALID),
        (f"/v2/a/manifests/{SHA256.upper()}", Code.DIGEST_INVALID),
        ("/v2/a/manifests/x:y", Code.DIGEST_INVALID),
        ("/v2/a/manifests/.INVALID_MANIFEST_NAME", Code.MANIFEST_UNKNOWN),
        ("/v2/a/manifests/..", Code.MANIFEST_UNKNOWN),
        ("/v2/a/manifests/%2e%2e", Code.MANIFEST_UNKNOWN),
        ("/v2/a/manifests/a b", Code.MANIFEST_UNKNOWN),
        ("/v2/a/manifests/latest\n", Code.MANIFEST_UNKNOWN),
        ("/v2/a/manifests/-x", Code.MANIFEST_UNKNOWN),
        ("/v2/a/manifests/\x00", Code.MANIFEST_UNKNOWN),
        ("/v2/a/manifests/\xe9", Code.MANIFEST_UNKNOWN),
        (f"/v2/a/manifests/{'t' * 129}", Code.MANIFEST_UNKNOWN),
        (f"/v2/a/referrers/{SHA256}", Code.MANIFEST_UNKNOWN),
        ("/v2/a/referrers/x", Code.MANIFEST_UNKNOWN),
        ("/v2/../referrers/x", Code.NAME_INVALID),
    ],
)
def test_what_names_no_content(path: str, code: Code) -> None:
    assert code_of("GET", path) is code


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "v2/",
        "/v2x/",
        "/v1/",
        "/V2/",
        "/v2//",
        "/v2/_catalog",
        "/v2/tags/list",
        "/v2/manifests/latest",
        "/v2/a/manifests",
        "/v2/a/manifests/",
        "/v2/a/manifests/latest/",
        f"/v2/a/blobs/{SHA256}/",
        "/v2/a/blobs/",
        "/v2/a/blobs/uploads/",
        "/v2/a/blobs/uploads/0000",
        "/v2/a/tags",
        "/v2/a/tags/",
        "/v2/a/tags/list/",
        "/v2/a/MANIFESTS/latest",
        "/x/v2/a/manifests/latest",
        "/etc/passwd",
        "/../etc/passwd",
        "/metrics",
        "http://host/v2/",
    ],
)
def test_what_is_no_endpoint(path: str) -> None:
    assert code_of("GET", path) is Code.NAME_UNKNOWN


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v2/" + "a" * MAX_URL, ""),
        ("/v2/", "x" * (MAX_URL + 1)),
        ("/v2/a/manifests/1", "&".join("abcdefghijklmnopqrstu")),
    ],
)
def test_what_is_too_long(path: str, query: str) -> None:
    assert code_of("GET", path, query) is Code.NAME_INVALID


SOUND = st.sampled_from(["manifests", "blobs", "tags", "a", "1", "quay.io", "docker.io", "h:5000"])
BROKEN = st.sampled_from(
    ["", "/", ".", "..", "%2e%2e", ":", "@", "?", "\\", "\x00", "\n", "é", "A"]
)
PIECES = st.one_of(SOUND, SOUND, SOUND, BROKEN, st.text(string.printable, max_size=5), st.text())
NAMES = st.lists(PIECES, min_size=1, max_size=3).map("/".join)
ROUTES = st.sampled_from(["manifests", "blobs", "tags", "referrers"])
TARGETS = st.one_of(PIECES, st.sampled_from(["list", SHA256, SHA512, SHA256[:-1]]))
PATHS = st.one_of(
    NAMES,
    st.builds("/v2/{}/{}/{}".format, NAMES, ROUTES, TARGETS),
    NAMES.map("/v2/{}/tags/list".format),
)
QUERIES = st.one_of(st.just(""), PIECES, PIECES.map("ns={0}&n={0}&last={0}".format))


@given(st.sampled_from(["GET", "HEAD", "PUT"]), PATHS, QUERIES)
def test_anything_is_a_sound_value_or_an_error_of_ours(method: str, path: str, query: str) -> None:
    try:
        request = parse_request(method, path, query)
    except RequestError as error:
        assert error.problem
        return
    if isinstance(request, Ping):
        return
    assert is_host(request.repository.host)
    assert is_repository(request.repository.name)
    if isinstance(request, BlobRequest):
        assert is_digest(request.digest)
    elif isinstance(request, ManifestRequest):
        assert is_tag(request.reference) or is_digest(request.reference)
    else:
        assert request.n is None or request.n >= 0
        assert request.named.isascii() and request.named.isprintable()


@pytest.mark.parametrize(
    ("header", "size", "expected"),
    [
        ("bytes=0-", 10, (0, 10)),
        ("bytes=0-0", 10, (0, 1)),
        ("bytes=0-9", 10, (0, 10)),
        ("bytes=0-10", 10, (0, 10)),
        ("bytes=3-5", 10, (3, 6)),
        ("bytes=9-", 10, (9, 10)),
        ("bytes=9-9", 10, (9, 10)),
        ("bytes=5-999999999999999999", 10, (5, 10)),
        ("bytes=-1", 10, (9, 10)),
        ("bytes=-10", 10, (0, 10)),
        ("bytes=-11", 10, (0, 10)),
        ("  bytes=1-2 ", 10, (1, 3)),
        ("Bytes=1-2", 10, (1, 3)),
        ("bytes=007-008", 10, (7, 9)),
        # answered whole: nothing asked for, or nothing that this server reads
        ("", 10, None),
        ("bytes", 10, None),
        ("bytes=", 10, None),
        ("bytes=-", 10, None),
        ("bytes=5", 10, None),
        ("bytes=a-b", 10, None),
        ("bytes=5-4", 10, None),
        ("bytes=20-10", 10, None),
        ("bytes=1-2,4-5", 10, None),
        ("bytes=1-2,", 10, None),
        ("bytes=--1", 10, None),
        ("bytes=1--1", 10, None),
        ("bytes=+1-2", 10, None),
        ("bytes = 1-2", 10, None),
        ("bytes=1 -2", 10, None),
        ("bytes=1-2\n3", 10, None),
        ("bytes=\u0661-\u0662", 10, None),
        ("items=0-5", 10, None),
        ("bytes=1_0-", 10, None),
        ("bytes=0x1-", 10, None),
        ("bytes=9999999999999999999-", 10, None),
        ("bytes=0-9999999999999999999", 10, None),
        ("", 0, None),
        ("bytes=-", 0, None),
    ],
)
def test_a_range(header: str, size: int, expected: tuple[int, int] | None) -> None:
    part = parse_range(header, size)
    assert (part and (part.start, part.stop)) == expected


@pytest.mark.parametrize(
    ("header", "size"),
    [
        ("bytes=10-", 10),
        ("bytes=10-10", 10),
        ("bytes=10-20", 10),
        ("bytes=999999999999999999-", 10),
        ("bytes=-0", 10),
        ("bytes=0-", 0),
        ("bytes=0-0", 0),
        ("bytes=-1", 0),
    ],
)
def test_a_range_of_which_nothing_exists(header: str, size: int) -> None:
    with pytest.raises(ValueError, match="bytes"):
        parse_range(header, size)


@given(
    st.one_of(
        st.from_regex(r"bytes=[0-9]{0,20}-[0-9]{0,20}", fullmatch=True),
        st.builds("bytes={}-{}".format, st.integers(0, 20), st.integers(0, 20)),
        st.text(max_size=30),
    ),
    st.integers(0, 20),
)
def test_a_range_lies_within_the_blob(header: str, size: int) -> None:
    try:
        part = parse_range(header, size)
    except ValueError:
        return
    assert part is None or (0 <= part.start < part.stop <= size and part.step == 1)
