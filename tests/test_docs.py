"""The documentation holds: its examples are run, its commands exist, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from prewarm.cli import COMMANDS, cli
from prewarm.config import parse_settings
from prewarm.scan.finding import Scan
from prewarm.scan.reader import Inputs
from prewarm.scan.scanner import Scanner
from prewarm.scan.tree import Tree

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")])
_BLOCK = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)#\s]+)[^)]*\)")


@dataclass(frozen=True, slots=True)
class Example:
    """Files of one example of a scan and what the page says of them."""

    page: str
    line: int
    files: tuple[tuple[str, str], ...]
    expected: str


def blocks(page: Path) -> Iterator[tuple[int, str, str]]:
    text = page.read_text()
    for match in _BLOCK.finditer(text):
        yield 1 + text.count("\n", 0, match.start()), match[1].strip(), match[2]


def examples() -> Iterator[Example]:
    """Each run of blocks `LANGUAGE FILE`, ended by a block `text`."""
    for page in sorted(ROOT.glob("docs/scan/*.md")):
        files: list[tuple[str, str]] = []
        for line, info, body in blocks(page):
            if info == "text" and files:
                yield Example(page.name, line, tuple(files), body)
                files = []
            elif len(info.split()) == 2:
                files.append((info.split()[1], body))


def shown(found: Scan) -> str:
    lines = [
        ((f.place.line, str(f.reference)), f"{f.reference} | {f.kind} | {f.place.line}")
        for f in found.findings
    ]
    lines += [
        ((u.place.line, u.written), f"unresolved | {u.written} | {u.place.line}")
        for u in found.unresolved
    ]
    return "\n".join(line for _, line in sorted(lines))


@pytest.mark.parametrize("example", list(examples()), ids=lambda e: f"{e.page}:{e.line}")
def test_scan_examples(example: Example, tmp_path: Path) -> None:
    for name, body in example.files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body)
    found = Scanner(Inputs(), workers=1).scan(Tree.at([tmp_path]))
    assert shown(found) == example.expected.strip()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    targets = [t for t in _LINK.findall(page.read_text()) if not re.match(r"[a-z]+:", t)]
    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_every_command_stands_in_the_readme_with_all_of_its_help() -> None:
    text = (ROOT / "README.md").read_text()
    for name in COMMANDS:
        assert f"| `prewarm {name}" in text
        answer = CliRunner().invoke(cli, [name, "--help"])
        assert answer.exit_code == 0
        assert "Example" in answer.output


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every line of a shell block that calls prewarm."""
    for page in PAGES:
        for line, info, body in blocks(page):
            if info not in ("sh", "console"):
                continue
            for text in (shown.removeprefix("$ ") for shown in body.splitlines()):
                if text.startswith("prewarm "):
                    yield f"{page.name}:{line}", shlex.split(text.removesuffix(" &"))


@pytest.mark.parametrize(("where", "words"), list(commands()), ids=str)
def test_every_command_line_is_understood(where: str, words: list[str]) -> None:
    context = cli.make_context("prewarm", [words[1]])
    command = cli.get_command(context, words[1])
    assert command is not None, where
    command.make_context(words[1], words[2:], parent=context).close()


@pytest.mark.parametrize("page", [ROOT / "README.md"], ids=["README"])
def test_settings_in_the_readme_are_settings(page: Path) -> None:
    found = [body for _, info, body in blocks(page) if info == "toml" and "platforms" in body]
    assert found
    for body in found:
        parse_settings(body, Path("prewarm.toml"))


def test_the_demo_runs_and_says_what_is_simulated() -> None:
    command = [sys.executable, "-m", "prewarm", "demo"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "8 images in the store" in done.stdout
    assert "Simulated: the upstream, its link and its images." in done.stdout
    total = re.search(r"^all .*?([\d.]+) s +([\d.]+) s", done.stdout, re.MULTILINE)
    assert total is not None
    assert float(total[1]) > float(total[2])
