"""`prewarm.toml`: every setting, and every mistake with its file, line, key and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewarm.config import (
    Extra,
    RegistrySettings,
    RuleSettings,
    ScanSettings,
    Settings,
    find_settings,
    parse_settings,
    read_settings,
)
from prewarm.errors import UsageError
from prewarm.oci import Platform
from prewarm.reference import Reference

FILE = Path("/work/prewarm.toml")

EVERYTHING = """\
store = "cache/store"
platforms = ["linux/amd64", "linux/arm64/v8"]
extra = [
    "quay.io/prometheus/busybox:latest",
    "nginx",
]

[scan]
include = ["deploy/**"]
exclude = ["vendor/**", "!vendor/ours"]
build-args = { VERSION = "3.20", EMPTY = "" }
env-files = ["ci.env", "/etc/ci.env"]
variables = { A = "b" }
target = "release"
profiles = ["debug"]
guess = true
require-digest = true

[[scan.rule]]
files = "*.yaml"
path = "spec.image"

[[scan.rule]]
files = "*.txt"
pattern = "image: (.*)"
kind = "note"

[registry."docker.io"]
endpoints = ["http://127.0.0.1:5001", "https://registry-1.docker.io"]

[registry."Host.example:5000"]
plain-http = true
ca-file = "ca.pem"

[registry."index.docker.io:443"]
"""


def test_every_setting_is_read() -> None:
    assert parse_settings(EVERYTHING, FILE) == Settings(
        FILE,
        Path("/work/cache/store"),
        (Platform("linux", "amd64"), Platform("linux", "arm64")),
        (
            Extra(
                Reference.parse("quay.io/prometheus/busybox"),
                "quay.io/prometheus/busybox:latest",
                4,
            ),
            Extra(Reference.parse("nginx"), "nginx", 5),
        ),
        ScanSettings(
            ("deploy/**",),
            ("vendor/**", "!vendor/ours"),
            {"VERSION": "3.20", "EMPTY": ""},
            (Path("/work/ci.env"), Path("/etc/ci.env")),
            {"A": "b"},
            "release",
            ("debug",),
            guess=True,
            require_digest=True,
            rules=(
                RuleSettings("*.yaml", path="spec.image"),
                RuleSettings("*.txt", pattern="image: (.*)", kind="note"),
            ),
        ),
        {
            "docker.io": RegistrySettings(
                ("http://127.0.0.1:5001", "https://registry-1.docker.io")
            ),
            "host.example:5000": RegistrySettings((), True, Path("/work/ca.pem")),
            "index.docker.io:443": RegistrySettings(),
        },
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", "[scan]\n", "[registry]\n"])
def test_nothing_said_is_nothing_set(text: str) -> None:
    assert parse_settings(text, FILE) == Settings(FILE)


MISTAKES = {
    "stor = 'x'": "1: stor is not a setting: did you mean 'store'?",
    "\nplatform = ['linux/amd64']": "2: platform is not a setting: did you mean 'platforms'?",
    "zzz = 1": "1: zzz is not a setting: known: store, platforms",
    "[scan]\nexlude = []": "2: scan.exlude is not a setting: did you mean 'exclude'?",
    "[scan]\nbuild_args = {}": "2: scan.build_args is not a setting: did you mean 'build-args'?",
    "[scan]\nrequire_digest=true": "2: scan.require_digest is not a setting: did you mean",
    "[registry.'quay.io']\nendpoint = []": "2: registry.quay.io.endpoint is not a setting: did",
    "[gv]\nmax-size = 'x'": "1: gv is not a setting",
    "store = 5": "1: store must be a string",
    "store = ''": "1: store must be a path",
    "store = '~nobody-of-this-name/x'": "1: store must be a path",
    'store = "a\\u0000b"': "1: store must be a path",
    "platforms = 'linux/amd64'": "1: platforms must be a list",
    "platforms = ['linux/amd64', 7]": "1: platforms item 2 must be a string",
    "platforms = ['linux']": "1: platforms 'linux' is not a platform: write os/architecture",
    "extra = ['nginx', 'Foo']": "1: extra 'Foo' is not an image reference: repository names are",
    "extra = { a = 1 }": "1: extra must be a list",
    "scan = 5": "1: scan must be a table",
    "[scan]\nexclude = 'x'": "2: scan.exclude must be a list",
    "[scan]\nguess = 1": "2: scan.guess must be true or false",
    "[scan]\ntarget = true": "2: scan.target must be a string",
    "[scan]\nbuild-args = ['A=b']": "2: scan.build-args must be a table of strings",
    "[scan]\nbuild-args = { A = 1 }": "2: scan.build-args must be a string",
    "[scan]\nrule = 1": "2: scan.rule must be tables, written [[scan.rule]]",
    "[scan.rule]\nfiles = 'x'": "1: scan.rule must be tables, written [[scan.rule]]",
    "[[scan.rule]]\npath = 'x'": "1: scan.rule.files is one of two things a rule needs",
    "[[scan.rule]]\nfiles = 'x'": "2: scan.rule.files is one of two things a rule needs",
    "[registry]\nquay.io.endpoints = []": "2: registry.quay.io is a table: hosts need quotes: [reg",
    "[registry.quay.io]\nplain-http = true": "1: registry.quay.io is a table: hosts need quotes",
    "[registry.'a b']\n": '1: registry.a b is not a registry\'s host: write [registry."quay.io"]',
    "[registry.'https://quay.io']\n": "1: registry.https://quay.io is not a registry's host",
    "[registry]\n'quay.io' = 5": "2: registry.quay.io must be a table",
    "[registry.'quay.io']\nplain-http = 'yes'": "2: registry.quay.io.plain-http must be true or",
    "[registry.'quay.io']\nca-file = []": "2: registry.quay.io.ca-file must be a string",
    "[registry.'quay.io']\nendpoints = [5]": "2: registry.quay.io.endpoints item 1 must be a str",
}


@pytest.mark.parametrize(("text", "problem"), MISTAKES.items(), ids=lambda text: text[:50])
def test_a_mistake_is_told_with_file_line_and_key(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_settings(text, FILE)
    assert str(caught.value).startswith(f"{FILE}:{problem}")


BAD_TOML = {
    "store": "at end of document",
    "a = 1\nb = = 2": "at line 2, column 5",
    "a = 1\na = 2": "Cannot overwrite a value",
    "store = 'x": "at",
    "a = 1e400e": "at line 1",
    "a = 2020-13-45": "at line 1",
    "a = " + "[" * 100_000: "nested too deeply",
    "a = " + "9" * 5000: "4300",
    "\0": "at line 1",
}


@pytest.mark.parametrize(("text", "where"), BAD_TOML.items(), ids=lambda text: text[:20])
def test_what_is_not_toml_is_told_with_its_place(text: str, where: str) -> None:
    with pytest.raises(UsageError, match="not TOML") as caught:
        parse_settings(text, FILE)
    assert str(caught.value).startswith(str(FILE))
    assert where in str(caught.value)


LINES = {
    "first of two": ("[registry.'a.io']\nendpoints = []\n[registry.'b.io']\nendpoints = 5", 4),
    "after a comment": ("# store = 5\n\n  store = 5", 3),
    "inline table": ("[scan]\nexclude = []\n\n[registry]\n'q.io' = { plain-http = 5 }", 5),
    "inline in inline": ("store = 'a'\nregistry = { 'q.io' = { plain-http = 5 } }", 2),
    "dotted key": ("platforms = []\nscan.guess = 5", 2),
    "quoted key": ('[scan]\n\n"guess" = 5', 3),
    "spaces": ("[ scan ]\n\tguess  =  5", 2),
    "second rule": ("[[scan.rule]]\nfiles='a'\npath='b'\n[[scan.rule]]\nfiles='a'\npaht='b'", 6),
    "same key elsewhere": ("[[scan.rule]]\nfiles='a'\npath='b'\n[[scan.rule]]\nfiles=1", 5),
    "windows line ends": ("platforms = []\r\n\r\nstore = 5\r\n", 3),
}


@pytest.mark.parametrize(("text", "line"), LINES.values(), ids=LINES)
def test_the_line_is_that_of_the_key(text: str, line: int) -> None:
    with pytest.raises(UsageError) as caught:
        parse_settings(text, FILE)
    assert str(caught.value).startswith(f"{FILE}:{line}: ")


def test_paths_are_relative_to_the_file_and_know_home_and_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("CACHE", "/var/cache")
    for written, path in {
        "a/b": "/work/a/b",
        "../a": "/work/../a",
        "/a": "/a",
        "~/a": "/home/me/a",
        "$CACHE/a": "/var/cache/a",
        "${CACHE}/a": "/var/cache/a",
        "$UNSET_VARIABLE/a": "/work/$UNSET_VARIABLE/a",
        "a~b": "/work/a~b",
    }.items():
        assert parse_settings(f'store = "{written}"', FILE).store == Path(path)


def test_the_nearest_file_upwards_is_found(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert find_settings(inner) is None
    (tmp_path / "prewarm.toml").touch()
    assert find_settings(inner) == tmp_path.resolve() / "prewarm.toml"
    (tmp_path / "a" / "prewarm.toml").mkdir()
    assert find_settings(inner) == tmp_path.resolve() / "prewarm.toml"
    (inner / "prewarm.toml").touch()
    assert find_settings(inner) == inner.resolve() / "prewarm.toml"


def test_a_current_folder_that_is_gone_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(UsageError, match="the current folder: No such file"):
        find_settings(Path())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"store = 'a'\n# \xff\n", ":2: not UTF-8: save it as UTF-8"),
        ("store = 'ä'".encode("utf-16"), ":1: not UTF-8"),
        (b"#" * (1024 * 1024 + 1), ": has more than 1048576 bytes"),
    ],
    ids=lambda value: value[:12] if isinstance(value, bytes) else "",
)
def test_a_file_that_is_no_text_is_told(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "prewarm.toml"
    file.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_settings(file)
    assert str(caught.value).startswith(f"{file}{problem}")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    for file, problem in (
        (tmp_path / "none.toml", "cannot be read: No such file or directory"),
        (tmp_path, "cannot be read: Is a directory"),
        (Path("/dev/zero"), "has more than 1048576 bytes"),
    ):
        with pytest.raises(UsageError) as caught:
            read_settings(file)
        assert str(caught.value) == f"{file}: {problem}"


def test_a_file_is_read_as_its_text(tmp_path: Path) -> None:
    file = tmp_path / "prewarm.toml"
    file.write_text(EVERYTHING, "utf-8")
    file.chmod(0o444)
    assert read_settings(file) == parse_settings(EVERYTHING, file)


VALUES = st.recursive(
    st.sampled_from(["1", "true", "'x'", "''", "1979-05-27", "inf", "'nginx'", "'linux/amd64'"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2).map(lambda items: f"[{', '.join(items)}]"),
        inner.map(lambda value: f"{{ a = {value} }}"),
    ),
    max_leaves=4,
)
KEYS = st.sampled_from(
    [
        *("store", "platforms", "extra", "scan", "scan.rule", "scan.guess", "scan.build-args"),
        *("registry", "registry.'quay.io'", "registry.'quay.io'.endpoints", "nothing"),
    ]
)


@given(st.lists(st.tuples(KEYS, VALUES), max_size=3))
def test_any_toml_is_settings_or_a_clear_error(pairs: list[tuple[str, str]]) -> None:
    text = "".join(f"{key} = {value}\n" for key, value in pairs)
    try:
        parse_settings(text, FILE)
    except UsageError as error:
        assert str(error).startswith(str(FILE))
        assert str(error).isprintable()
