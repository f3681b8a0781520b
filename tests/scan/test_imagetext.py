"""What looks like an image's name, and what a key says of its value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewarm.scan.finding import Place
from prewarm.scan.imagekeys import Key, Role, is_image_key, is_images_key, key_of
from prewarm.scan.imageparts import as_used, images_in, join
from prewarm.scan.imagetext import Look, is_of_known_registry, look_at, open_parts
from prewarm.scan.values import Text, Value

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("text", "look"),
    [
        ("nginx", Look.BARE),
        ("org/app", Look.PLAIN),
        ("images/hero", Look.PLAIN),
        ("nginx:1.27", Look.TAGGED),
        ("redis:6379", Look.TAGGED),
        ("org/app:1", Look.SURE),
        ("quay.io/a", Look.SURE),
        ("localhost:5000/a", Look.SURE),
        ("[::1]:5000/a", Look.SURE),
        (f"a@{DIGEST}", Look.SURE),
        ("github.com/a/b", Look.PLAIN),
        ("", Look.NOT),
        ("a", Look.NOT),
        ("./a", Look.NOT),
        ("/a/b.png", Look.NOT),
        ("a/b.png", Look.NOT),
        ("https://a.b/c", Look.NOT),
        ("App", Look.NOT),
        ("ubuntu-20.04", Look.NOT),
        ("projects/p/global/images/i", Look.NOT),
        ("ami-0123abcd", Look.NOT),
        ("two words", Look.NOT),
    ],
)
def test_looks(text: str, look: Look) -> None:
    assert look_at(text) is look


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a:1", None),
        ("a__b:1", None),
        ("[::1]:5000/a", None),
        ("${A}", ("A",)),
        ("${A:-b}/$C:$(params.v)", ("A", "C", "params.v")),
        ('{{ .Values.a.b | default "x" }}', ("Values.a.b",)),
        ("${{ matrix.image }}", ("matrix.image",)),
        ("docker.io/{user}/x", ("user",)),
        ("<your-image>:<tag>", ("your-image", "tag")),
        ("__IMAGE__", ("IMAGE",)),
        ("%IMAGE%", ("IMAGE",)),
        ("@IMAGE@", ("IMAGE",)),
        ("((image))", ("image",)),
        ("REGISTRY/app", ("REGISTRY",)),
        ("{{ }}", ()),
    ],
)
def test_open_parts(text: str, names: tuple[str, ...] | None) -> None:
    assert open_parts(text) == names


@given(st.text(alphabet="a1./:@-_${}()<>[]%A", max_size=30))
def test_any_text_may_be_looked_at(text: str) -> None:
    look_at(text)
    open_parts(text)
    is_of_known_registry(text)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("image", Key((), Role.NAME, True)),
        ("proxyImage", Key(("proxy",), Role.NAME, True)),
        ("dockerimage", Key(("docker",), Role.NAME, True)),
        ("imageName", Key((), Role.NAME, True)),
        ("flinkImageRegistry", Key(("flink",), Role.REGISTRY, True)),
        ("image_tag", Key((), Role.TAG, True)),
        ("initImageSHA256", Key(("init",), Role.DIGEST, True)),
        ("repository", Key((), Role.REPOSITORY, False)),
        ("proxyTag", Key(("proxy",), Role.TAG, False)),
        ("name", Key((), Role.NAME, False)),
        ("imagePullPolicy", None),
        ("imagePullSecrets", None),
        ("RELATED_IMAGE_X", None),
        ("path", None),
        ("", None),
    ],
)
def test_keys(key: str, expected: Key | None) -> None:
    assert key_of(key) == expected
    assert is_image_key(key) == (
        expected is not None and expected == Key(expected.prefix, Role.NAME, True)
    )
    assert not is_images_key(key)


@pytest.mark.parametrize(
    ("text", "kind", "used"),
    [
        ("1.10", "float", "1.1"),
        ("2.0", "float", "2"),
        ("10", "int", "10"),
        ("20230101", "int", "20230101"),
        ("0123", "int", "83"),
        ("1.10", "str", "1.10"),
        ("yes", "bool", "true"),
        ("", "null", ""),
        ("2024-01-01", "timestamp", "2024-01-01"),
    ],
)
def test_scalars_as_helm_prints_them(text: str, kind: str, used: str) -> None:
    assert as_used(Text(text, Place("f", 1, 1), kind)) == used


@pytest.mark.parametrize(
    ("values", "owner", "name"),
    [
        ({"repository": "a/b", "tag": "1"}, "image", "a/b:1"),
        ({"registry": "quay.io", "repository": "a/b", "tag": "1"}, "x", "quay.io/a/b:1"),
        ({"registry": "https://quay.io/", "image": "a", "tag": "1"}, "image", "quay.io/a:1"),
        ({"repository": "quay.io/a", "image": "b", "version": "1"}, "x", "quay.io/a/b:1"),
        ({"repository": "quay.io/a/b", "name": "b", "tag": "1"}, "image", "quay.io/a/b:1"),
        ({"repository": "a/b", "name": "label", "tag": "1"}, "image", "a/b:1"),
        ({"hub": "quay.io/x", "image": "b", "tag": "1"}, "x", "quay.io/x/b:1"),
        ({"dockerImage": "a", "tag": "1"}, "x", "a:1"),
        ({"image": "a:2", "tag": "1"}, "x", "a:2"),
        ({"repository": "a/b", "tag": "1", "sha": "a" * 64}, "image", f"a/b:1@{DIGEST}"),
        ({"repository": "a/b", "digest": DIGEST}, "image", f"a/b@{DIGEST}"),
        ({"repository": "https://a.b", "url": "c", "tag": "1"}, "chart", None),
        ({"repository": "a/b", "version": "1"}, "chart", None),
        ({"registry": "quay.io", "tag": "1"}, "global", None),
        ({"name": "a", "tag": "1"}, "x", None),
    ],
)
def test_parts(values: dict[str, str], owner: str, name: str | None) -> None:
    entries: dict[str, Value] = {
        key: Text(value, Place("f", 1, 1)) for key, value in values.items()
    }
    found = [
        join(parts.name, parts.tag, parts.digest)
        for parts in images_in(entries, owner, owned=is_image_key(owner))
    ]
    assert found == ([name] if name else [])
