"""BuildKit's own answers, by way of a small program in Go.

Run as a module, it writes those to the traps into `answers.json`.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.scan.dockerfile.traps import TRAPS, Trap

PROGRAM = Path(__file__).parents[2] / "oracles" / "buildkit"
ANSWERS = Path(__file__).with_name("answers.json")


@dataclass(frozen=True)
class Answer:
    """What BuildKit asked for, each as `reference platform`, and how the conversion ended."""

    syntax: str
    images: list[str]
    error: str


def build_oracle(folder: Path) -> Path:
    """Compile the program; the first time takes a minute or two."""
    path = folder / "oracle"
    subprocess.run(["go", "build", "-o", str(path), "."], cwd=PROGRAM, check=True)
    return path


def ask(oracle: Path, traps: Iterable[Trap]) -> list[Answer]:
    """BuildKit's answers, in order."""
    cases = "".join(f"{json.dumps(_case(trap))}\n" for trap in traps)
    done = subprocess.run([str(oracle)], input=cases, capture_output=True, text=True, check=True)
    return [_answer(json.loads(line)) for line in done.stdout.strip("\n").split("\n")]


def _case(trap: Trap) -> dict[str, object]:
    every = trap.target is None
    return asdict(trap) | {"target": trap.target or "", "every": every, "builder": "linux/amd64"}


def _answer(read: dict[str, object]) -> Answer:
    images = read["images"]
    assert isinstance(images, list)
    shown = [f"{image['name']} {image['platform']}" for image in images]
    return Answer(str(read["syntax"]), shown, str(read["error"]))


def load_answers() -> dict[str, Answer]:
    """The answers to all traps as they were last written."""
    read = json.loads(ANSWERS.read_text("utf-8"))
    return {name: Answer(**answer) for name, answer in read.items()}


def main() -> None:
    """Ask anew and write the answers down."""
    with tempfile.TemporaryDirectory() as folder:
        answers = ask(build_oracle(Path(folder)), TRAPS.values())
    table = {name: asdict(answer) for name, answer in zip(TRAPS, answers, strict=True)}
    ANSWERS.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
