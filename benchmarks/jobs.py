"""What the suite `fetch` measures: each case with its work, its line, its tools and its rounds."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks import works
from benchmarks.images import Work
from benchmarks.link import Line
from benchmarks.results import Case

LINE = Line(round_trip=0.05, connection_bandwidth=6_250_000, total_bandwidth=50_000_000)
_RANGES = 100
"""Into how many stretches a layer could be cut; more connections than the line is good for."""

_PEERS = ("prewarm", "skopeo", "crane", "regctl")
_ALL = ("prewarm", "skopeo", "skopeo sync", "crane", "regctl")


@dataclass(frozen=True, slots=True)
class Job:
    """One case: a work, over a line or on loopback, cold or with everything held already."""

    name: str
    work: Work
    tools: tuple[str, ...] = _PEERS
    line: Line | None = None
    warm: bool = False
    rounds: int = 5

    @property
    def case(self) -> Case:
        way = f"over {self.line}" if self.line else "on loopback"
        held = ", all held already" if self.warm else ""
        title = f"{self.work.words}, {self.work.size / 1e6:.0f} MB{held}, {way}"
        return Case(self.name, title, "prewarm", self._limit())

    def _limit(self) -> str:
        """What the line allows, at best and for a client that gets each layer in one stretch."""
        if self.line is None or self.warm:
            return ""
        best = self.line.seconds(self.work.size, len(self.work.layers) * _RANGES)
        largest = max(layer.size for layer in self.work.layers)
        whole = max(best, self.line.seconds(largest, 1))
        return f"The line itself allows {best:.1f} s, and {whole:.1f} s without ranges."


def jobs() -> tuple[Job, ...]:
    """Everything that is measured, quick things first."""
    twelve, hundred = works.twelve(), works.small(100)
    large = works.blobs(1, 1_000_000_000)
    return (
        Job("12-images", twelve, _ALL),
        Job("10-small", works.small(10)),
        Job("100-small", hundred, _ALL),
        Job("1000-small", works.small(1000), rounds=3),
        Job("1-blob", works.blobs(1)),
        Job("10-blobs", works.blobs(10)),
        Job("100-blobs", works.blobs(100), rounds=3),
        Job("1-GB", large, (*_PEERS, "ideal"), rounds=3),
        Job("100-small-warm", hundred, warm=True),
        Job("100-small-slow", hundred, line=LINE, rounds=3),
        Job("100-small-warm-slow", hundred, line=LINE, warm=True, rounds=3),
        Job("12-images-slow", twelve, (*_PEERS, "ideal"), LINE, rounds=3),
        Job("1-GB-slow", large, ("prewarm", "crane", "ideal"), LINE, rounds=1),
    )


def quick_jobs() -> tuple[Job, ...]:
    """The same shapes, small: to see that everything runs, not to learn figures."""
    line = Line(0.01, 6_250_000, 50_000_000)
    twelve, ten = works.twelve(0.01), works.small(10)
    large = works.blobs(1, 4_000_000)
    return (
        Job("12-images", twelve, _ALL, rounds=1),
        Job("10-small", ten, rounds=1),
        Job("10-small-warm", ten, warm=True, rounds=1),
        Job("12-images-slow", twelve, (*_PEERS, "ideal"), line, rounds=1),
        Job("1-blob-slow", large, ("prewarm", "ideal"), line, rounds=1),
    )
