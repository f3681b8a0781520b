"""Runs the cases of the suite `fetch`: one registry, every tool in turn within each round."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.jobs import Job
from benchmarks.link import proxied
from benchmarks.machine import Machine, wait_until_quiet
from benchmarks.measure import measure, size_of
from benchmarks.programs import NotInstalledError
from benchmarks.registry import Registry, running
from benchmarks.results import Case, Results, Sample, now
from benchmarks.tools import Task, Tool, environment


def measure_all(
    chosen: Sequence[Job],
    tools: Sequence[Tool],
    folder: Path,
    upstream: Path,
    *,
    seed: int,
    rounds: int | None,
    patience: float,
) -> Iterator[Results]:
    """Measure jobs in turn; gives the results so far after each, so that a break loses nothing.

    The tools write below `folder`, the registry keeps its files below `upstream`.
    """
    versions, missing = _versions(tools)
    present = [tool for tool in tools if tool.name in versions]
    started, machine = now(), Machine.read()
    cases: list[Case] = []
    samples: list[Sample] = []
    with running(upstream / "registry", seed) as registry:
        bench = Bench(registry, folder, patience)
        for job in chosen:
            registry.fill(job.work)
            mine = [tool for tool in present if tool.kind in job.tools]
            samples += bench.run(job, mine, rounds or job.rounds)
            cases.append(job.case)
            yield Results(
                "fetch", started, machine, versions, missing, tuple(cases), tuple(samples)
            )


@dataclass(frozen=True, slots=True)
class Bench:
    """Runs jobs against one registry, the tools in turn within each round."""

    registry: Registry
    folder: Path
    patience: float

    def run(self, job: Job, tools: Sequence[Tool], rounds: int) -> Iterator[Sample]:
        with self._way(job) as (port, known):
            for number in range(rounds):
                for tool in tools:
                    yield self._sample(job, tool, number, port, known)

    @contextmanager
    def _way(self, job: Job) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The port to ask, and the processes that stand for the upstream."""
        with ExitStack() as stack:
            port = self.registry.port
            known: tuple[int, ...] = (self.registry.pid,)
            if job.line is not None:
                port, pid = stack.enter_context(proxied(job.line, port))
                known = (*known, pid)
            yield port, known

    def _sample(
        self, job: Job, tool: Tool, number: int, port: int, known: tuple[int, ...]
    ) -> Sample:
        folder = self.folder / "run"
        folder.mkdir()
        try:
            task = self._task(job, port, folder)
            command, env = tool.command(task), environment(folder / "home")
            if job.warm:
                measure(command, folder, env)
            os.sync()
            busy = wait_until_quiet(self.patience)
            mark = self.registry.mark()
            cost = measure(command, folder, env, known=known)
            counts = {"requests": self.registry.requests_since(mark), "disk": size_of(task.output)}
        finally:
            shutil.rmtree(folder)
        if cost.status == 0 and counts["disk"] < job.work.size:
            cost = replace(cost, status=-1, said="it ended well, and not everything is there")
        return Sample(job.name, tool.name, number, cost, busy, counts)

    def _task(self, job: Job, port: int, folder: Path) -> Task:
        names = tuple(image.name for image in job.work.images)
        address = f"127.0.0.1:{port}"
        return Task(address, names, self.registry.targets(job.work), folder / "output", folder)


def _versions(tools: Sequence[Tool]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The versions of the tools that are installed, and what is missing with how to get it."""
    versions, missing = {}, {}
    for tool in tools:
        try:
            versions[tool.name] = tool.version()
        except NotInstalledError as error:
            missing[tool.name] = str(error)
    return versions, missing
