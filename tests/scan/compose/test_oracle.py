"""prewarm and compose-go read the same projects, variables and env files, and say the same."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from random import Random

import pytest

from prewarm.scan.compose import dotenv, interpolation
from prewarm.scan.compose.project import DEFAULT_NAMES
from tests.scan.compose.generated import Generator
from tests.scan.compose.oracle import Answer, Case, Question, Shape, ask, build, ours, theirs
from tests.scan.compose.trap import Trap, traps

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(
        not os.environ.get("PREWARM_ORACLES") or not shutil.which("go"),
        reason="needs PREWARM_ORACLES=1 and go",
    ),
]

TRAPS = traps(Path(__file__).parent / "cases")
_PROJECTS = int(os.environ.get("PREWARM_ORACLE_PROJECTS", "300"))
_TEXTS = 4000
_TEMPLATE = "$|{|}|${|A|B|a_1|:-|-|:?|?|:+|+|x| |\n|$$|${A|${B:-|ſ|1|é"
_ENV_FILE = (
    'A|B|=|\n|"|\'|\\|$|{|}|${A}|$B| |\t|#| #|export |\r\n|x|1|:|-|.|[|é|\\n|\\"|\\0101|\\012|\\$'
    "|\\c|\u00a0|\u2003|\v|A=x\n|B='y' |C=\"z\"|\ufeff|$$|:-|?"
)


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("oracle"))


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_the_table_of_traps(trap: Trap, program: Path, tmp_path: Path) -> None:
    trap.write(tmp_path / "project")
    case = Case(tmp_path / "project", trap.environment, strict=trap.refused)
    [answer] = ask(program, [case.question])
    assert bool(answer.get("error")) == trap.refused
    if not trap.refused:
        start = next(name for name in DEFAULT_NAMES if name in trap.files)
        assert ours(case, start) == theirs(answer, case.folder)


def test_generated_projects(program: Path, tmp_path: Path) -> None:
    cases = [_write(seed, tmp_path / str(seed) / "project") for seed in range(_PROJECTS)]
    answers = ask(program, [case.question for case in cases])
    accepted = 0
    for case, answer in zip(cases, answers, strict=True):
        said = ours(case, "compose.yaml")
        if "error" not in answer:
            accepted += 1
            # Asked again, it now and then says something else.
            again = answer if said == theirs(answer, case.folder) else _again(program, case, said)
            assert said == theirs(again, case.folder), case.folder
    assert accepted > _PROJECTS / 3


def test_random_templates(program: Path) -> None:
    questions = _texts("template", _TEMPLATE.split("|"))
    for question, answer in zip(questions, ask(program, questions), strict=True):
        expansion = interpolation.expand(question["text"], question["env"])
        assert bool(expansion.fault) == ("error" in answer), question
        assert expansion.fault or expansion.text == answer.get("text", ""), question


def test_random_env_files(program: Path) -> None:
    questions = _texts("dotenv", _ENV_FILE.split("|"))
    for question, answer in zip(questions, ask(program, questions), strict=True):
        parsed = dotenv.parse(question["text"], question["env"], {})
        assert bool(parsed.fault) == ("error" in answer), question
        assert parsed.fault or parsed.values == answer.get("values", {}), question


def _again(program: Path, case: Case, said: Shape) -> Answer:
    answers = ask(program, [case.question] * 10)
    return next((a for a in answers if theirs(a, case.folder) == said), answers[0])


def _write(seed: int, folder: Path) -> Case:
    generator = Generator(seed)
    for name, text in generator.project().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return Case(folder, generator.environment())


def _texts(kind: str, pieces: list[str]) -> list[Question]:
    random = Random(kind)
    return [
        {
            "kind": kind,
            "text": "".join(random.choices(pieces, k=random.randint(1, 14))),
            "env": {name: random.choice(["", "1", "x y"]) for name in random.sample("AB", 1)},
        }
        for _ in range(_TEXTS)
    ]
