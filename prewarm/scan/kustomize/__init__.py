"""Kustomizations: images that entries name, and patches; `settle` follows where they lead."""

from __future__ import annotations

from collections.abc import Iterator

from prewarm.scan import yamltext
from prewarm.scan.finding import Result, Skipped
from prewarm.scan.kubernetes import once, walked
from prewarm.scan.kustomize.file import is_kustomization, parse
from prewarm.scan.kustomize.settle import alone, settle
from prewarm.scan.reader import Document, Scope
from prewarm.scan.yamlvalues import from_node

__all__ = ["is_kustomization", "read", "settle"]


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What a kustomization says by itself; what its entries change, only the whole tree tells."""
    lines = document.text.split("\n")
    kustomization = parse(document)
    if kustomization is not None:
        for entry in kustomization.entries:
            yield from alone(entry)
    for part in yamltext.parse(document.text):
        if part.root is None:
            yield Skipped(document.path, part.error)
        else:
            value = from_node(part.root, part, document.path, lines)
            yield from once(walked(value, lines, scope, kind="Kustomization"))
