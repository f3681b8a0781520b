"""What BuildKit refuses, as exceptions that never leave this package."""

from __future__ import annotations

from dataclasses import dataclass

from prewarm.scan.dockerfile.text import Text


class BadWord(Exception):
    """A word that cannot be expanded; `variable` is the one whose value would mend it."""

    def __init__(self, problem: str, variable: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.variable = variable


@dataclass
class Refused(Exception):
    """A file that no value can mend: BuildKit builds nothing of it.

    `line` is 0 where none is at fault; `name` is the image that the line asks for, if it does.
    """

    line: int
    problem: str
    name: Text | None = None
