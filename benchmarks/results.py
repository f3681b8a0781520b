"""The raw results of a run and their file: one schema for every suite, described in README.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from benchmarks.machine import Machine
from benchmarks.measure import Cost

SCHEMA = 1
FOLDER = Path(__file__).with_name("results")


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one tool on one case; `busy` is the share of the cores others used before it.

    `counts` holds what only this suite counts (bytes on disk, requests at the upstream).
    """

    case: str
    tool: str
    round: int
    cost: Cost
    busy: float
    counts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """One table: a name, what was done in a phrase, and what no tool can go below, in a sentence.

    `first` is the tool that the others are compared with.
    """

    name: str
    title: str
    first: str
    limit: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """A whole run of a suite. `tools` are versions; `missing` says what was not there."""

    suite: str
    started: str
    machine: Machine
    tools: Mapping[str, str]
    missing: Mapping[str, str]
    cases: tuple[Case, ...]
    samples: tuple[Sample, ...]


def now() -> str:
    """The time in UTC, as a file name and a JSON value can carry it."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H%M%SZ")


def write(results: Results, file: Path | None = None) -> Path:
    """Write results where git does not look, or to `file`; gives the path."""
    path = file or FOLDER / f"{results.suite}-{results.started}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.parent == FOLDER:
        (FOLDER / ".gitignore").write_text("*\n")
    path.write_text(json.dumps({"schema": SCHEMA, **asdict(results)}, indent=1) + "\n")
    return path


def read(path: Path) -> Results:
    """Read what `write` wrote; raises ValueError for another schema."""
    document: dict[str, Any] = json.loads(path.read_text())
    if document.pop("schema") != SCHEMA:
        raise ValueError(f"{path}: not a result of schema {SCHEMA}: measure again")
    document["machine"] = Machine(**document["machine"])
    document["cases"] = tuple(Case(**case) for case in document["cases"])
    document["samples"] = tuple(
        Sample(**{**sample, "cost": Cost(**sample["cost"])}) for sample in document["samples"]
    )
    return Results(**document)
