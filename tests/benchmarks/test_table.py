"""Results as Markdown: medians, ratios run by run, and what is marked as provisional."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.machine import Machine
from benchmarks.measure import Cost
from benchmarks.results import Case, Results, Sample
from benchmarks.table import disturbed, markdown, ratios, write_between

COST = Cost(
    wall=1.0, user=0.5, system=0.25, rss=30_000_000, status=0, others=0, upstream=0, said=""
)
MACHINE = Machine(2, "a processor", "Linux 6", "3.12.0", 8 * 2**30)


def sample(tool: str, number: int, wall: float, status: int = 0) -> Sample:
    cost = replace(COST, wall=wall, status=status)
    return Sample("few", tool, number, cost, 0.0, {"requests": 7, "disk": 5e6})


def run_of(*samples: Sample) -> Results:
    case = Case("few", "Few images", "prewarm", "The line itself allows 0.5 s.")
    tools = {"prewarm": "1.0", "crane": "0.2"}
    missing = {"regctl": "not installed"}
    return Results("fetch", "2024-01-01T000000Z", MACHINE, tools, missing, (case,), samples)


SAMPLES = (
    sample("prewarm", 0, 1.0),
    sample("crane", 0, 4.0),
    sample("prewarm", 1, 2.0),
    sample("crane", 1, 4.0),
    sample("prewarm", 2, 10.0),
    sample("crane", 2, 5.0),
)


def test_a_table_has_medians_ranges_and_ratios() -> None:
    assert markdown(run_of(*SAMPLES)) == TABLE


TABLE = """\
Measured 2024-01-01T000000Z on 2 cores (a processor), 8 GiB, Linux 6, Python 3.12.0: prewarm 1.0, \
crane 0.2.
Not measured: regctl: not installed.

**Few images**

|  | seconds | × prewarm | CPU seconds | MB of memory | MB on disk | requests |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
| prewarm | 2.00 (1.00–10.0) | 1 | 0.75 | 30 | 5 | 7 |
| crane | 4.00 (4.00–5.00) | 2.00 (0.50–4.00) | 0.75 | 30 | 5 | 7 |

The line itself allows 0.5 s.
"""


def test_a_ratio_is_taken_within_a_round_and_a_failed_run_has_none() -> None:
    assert ratios("crane", "prewarm", SAMPLES) == [4.0, 2.0, 0.5]
    failed = (sample("prewarm", 0, 1.0, status=1), sample("crane", 0, 4.0))
    assert ratios("crane", "prewarm", failed) == []
    assert "| prewarm | failed 1 of 1 |" in markdown(run_of(*failed))


@pytest.mark.parametrize(
    ("busy", "others", "expected"),
    [(0.0, 0.0, False), (0.09, 0.19, False), (0.11, 0.0, True), (0.0, 0.21, True)],
)
def test_a_run_beside_other_work_is_marked(busy: float, others: float, expected: bool) -> None:
    beside = replace(SAMPLES[0], busy=busy, cost=replace(COST, others=others))
    assert disturbed(beside, cores=2) is expected
    assert ("Provisional: 1 of 1 runs" in markdown(run_of(beside))) is expected


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    written = run_of(*SAMPLES)
    assert results.read(results.write(written, tmp_path / "results.json")) == written


def test_a_page_keeps_what_stands_around_the_markers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Figures\n\nBefore.\n")
    write_between(page, "fetch", "old")
    page.write_text(f"{page.read_text()}\nAfter.\n")
    write_between(page, "fetch", "new")
    begin, end = "<!-- fetch: measured -->", "<!-- fetch: end -->"
    assert page.read_text() == f"# Figures\n\nBefore.\n\n{begin}\nnew\n{end}\n\nAfter.\n"
