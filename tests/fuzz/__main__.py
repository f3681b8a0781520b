"""Mutates real texts and hands them to every reader: none may raise, hang, or misplace a finding.

`python -m tests.fuzz --minutes 10` says how many texts it tried and stops at the first fault, whose
text it keeps in a file.
"""

from __future__ import annotations

import argparse
import random
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from prewarm.scan.finding import Finding, Unresolved
from prewarm.scan.formats import format_of, reader_of
from prewarm.scan.reader import Document, Inputs, NoFiles, Scope

ROOT = Path(__file__).parents[2]
PATIENCE = 10
"""Seconds after which a text of a few kilobytes counts as a hang."""
_BLOCK = re.compile(r"^```\w+ (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PIECES = (
    "${",
    "}",
    "$(",
    "{{",
    "}}",
    ":",
    "@",
    "/",
    "#",
    "\\\n",
    "\n",
    "\t",
    '"',
    "'",
    "<<EOF\n",
    "image: ",
    "FROM ",
    "- ",
    "&a ",
    "*a",
    "<<: *a\n",
    "!!binary ",
    "[",
    "{",
    "\0",
    "\ufeff",
    "sha256:",
    "---\n",
    "|\n",
    ">-\n",
    "${A:-",
    "é",
    "\u2028",
)


def seeds() -> list[tuple[str, str]]:
    """File names and texts: the examples of the documentation and the sample repository."""
    found = [
        (match[1], match[2])
        for page in sorted((ROOT / "docs" / "scan").glob("*.md"))
        for match in _BLOCK.finditer(page.read_text())
    ]
    shop = ROOT / "prewarm" / "demo" / "shop"
    found += [
        (path.relative_to(shop).as_posix(), path.read_text())
        for path in sorted(shop.rglob("*"))
        if path.is_file()
    ]
    return [(name, text) for name, text in found if format_of(name)]


def mutations(dice: random.Random, texts: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Texts that are like the seeds, and ever less so, without end."""
    while True:
        name, text = dice.choice(texts)
        for _ in range(dice.randint(1, 8)):
            text = dice.choice(_MUTATIONS)(dice, text, dice.choice(texts)[1])
        yield name, text[:50_000]


def _insert(dice: random.Random, text: str, _: str) -> str:
    at = dice.randint(0, len(text))
    return text[:at] + dice.choice(_PIECES) * dice.choice((1, 1, 1, 3, 60)) + text[at:]


def _delete(dice: random.Random, text: str, _: str) -> str:
    at = dice.randint(0, len(text))
    return text[:at] + text[at + dice.randint(1, 20) :]


def _splice(dice: random.Random, text: str, other: str) -> str:
    at, start = dice.randint(0, len(text)), dice.randint(0, len(other))
    return text[:at] + other[start : start + dice.randint(1, 200)] + text[at:]


def _repeat(dice: random.Random, text: str, _: str) -> str:
    at = dice.randint(0, len(text))
    part = text[at : at + dice.randint(1, 60)]
    return text[:at] + part * dice.randint(1, 20) + text[at:]


_MUTATIONS: tuple[Callable[[random.Random, str, str], str], ...] = (
    _insert, _insert, _delete, _splice, _repeat
)  # fmt: skip


def check(name: str, text: str, inputs: Inputs) -> None:
    """Read one text; raises AssertionError, or whatever the reader raised."""
    format_ = format_of(name)
    assert format_ is not None
    lines = text.count("\n") + text.count("\r") + 1
    for result in reader_of(format_.module)(Document(name, text), Scope(NoFiles(), inputs)):
        if isinstance(result, Finding | Unresolved):
            assert 1 <= result.place.line <= lines, result
            assert result.place.column >= 1, result
        if isinstance(result, Finding):
            assert str(result.reference), result


def _too_slow(signum: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"more than {PATIENCE} seconds")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, _too_slow)
    end, count = time.monotonic() + options.minutes * 60, 0
    inputs = Inputs(guess=True)
    for name, text in mutations(random.Random(options.seed), seeds()):
        if time.monotonic() > end:
            break
        count += 1
        signal.alarm(PATIENCE)
        try:
            check(name, text, inputs)
        except (Exception, RecursionError) as error:  # noqa: BLE001
            signal.alarm(0)
            kept = Path(tempfile.mkdtemp(prefix="prewarm-fuzz-")) / Path(name).name
            kept.write_text(text)
            print(f"seed {options.seed}, text {count}, {name}: {type(error).__name__}: {error}")
            print(f"the text is in {kept}")
            return 1
        signal.alarm(0)
    print(f"seed {options.seed}: {count} texts, no crash, no hang")
    return 0


if __name__ == "__main__":
    sys.exit(main())
