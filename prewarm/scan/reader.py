"""What a reader of a format is given and what it gives back: the contract of every format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from prewarm.oci import Platform
from prewarm.scan.finding import Result


@dataclass(frozen=True, slots=True)
class Document:
    """One file's text: its path as shown (posix, relative to the root), decoded, no BOM.

    Line ends are as the file has them.
    """

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the person supplies from outside the files.

    `environ` is the process's environment: only formats that themselves look at it (compose) may.
    """

    build_args: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    profiles: tuple[str, ...] = ()
    platform: Platform = field(default_factory=Platform.of_this_machine)
    guess: bool = False


class Files(Protocol):
    """The other files of the same tree, for formats that lead to them; paths as in Document.

    A path may contain `..` and is refused (None, empty) where it leaves the tree.
    """

    def read(self, path: str) -> Document | None:
        """The file, or None where there is none that may be read."""

    def names(self, folder: str) -> tuple[str, ...]:
        """What a folder ("" is the root) holds, sorted; empty where there is no such folder."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything a reader may look at besides its own document."""

    files: Files
    inputs: Inputs = field(default_factory=Inputs)


Reader = Callable[[Document, Scope], Iterator[Result]]
"""Text in, findings out. A reader never raises for what a file holds: it yields Skipped."""


class NoFiles:
    """A tree with nothing in it: for text that stands alone."""

    def read(self, path: str) -> Document | None:
        return None

    def names(self, folder: str) -> tuple[str, ...]:
        return ()
