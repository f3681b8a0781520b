"""BuildKit itself, asked now: the traps' answers still stand, and random files agree.

`PREWARM_ORACLES=1 python -m pytest tests/scan/dockerfile -m oracle`; PREWARM_SEED and
PREWARM_CASES choose other files and more of them.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from prewarm.reference import Reference
from prewarm.scan.finding import Finding
from tests.scan.dockerfile.generated import generate
from tests.scan.dockerfile.oracle import Answer, ask, build_oracle, load_answers
from tests.scan.dockerfile.reading import is_refused, read_text, skipped, unresolved
from tests.scan.dockerfile.traps import TRAPS, Trap

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not os.environ.get("PREWARM_ORACLES"), reason="PREWARM_ORACLES is not set"),
    pytest.mark.skipif(shutil.which("go") is None, reason="there is no go"),
]

REFUSED_FOR_ONE_LINE = (
    *("should not be blank", "failed to process", "platform", "failed to parse stage name"),
    *("invalid component", "variable expansion"),
)


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_oracle(tmp_path_factory.mktemp("oracle"))


def test_the_answers_to_the_traps_still_stand(oracle: Path) -> None:
    assert dict(zip(TRAPS, ask(oracle, TRAPS.values()), strict=True)) == load_answers()


def test_random_files_agree(oracle: Path) -> None:
    seed = int(os.environ.get("PREWARM_SEED", "1"))
    traps = list(generate(seed, int(os.environ.get("PREWARM_CASES", "4000"))))
    wrong = [
        (difference, trap, answer)
        for trap, answer in zip(traps, ask(oracle, traps), strict=True)
        if (difference := differ(trap, answer))
    ]
    assert not wrong, f"{len(wrong)} of {len(traps)}: {wrong[0]}"


def differ(trap: Trap, answer: Answer) -> str:
    """What sets our answer apart from BuildKit's, "" for nothing or for what is meant to be."""
    results = read_text(trap.text, trap.args, trap.target, trap.platform, trap.contexts)
    ours = {
        f"{result.reference} {result.platform or trap.platform}"
        for result in results
        if isinstance(result, Finding) and result.kind != "syntax frontend"
    }
    theirs = {normal(image) for image in answer.images}
    if any(problem.reason.startswith("cut short") for problem in unresolved(results)):
        return ""
    if is_refused(results):
        if not answer.error or ours:
            return "refused, against BuildKit" if not ours else "findings of a refused file"
        return f"BuildKit asked: {theirs}" if theirs and trap.target is not None else ""
    if "unknown" in answer.error and skipped(results):
        return ""
    if any(phrase in answer.error for phrase in REFUSED_FOR_ONE_LINE):
        said = bool(unresolved(results) or skipped(results))
        return "" if theirs <= ours and (said or ours == theirs) else f"BuildKit: {theirs - ours}"
    return "" if ours == theirs else f"ours {ours - theirs}, BuildKit's {theirs - ours}"


def normal(image: str) -> str:
    """BuildKit's name as ours: the host in lower case, no version of the operating system."""
    name, _, platform = image.partition(" ")
    return f"{Reference.parse(name)} {platform.replace('(1)', '')}"
