"""The frame of a scan: which files are read, what is ignored, and that no file ends it."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from prewarm.scan.finding import Scan
from prewarm.scan.formats import FORMATS, format_of
from prewarm.scan.reader import Inputs
from prewarm.scan.rules import Rule
from prewarm.scan.scanner import Scanner
from prewarm.scan.tree import MAX_FILE_SIZE, Tree

Write = Callable[[dict[str, str | bytes]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files below a fresh folder and give the folder."""

    def write_all(files: dict[str, str | bytes]) -> Path:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path

    return write_all


def scan(root: Path, *starts: str, rules: tuple[Rule, ...] = (), **globs: tuple[str, ...]) -> Scan:
    tree = Tree.at([root / start for start in starts] or [root], **globs)
    return Scanner(Inputs(), rules, workers=1).scan(tree)


def places(found: Scan) -> list[str]:
    return [f"{finding.reference} {finding.place}" for finding in found.findings]


def test_names_decide_which_files_are_read(write: Write) -> None:
    root = write(
        {
            "Dockerfile": "FROM a:1\n",
            "sub/api.Dockerfile": "FROM b:1\n",
            "sub/Containerfile.dev": "FROM c:1\n",
            "Dockerfile.d/notes.txt": "FROM d:1\n",
            "notes.txt": "FROM e:1\n",
        }
    )
    assert places(scan(root)) == [
        "docker.io/library/a:1 Dockerfile:1",
        "docker.io/library/b:1 sub/api.Dockerfile:1",
        "docker.io/library/c:1 sub/Containerfile.dev:1",
    ]


def test_ignored_files_are_not_read(write: Write) -> None:
    root = write(
        {
            ".gitignore": "/out/\n*.tmp.Dockerfile\n",
            "Dockerfile": "FROM a:1\n",
            "out/Dockerfile": "FROM b:1\n",
            "x.tmp.Dockerfile": "FROM c:1\n",
            "sub/.gitignore": "!kept.tmp.Dockerfile\nlocal/\n",
            "sub/kept.tmp.Dockerfile": "FROM d:1\n",
            "sub/local/Dockerfile": "FROM e:1\n",
            "vendor/Dockerfile": "FROM f:1\n",
            "node_modules/m/Dockerfile": "FROM g:1\n",
            ".git/Dockerfile": "FROM h:1\n",
            "store/oci-layout": "{}",
            "store/Dockerfile": "FROM i:1\n",
        }
    )
    found = scan(root, exclude=("vendor/**",))
    assert places(found) == [
        "docker.io/library/a:1 Dockerfile:1",
        "docker.io/library/d:1 sub/kept.tmp.Dockerfile:1",
    ]


def test_the_rules_of_folders_above_hold_for_a_start_below(write: Write) -> None:
    root = write(
        {
            ".git/HEAD": "ref: refs/heads/main\n",
            ".gitignore": "generated/\n",
            "sub/Dockerfile": "FROM a:1\n",
            "sub/generated/Dockerfile": "FROM b:1\n",
        }
    )
    assert places(scan(root, "sub")) == ["docker.io/library/a:1 Dockerfile:1"]


def test_a_file_that_is_named_is_read_whatever_it_is_called(write: Write) -> None:
    root = write({".gitignore": "Dockerfile\n", "Dockerfile": "FROM a:1\n"})
    assert places(scan(root, "Dockerfile")) == ["docker.io/library/a:1 Dockerfile:1"]


def test_several_starts_are_shown_from_the_folder_that_holds_them_all(write: Write) -> None:
    root = write(
        {"a/Dockerfile": "FROM a:1\n", "b/Dockerfile": "FROM b:1\n", "Dockerfile": "FROM c"}
    )
    assert places(scan(root, "a", "b/Dockerfile")) == [
        "docker.io/library/a:1 a/Dockerfile:1",
        "docker.io/library/b:1 b/Dockerfile:1",
    ]


def test_include_narrows(write: Write) -> None:
    root = write({"a/Dockerfile": "FROM a:1\n", "b/Dockerfile": "FROM b:1\n"})
    assert places(scan(root, include=("b/**",))) == ["docker.io/library/b:1 b/Dockerfile:1"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"FROM a:1\n\0\0", "NUL"),
        (b"FROM a:1\n" + b"#" * MAX_FILE_SIZE, "more than"),
    ],
    ids=["binary", "too large"],
)
def test_what_is_no_text_is_told_and_the_rest_goes_on(
    write: Write, content: bytes, reason: str
) -> None:
    found = scan(write({"Dockerfile": content, "x/Dockerfile": "FROM b:1\n"}))
    assert places(found) == ["docker.io/library/b:1 x/Dockerfile:1"]
    (skipped,) = found.skipped
    assert skipped.file == "Dockerfile"
    assert reason in skipped.reason


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffFROM a:1\n".encode(),
        "FROM a:1\n".encode("utf-16"),
        b"# caf\xe9\nFROM a:1\n",
        b"FROM a:1\r\n",
    ],
    ids=["byte order mark", "UTF-16", "Latin-1 in a comment", "CRLF"],
)
def test_encodings(write: Write, content: bytes) -> None:
    (finding,) = scan(write({"Dockerfile": content})).findings
    assert str(finding.reference) == "docker.io/library/a:1"


def test_links_that_loop_or_lead_out_are_not_followed(write: Write, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "Dockerfile").write_text("FROM secret:1\n")
    root = write({"repo/Dockerfile": "FROM a:1\n", "repo/sub/Dockerfile": "FROM b:1\n"}) / "repo"
    (root / "loop").symlink_to(root)
    (root / "Dockerfile.self").symlink_to(root / "Dockerfile.self")
    (root / "Dockerfile.out").symlink_to(outside / "Dockerfile")
    (root / "out").symlink_to(outside)
    found = scan(root)
    assert places(found) == [
        "docker.io/library/a:1 Dockerfile:1",
        "docker.io/library/b:1 sub/Dockerfile:1",
    ]
    assert {s.file for s in found.skipped} == {"Dockerfile.self", "Dockerfile.out"}


def test_special_files_are_not_opened(write: Write) -> None:
    root = write({"sub/Dockerfile": "FROM a:1\n"})
    os.mkfifo(root / "Dockerfile")
    found = scan(root)
    assert places(found) == ["docker.io/library/a:1 sub/Dockerfile:1"]
    assert found.skipped[0].reason == "not a regular file"


def test_a_mark_silences_its_line(write: Write) -> None:
    compose = (
        "services:\n"
        "  a:\n"
        "    image: a:1  # prewarm: ignore\n"
        "  b:\n"
        "    image: b:1\n"
        "  c:\n"
        "    # prewarm: ignore\n"
        "    image: c:1\n"
    )
    dockerfile = "# prewarm: ignore\nFROM a:1 AS a\nFROM b:1\n"
    found = scan(write({"compose.yaml": compose, "Dockerfile": dockerfile}))
    assert places(found) == [
        "docker.io/library/b:1 Dockerfile:3",
        "docker.io/library/b:1 compose.yaml:5",
    ]


@pytest.mark.parametrize(
    ("name", "content", "rule", "expected"),
    [
        (
            "x.conf",
            "RUNTIME=a:1 other\n#\nRUNTIME=b:2\n",
            {"pattern": r"RUNTIME=(?P<image>\S+)"},
            ["docker.io/library/a:1 x.conf:1", "docker.io/library/b:2 x.conf:3"],
        ),
        (
            "x.conf",
            "repo quay.io org/app v1\n",
            {"pattern": r"repo (?P<registry>\S+) (?P<repository>\S+) (?P<tag>\S+)"},
            ["quay.io/org/app:v1 x.conf:1"],
        ),
        (
            "x.dat",
            "tools:\n  - {name: n, run: a:1}\n  - {name: m, run: b:1}\n",
            {"path": "tools.*.run"},
            ["docker.io/library/a:1 x.dat:2", "docker.io/library/b:1 x.dat:3"],
        ),
        (
            "x.json.dat",
            '{"a": {"b": [{"run": "a:1"}]}}',
            {"path": "**.run"},
            ["docker.io/library/a:1 x.json.dat:1"],
        ),
        (
            "x.toml",
            '[tool]\nrun = "a:1"\n[other]\nrun = "a:1"\n',
            {"path": "other.run"},
            ["docker.io/library/a:1 x.toml:2"],
        ),
    ],
)
def test_own_rules(
    write: Write, name: str, content: str, rule: dict[str, str], expected: list[str]
) -> None:
    found = scan(write({name: content}), rules=(Rule.make(name, **rule),))
    assert places(found) == expected


def test_scanning_twice_in_any_order_and_in_processes_gives_the_same(write: Write) -> None:
    names = [f"d{n:03}/Dockerfile" for n in range(450)]
    root = write({name: f"FROM a:{n % 7}\n" for n, name in enumerate(names)})
    once = scan(root)
    shuffled = [root / name for name in random.Random(1).sample(names, len(names))]
    again = Scanner(Inputs(), workers=1).scan(Tree.at(shuffled))
    parallel = Scanner(Inputs(), workers=2).scan(Tree.at([root]))
    assert once.findings == again.findings == parallel.findings
    assert len(once.findings) == 450


@pytest.mark.parametrize(
    "name", ["main.go", "a/b/index.js", "compose.py", ".github/workflows/x.ts"]
)
def test_the_short_cut_for_sources_agrees_with_the_table(name: str) -> None:
    assert format_of(name) is None
    assert not [f.name for f in FORMATS if f.paths.fullmatch(name)]


@pytest.mark.parametrize(
    "text",
    [
        'services: {a: "b" "c"}\nx: ' + "[" * 300,
        "services:\n  a: {b c: {\nimage" + "{" * 250 + "\n",
        "- " * 5000 + "image: a:1",
        "a: " + "[" * 100_000,
        "a: &a [*a]\nb: {" + "<<: *a, " * 300 + "}\n",
        "\n".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]" for n in range(1, 40)),
    ],
    ids=["broken and deep", "broken", "dashes", "brackets", "merges", "aliases"],
)
def test_hostile_yaml_is_told_and_never_a_bug(write: Write, text: str) -> None:
    found = scan(write({"compose.yaml": text, "x.yaml": text, "Dockerfile": "FROM a:1\n"}))
    assert "docker.io/library/a:1 Dockerfile:1" in places(found)
    assert not [skipped for skipped in found.skipped if "bug of ours" in skipped.reason]
