"""From folders and files to one Scan: walk, read each file with its format's reader, collect."""

from __future__ import annotations

from collections.abc import Iterator

from prewarm.scan.finding import Result, Scan, Skipped, collect
from prewarm.scan.formats import format_of, reader_of
from prewarm.scan.reader import Inputs, Scope
from prewarm.scan.tree import Tree


def scan_tree(tree: Tree, inputs: Inputs) -> Scan:
    """Read every file of a tree that some format claims."""
    paths = list(tree.paths())
    results = [result for path in paths for result in scan_file(tree, path, inputs)]
    return collect(results, len(paths))


def scan_file(tree: Tree, path: str, inputs: Inputs) -> Iterator[Result]:
    """What one file says; whatever is wrong with the file is a Skipped, never an exception."""
    format_ = format_of(path)
    if format_ is None:
        yield Skipped(path, "no format that prewarm reads has this name")
        return
    document = tree.load(path)
    if isinstance(document, Skipped):
        yield document
        return
    try:
        yield from reader_of(format_.module)(document, Scope(tree, inputs))
    except RecursionError:
        yield Skipped(path, "nested too deeply to be read")
