"""Lists of images from files: three syntaxes told apart, and every mistake with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewarm.errors import UsageError
from prewarm.fromfile import Content, parse, read

HEX = "a" * 64
TAGS = ["1.0", "1.1", "1.2", "1.2-alpine", "2.0", "edge", "latest"]


def shown(content: Content) -> list[str]:
    """Each image with its platforms, and each rule as what it chooses of TAGS."""
    lines = [" ".join(map(str, (i.reference, *i.platforms))) for i in content.images]
    for rule in content.rules:
        chosen = ",".join(str(reference.tag) for reference in rule.choose(TAGS))
        lines.append(" ".join((f"{rule.repository.name}: {chosen}", *map(str, rule.platforms))))
    return lines


NAMES = f"""\ufeff# base images
nginx:1.27   # for the web
\tdocker://quay.io/org/app@sha256:{HEX}

localhost:5000/app
"""

SKOPEO = f"""\
docker.io:
  credentials: {{username: me, password: secret}}
  images:
    busybox: []
    alpine:
    redis:
      - "1.0"
      - 2.0
      - sha256:{HEX}
  images-by-semver:
    x/versions: ">= 1.1, <2"
quay.io:
  tls-verify: false
  cert-dir: /etc/certs
  images-by-tag-regex:
    org/app: ^1\\.[12]
"""

REGSYNC = """\
version: 1
creds:
  - registry: quay.io
sync:
  - source: quay.io/org/app:3
    type: image
    platform: linux/arm64
  - source: busybox
    target: registry.example/busybox
    type: repository
    platforms: [linux/amd64, linux/arm64]
    tags:
      allow: ["1\\\\.\\\\d", latest]
      deny: ["1.0"]
  - source: x/versions
    type: repository
    tags: {semverRange: [">=2"]}
  - source: x/all
    type: repository
  - source: ocidir:///srv/images
    type: image
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            NAMES.removeprefix("\ufeff"),
            [
                "docker.io/library/nginx:1.27",
                f"quay.io/org/app@sha256:{HEX}",
                "localhost:5000/app:latest",
            ],
        ),
        (
            SKOPEO,
            [
                "docker.io/library/redis:1.0",
                "docker.io/library/redis:2.0",
                f"docker.io/library/redis@sha256:{HEX}",
                f"docker.io/library/busybox: {','.join(TAGS)}",
                f"docker.io/library/alpine: {','.join(TAGS)}",
                "docker.io/x/versions: 1.1,1.2",
                "quay.io/org/app: 1.1,1.2,1.2-alpine",
            ],
        ),
        (
            REGSYNC,
            [
                "quay.io/org/app:3 linux/arm64",
                "docker.io/library/busybox: 1.1,1.2,latest linux/amd64 linux/arm64",
                "docker.io/x/versions: 2.0",
                f"docker.io/x/all: {','.join(TAGS)}",
            ],
        ),
        ('{"quay.io": {"images": {"a/b": ["1"]}}}', ["quay.io/a/b:1"]),
        ("nginx:1.27", ["docker.io/library/nginx:1.27"]),
        (
            "nginx:1.27\r\nredis:7\r\n",
            ["docker.io/library/nginx:1.27", "docker.io/library/redis:7"],
        ),
    ],
    ids=["names", "skopeo", "regsync", "JSON", "one name", "Windows"],
)
def test_a_list_is_told_by_what_stands_in_it(text: str, expected: list[str]) -> None:
    assert shown(parse(text, "list")) == expected


def test_what_is_not_obeyed_is_said_with_its_place_and_no_secret() -> None:
    notes = parse(SKOPEO, "list").notes
    assert [note.partition(" ")[0] for note in notes] == ["list:2:", "list:14:", "list:13:"]
    assert "secret" not in str(notes)
    assert parse(REGSYNC, "list").notes == ("list:20: source is a folder, left out",)
    trusting = "a.io: {tls-verify: true, images: {b: ['1']}}"
    assert parse(trusting, "list").notes == ()


MISTAKES = {
    "": "list: names no image",
    "# nothing\n": "list: names no image",
    "sync: []": "list: names no image",
    "nginx\nNGINX:1": "list:2: the line 'NGINX:1' is not an image reference",
    "nginx:1 redis:2": "list:1: the line 'nginx:1 redis:2' is not",
    "nginx\nquay.io/a@sha256:12": "list:2: the line 'quay.io/a@sha256:12' is not",
    "a.io:\n  images: [": "list: ",
    "a: 1\n---\nb: 1": "list: has 2 YAML documents",
    "a.io: 5": "list:1: a.io must be a mapping",
    "a.io:\n  image: {b: []}": "list:2: a.io.image is not known: known: cert-dir",
    "a.io:\n  tls-verify: true": "list:2: a.io has no images",
    "a.io:\n  images: [b]": "list:2: a.io.images must be a mapping",
    "a.io:\n  images:\n    b: '1'": "list:3: images.b must be a list of tags",
    "a.io:\n  images:\n    b: ['1', {c: d}]": "list:3: images.b must be a text",
    "a.io:\n  images:\n    b:\n    - a b": "list:4: images.b 'a.io/b:a b' is not an image",
    "a.io:\n  images:\n    b:1: []": "list:3: images 'a.io/b:1' is not a repository",
    "a.io:\n  images-by-tag-regex:\n    b: '('": "list:3: images-by-tag-regex.b '(' is not a reg",
    "a.io:\n  images-by-tag-regex:\n    b: '[[:digit:]]'": "list:3: images-by-tag-regex.b '[[:digi",
    "a.io:\n  images-by-semver:\n    b: newest": "list:3: images-by-semver.b 'newest' is not a ra",
    "version: 1": "list:1: sync is missing",
    "sync: 5": "list:1: sync must be a list",
    "sync:\n- busybox": "list:2: sync must be a mapping",
    "sync:\n- type: image": "list:2: sync.source is missing",
    "sync:\n- source: a": "list:2: sync.type is missing",
    "sync:\n- source: a\n  type: registry": "list:3: type registry would fetch all",
    "sync:\n- source: a\n  type: repo": "list:3: type 'repo' is not known: write image or",
    "sync:\n- source: a:1\n  type: repository": "list:2: source 'a:1' is not a repository",
    "sync:\n- source: 'a:{{ .Tag }}'\n  type: image": "list:2: source is a template",
    "sync:\n- source: a\n  type: image\n  platform: linux": "list:4: platform 'linux' is not a pl",
    "sync:\n- source: a\n  type: repository\n  tags:\n    deny: ['*']": "list:5: tags.deny '*' is",
    "sync:\n- source: a\n  type: repository\n  tags: {allow: x}": "list:4: allow must be a list",
}


@pytest.mark.parametrize(("text", "problem"), MISTAKES.items(), ids=lambda text: text[:50])
def test_a_mistake_is_told_with_file_line_and_key(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, "list")
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read: No such file"),
        (b"nginx\n\xff", "not UTF-8"),
        (b"#" * (4 * 1024 * 1024 + 1), "has more than"),
    ],
    ids=["none", "bytes", "size"],
)
def test_a_file_that_is_no_text_is_told(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    file = tmp_path / "list"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=problem):
        read(file)


def test_a_file_may_begin_with_a_mark(tmp_path: Path) -> None:
    (tmp_path / "list").write_text(NAMES, "utf-8")
    assert len(read(tmp_path / "list").images) == 3


PIECES = [
    "a.io:",
    "images:",
    "sync:",
    "- source: a",
    "type: image",
    "[",
    "b: []",
    "nginx",
    "  ",
    "#",
]


@given(
    st.lists(st.sampled_from([*PIECES, "\n", "\n  ", "\n    ", "&a", "*a", "<<: *a"])).map("".join)
)
def test_any_text_is_a_list_or_a_clear_error(text: str) -> None:
    try:
        parse(text, "list")
    except UsageError as error:
        assert str(error).startswith("list")
