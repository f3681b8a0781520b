"""Results as Markdown: a median with its range, and each tool against the first, run by run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median

from benchmarks.results import Case, Results, Sample

_DISTURBED = 0.1
"""A run is marked when others used more than this share of the cores before or during it."""

_COUNTS = {"disk": ("MB on disk", 1e6), "requests": ("requests", 1.0)}


def markdown(results: Results) -> str:
    """All tables of a run, with the machine, the versions, and what to mistrust."""
    tables = [_table(case, results) for case in results.cases]
    return "\n\n".join([_heading(results), *(table for table in tables if table)]) + "\n"


def write_between(path: Path, name: str, text: str) -> None:
    """Put text between a file's markers of this name; a file without them gets them at its end."""
    begin, end = f"<!-- {name}: measured -->", f"<!-- {name}: end -->"
    document = path.read_text() if path.exists() else "# Benchmarks\n"
    if begin not in document:
        document = f"{document.rstrip()}\n\n{begin}\n{end}\n"
    before, _, rest = document.partition(begin)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{before}{begin}\n{text.strip()}\n{end}{rest.partition(end)[2]}")


def _heading(results: Results) -> str:
    tools = ", ".join(f"{name} {version}" for name, version in results.tools.items() if version)
    lines = [f"Measured {results.started} on {results.machine}: {tools}."]
    lines += [f"Not measured: {name}: {why}." for name, why in results.missing.items()]
    marked = [s for s in results.samples if disturbed(s, results.machine.cores)]
    if marked:
        lines.append(
            f"Provisional: {len(marked)} of {len(results.samples)} runs shared the machine with "
            "other work."
        )
    return "\n".join(lines)


def disturbed(sample: Sample, cores: int) -> bool:
    """Whether somebody else's work may have made a run slower."""
    share = sample.cost.others / max(sample.cost.wall * cores, 0.01)
    return max(sample.busy, share) > _DISTURBED


def _table(case: Case, results: Results) -> str:
    samples = [s for s in results.samples if s.case == case.name]
    if not samples:
        return ""
    counts = [name for name in _COUNTS if any(name in s.counts for s in samples)]
    tools = list(dict.fromkeys(s.tool for s in samples))
    head = ["", "seconds", f"× {case.first}", "CPU seconds", "MB of memory"]
    head += [_COUNTS[name][0] for name in counts]
    rows = [_row(tool, case, samples, counts) for tool in tools]
    lines = [f"**{case.title}**", "", _line(head), _line(["---", *["---:"] * (len(head) - 1)])]
    return "\n".join([*lines, *map(_line, rows), *(["", case.limit] if case.limit else [])])


def _row(tool: str, case: Case, samples: Sequence[Sample], counts: Iterable[str]) -> list[str]:
    own = [s for s in samples if s.tool == tool]
    failed = sum(1 for s in own if s.cost.status != 0)
    if failed:
        return [tool, f"failed {failed} of {len(own)}", "", "", "", *("" for _ in counts)]
    return [
        tool,
        _spread(own, lambda s: s.cost.wall),
        _range(ratios(tool, case.first, samples)) if tool != case.first else "1",
        _figure(median(s.cost.cpu for s in own)),
        f"{median(s.cost.rss for s in own) / 1e6:.0f}",
        *(f"{median(s.counts[name] for s in own) / _COUNTS[name][1]:.0f}" for name in counts),
    ]


def ratios(tool: str, first: str, samples: Iterable[Sample]) -> list[float]:
    """How many times as long a tool took as the first one, in each round that has both."""
    walls = {(s.tool, s.round): s.cost.wall for s in samples if s.cost.status == 0}
    rounds = sorted(number for name, number in walls if name == tool)
    return [walls[tool, n] / walls[first, n] for n in rounds if (first, n) in walls]


def _spread(samples: Iterable[Sample], value: Callable[[Sample], float]) -> str:
    return _range([value(sample) for sample in samples])


def _range(values: Sequence[float]) -> str:
    if len(values) < 2:
        return "".join(map(_figure, values))
    return f"{_figure(median(values))} ({_figure(min(values))}–{_figure(max(values))})"


def _figure(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
