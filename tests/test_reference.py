"""References as Docker normalises them: what each spelling means, and what is none."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewarm.errors import UsageError
from prewarm.reference import (
    Reference,
    is_digest,
    is_host,
    is_repository,
    is_tag,
    normalise_host,
)

D = "sha256:" + "0123456789abcdef" * 4
D512 = "sha512:" + "0123456789abcdef" * 8
HEX = "a" * 64

NORMALISED = f"""
nginx                             docker.io/library/nginx:latest
nginx:1.27                        docker.io/library/nginx:1.27
org/app                           docker.io/org/app:latest
library/nginx                     docker.io/library/nginx:latest
a/b/c:1                           docker.io/a/b/c:1
docker.io/nginx                   docker.io/library/nginx:latest
docker.io/org/app:1               docker.io/org/app:1
Docker.IO/nginx:1                 docker.io/library/nginx:1
index.docker.io/nginx             docker.io/library/nginx:latest
index.docker.io/org/app:2         docker.io/org/app:2
registry-1.docker.io/library/x:1  registry-1.docker.io/library/x:1
docker.io                         docker.io/library/docker.io:latest
docker.io/library/docker.io/x     docker.io/library/docker.io/x:latest
quay.io/prometheus/busybox:latest quay.io/prometheus/busybox:latest
quay.io/app                       quay.io/app:latest
QUAY.io/app                       quay.io/app:latest
localhost/app                     localhost/app:latest
LOCALHOST/app                     localhost/app:latest
localhost:5000/app                localhost:5000/app:latest
localhost:5000                    docker.io/library/localhost:5000
localhost                         docker.io/library/localhost:latest
host:5000/app:1                   host:5000/app:1
host:65535/app                    host:65535/app:latest
127.0.0.1/app                     127.0.0.1/app:latest
127.0.0.1:5000/a/b:x              127.0.0.1:5000/a/b:x
[::1]/app                         [::1]/app:latest
[::1]:5000/app:1                  [::1]:5000/app:1
[2001:DB8::1]:5000/app            [2001:db8::1]:5000/app:latest
FOO/bar                           FOO/bar:latest
Foo-Bar/bar:1                     Foo-Bar/bar:1
foo/bar                           docker.io/foo/bar:latest
a__b/c---d/e.f_g                  docker.io/a__b/c---d/e.f_g:latest
nginx:{"t" * 128}                 docker.io/library/nginx:{"t" * 128}
nginx:_A.b-C                      docker.io/library/nginx:_A.b-C
nginx@{D}                         docker.io/library/nginx@{D}
nginx:1.27@{D}                    docker.io/library/nginx:1.27@{D}
quay.io:443/a/b@{D512}            quay.io:443/a/b@{D512}
localhost:5000@{D}                docker.io/library/localhost:5000@{D}
{HEX}:1                           docker.io/library/{HEX}:1
{HEX}@{D}                         docker.io/library/{HEX}@{D}
org/{HEX}                         docker.io/org/{HEX}:latest
{HEX}f                            docker.io/library/{HEX}f:latest
{"r" * 247}                       docker.io/library/{"r" * 247}:latest
"""

REFUSED = {
    "": "'library/' is not a repository name",
    " nginx": "not a repository name",
    "nginx\n": "not a repository name",
    "nginx:": "'' is not a tag",
    "nginx:1:2": "not a repository name",
    "nginx:-1": "'-1' is not a tag",
    "nginx:a b": "'a b' is not a tag",
    "nginx:" + "t" * 129: "is not a tag",
    "Nginx": "repository names are lower case",
    "quay.io/Org/App": "repository names are lower case",
    "quay.io/": "'' is not a repository name",
    "quay.io//app": "not a repository name",
    "/app": "not a repository name",
    "app/": "not a repository name",
    "a..b": "not a repository name",
    "a___b": "not a repository name",
    "-a": "not a repository name",
    "a-": "not a repository name",
    "org/{user}/app": "not a repository name",
    "$IMAGE": "not a repository name",
    "${IMAGE}:1": "not a repository name",
    "https://quay.io/app": "'https:' is not a host",
    "-bad.io/app": "'-bad.io' is not a host",
    "a_b.io/app": "'a_b.io' is not a host",
    "[::1/app": "'[::1' is not a host",
    "[abc]:5000/app": "'[abc]:5000' is not a host",
    "[1::2::3]/app": "'[1::2::3]' is not a host",
    "host:65536/app": "'host:65536' is not a host",
    "host:999999999/app": "'host:999999999' is not a host",
    "host:/app": "'host:' is not a host",
    "é.io/app": "'é.io' is not a host",
    "nginx@": "'' is not a digest",
    "nginx@sha256:abc": "'sha256:abc' is not a digest",
    "nginx@" + D.upper(): "is not a digest",
    "nginx@md5:" + "a" * 32: "is not a digest",
    f"nginx@{D}@{D}": "is not a digest",
    HEX: "64 hexadecimal digits are an image ID",
    "r" * 248: "is not a repository name",
    "host.io/" + "r" * 256: "is not a repository name",
    "h" * 253 + ".io/app": "is not a host",
    "x" * 1_000_000: "not a repository name",
}


@pytest.mark.parametrize("line", NORMALISED.strip().splitlines(), ids=lambda line: line[:40])
def test_each_spelling_has_one_meaning(line: str) -> None:
    written, meant = line.split()
    reference = Reference.parse(written)
    assert str(reference) == meant
    assert Reference.parse(meant) == reference


@pytest.mark.parametrize(("written", "problem"), REFUSED.items(), ids=lambda text: text[:40])
def test_what_is_no_reference_is_refused_in_words(written: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        Reference.parse(written)
    message = str(caught.value)
    assert problem in message and "not an image reference" in message
    assert message.endswith("write host/repository:tag@digest")
    assert "\n" not in message and len(message) < 2000


def test_the_parts_are_told_apart() -> None:
    reference = Reference.parse(f"quay.io:443/org/app:1@{D}")
    assert reference == Reference("quay.io:443", "org/app", "1", D)
    assert reference.name == "quay.io:443/org/app"
    assert reference.pinned and not Reference.parse("nginx").pinned
    assert str(reference.with_digest(D512)) == f"quay.io:443/org/app@{D512}"


def test_references_are_sorted_by_what_is_shown() -> None:
    texts = ["b:1", f"a@{D}", "a:1", "quay.io/a:1", f"a:1@{D}"]
    ordered = sorted(Reference.parse(text) for text in texts)
    assert [str(r) for r in ordered] == sorted(str(r) for r in ordered)


@pytest.mark.parametrize(
    ("host", "one"),
    [
        ("docker.io", "docker.io"),
        ("Index.Docker.io", "docker.io"),
        ("registry.hub.docker.com", "registry.hub.docker.com"),
        ("Quay.IO:443", "quay.io:443"),
        ("FOO", "FOO"),
        ("Localhost", "localhost"),
    ],
)
def test_a_host_has_one_spelling(host: str, one: str) -> None:
    assert normalise_host(host) == one


ALPHANUMERIC = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=6)
COMPONENTS = st.lists(
    st.tuples(ALPHANUMERIC, st.sampled_from(["", ".", "_", "__", "-", "---"]), ALPHANUMERIC).map(
        "".join
    ),
    min_size=1,
    max_size=4,
).map("/".join)
LABELS = st.lists(
    st.text(string.ascii_letters + string.digits, min_size=1, max_size=5), min_size=1, max_size=3
).map(".".join)
HOSTS = st.one_of(
    LABELS, st.tuples(LABELS, st.integers(0, 65535)).map(lambda p: f"{p[0]}:{p[1]}"), st.just("")
)
TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
DIGESTS = st.one_of(
    st.none(),
    st.text("0123456789abcdef", min_size=64, max_size=64).map("sha256:{}".format),
    st.text("0123456789abcdef", min_size=128, max_size=128).map("sha512:{}".format),
)


@given(HOSTS, COMPONENTS, st.one_of(st.none(), TAGS), DIGESTS)
def test_what_is_printed_is_read_the_same(
    host: str, repository: str, tag: str | None, digest: str | None
) -> None:
    text = f"{host}/{repository}" if host else repository
    text += f":{tag}" if tag else ""
    text += f"@{digest}" if digest else ""
    try:
        reference = Reference.parse(text)
    except UsageError:
        return
    assert Reference.parse(str(reference)) == reference
    assert reference.tag or reference.digest
    assert (reference.tag, reference.digest) == (tag or (None if digest else "latest"), digest)
    assert is_host(reference.host) and is_repository(reference.repository)


@given(st.text(max_size=80))
def test_any_text_is_a_reference_or_a_clear_error(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except UsageError as error:
        assert str(error).isprintable()
    else:
        assert Reference.parse(str(reference)) == reference


@given(st.text(max_size=40))
def test_the_small_questions_never_raise(text: str) -> None:
    for question in (is_host, is_repository, is_tag, is_digest):
        assert question(text) in (True, False)
    assert not is_digest(text)
