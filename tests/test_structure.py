"""The rooms of the package and who may import whom: data flows one way."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "prewarm"

MAY_IMPORT = {
    "errors": set[str](),
    "reference": {"errors"},
    "receiver": {"errors"},
    "oci": {"errors", "reference"},
    "policy": {"errors", "reference"},
    "config": {"errors", "oci", "policy", "reference", "selection", "versions"},
    "versions": {"errors"},
    "selection": {"oci", "reference", "versions"},
    "fromfile": {"errors", "oci", "reference", "scan", "versions"},
    "lockfile": {"errors", "oci", "reference"},
    "scan": {"errors", "oci", "reference"},
    "layout": {"errors", "oci", "receiver", "reference"},
    "registry": {"errors", "oci", "receiver", "reference"},
    "fetch": {"errors", "oci", "policy", "receiver", "reference"},
    "request": {"errors", "reference"},
    "serve": {"errors", "layout", "oci", "reference", "request"},
    "bench": {"errors", "fetch", "oci", "receiver", "reference"},
    "report": {"bench", "errors", "fetch", "layout", "lockfile", "oci", "reference", "scan"},
    "demo": {"errors", "oci", "reference"},
    "cli": {"commands", "errors"},
}
"""Right may be imported by left; `commands` may import everything but `cli`."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> Iterator[tuple[int, str]]:
    """Every `prewarm.ROOM` that a module imports, at its top or anywhere inside."""
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "prewarm":
            names = [f"prewarm.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        for name in names:
            if name.startswith("prewarm.") and not name.startswith("prewarm.__"):
                yield getattr(node, "lineno", 0), name.split(".")[1]


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_follow_the_direction(path: Path) -> None:
    room = room_of(path)
    if room in ("__init__", "__main__"):
        return
    everything = {room_of(p) for p in modules()} - {"cli", "__main__"}
    allowed = everything if room == "commands" else MAY_IMPORT[room] | {room}
    wrong = [f"line {n}: {other}" for n, other in imported_rooms(path) if other not in allowed]
    assert not wrong, f"{room} must not import {wrong}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_every_module_says_what_it_owns(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


def output_of(program: str) -> str:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize(
    "module", ["prewarm.scan.scanner", "prewarm.request", "prewarm.serve.app", "prewarm.fetch"]
)
def test_the_core_imports_without_click_waitress_or_a_network(module: str) -> None:
    foreign = ("click", "waitress", "requests", "urllib3", "tqdm", "socket", "http.client")
    program = f"import sys, {module}; print([m for m in {foreign!r} if m in sys.modules])"
    assert output_of(program) == "[]"


@pytest.mark.parametrize(
    ("command", "unused"),
    [
        ("scan", ("requests", "waitress", "tqdm", "prewarm.registry", "prewarm.layout")),
        ("ls", ("requests", "waitress", "tqdm", "yaml", "prewarm.scan")),
        ("fetch", ("requests", "waitress", "tqdm", "yaml", "prewarm.scan")),
        ("serve", ("requests", "tqdm", "yaml", "prewarm.scan")),
    ],
)
def test_a_command_imports_only_what_it_uses(command: str, unused: tuple[str, ...]) -> None:
    program = (
        f"import sys, prewarm.commands.{command}; "
        f"print([m for m in {unused!r} if m in sys.modules])"
    )
    assert output_of(program) == "[]"
