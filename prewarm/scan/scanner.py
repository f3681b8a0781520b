"""From folders and files to one Scan: walk, read each file with its format's reader, collect."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

from prewarm.scan.finding import Result, Scan, Skipped, collect
from prewarm.scan.formats import format_of, reader_of
from prewarm.scan.kustomize import settle
from prewarm.scan.marks import MarkedFiles
from prewarm.scan.reader import Inputs, Scope
from prewarm.scan.rules import Rule
from prewarm.scan.tree import Tree

_BATCH = 200
"""Files that one process reads at a time; with fewer in all, a second process does not pay."""


@dataclass(frozen=True, slots=True)
class Scanner:
    """Reads trees with a person's inputs and rules, in up to `workers` processes."""

    inputs: Inputs = field(default_factory=Inputs)
    rules: Sequence[Rule] = ()
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)

    def scan(self, tree: Tree, more: Iterable[Result] = ()) -> Scan:
        """Read every file of a tree that some format or rule claims, and add `more` results."""
        paths = list(tree.paths(self.claims))
        batches = [paths[start : start + _BATCH] for start in range(0, len(paths), _BATCH)]
        read = partial(self._read_batch, tree)
        if len(batches) < 2 or self.workers < 2:
            results = [read(batch) for batch in batches]
        else:
            results = _map_in_processes(read, batches, self.workers)
        everything = settle([*more, *chain.from_iterable(results)], paths, tree)
        return collect(everything, len(paths))

    def claims(self, path: str) -> bool:
        """Whether a file of this name is read."""
        format_ = format_of(path)
        if format_ is not None and (self.inputs.guess or not format_.guess):
            return True
        return any(rule.claims(path) for rule in self.rules)

    def read_file(self, tree: Tree, path: str) -> list[Result]:
        """What one file says; whatever is wrong with the file is a Skipped, never an exception."""
        document = tree.load(path)
        if isinstance(document, Skipped):
            return [document]
        files = MarkedFiles(tree)
        files.note(document)
        results: list[Result] = []
        try:
            for rule in self.rules:
                if rule.claims(path):
                    results += rule.read(document)
            if (format_ := format_of(path)) is not None:
                results += reader_of(format_.module)(document, Scope(files, self.inputs))
        except RecursionError:
            results.append(Skipped(path, "nested too deeply to be read"))
        except Exception as error:  # noqa: BLE001 - one file must never end a scan
            told = f"{type(error).__name__}: {error}"
            results.append(Skipped(path, f"a bug of ours ({told}); please report this file"))
        return [result for result in results if not files.hides(result)]

    def _read_batch(self, tree: Tree, paths: Sequence[str]) -> list[Result]:
        return [result for path in paths for result in self.read_file(tree, path)]


def _map_in_processes(
    function: Callable[[Sequence[str]], list[Result]], batches: list[list[str]], workers: int
) -> list[list[Result]]:
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - a small scan needs none
    from multiprocessing import get_context  # noqa: PLC0415

    with ProcessPoolExecutor(workers, get_context("fork")) as pool:
        return list(pool.map(function, batches))
