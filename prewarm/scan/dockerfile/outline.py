"""A Dockerfile parted into its global variables and its stages."""

from __future__ import annotations

from dataclasses import dataclass, field

from prewarm.scan.dockerfile.checks import passed_over
from prewarm.scan.dockerfile.command import Command
from prewarm.scan.dockerfile.directives import check_options, find_syntax
from prewarm.scan.dockerfile.instructions import Arg, From, Instruction, read_instruction
from prewarm.scan.dockerfile.lines import read_source
from prewarm.scan.dockerfile.refusal import Refused


@dataclass(frozen=True, slots=True)
class Stage:
    """A FROM and the instructions after it."""

    head: From
    instructions: list[Instruction] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outline:
    """A file's global ARGs, its stages, and what in it was passed over.

    `escape` is what escapes in the file; `frontend` says whether it names what is to read it.
    """

    escape: str
    frontend: bool
    args: list[Arg] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)
    remarks: list[tuple[int, str]] = field(default_factory=list)

    def add(self, command: Command) -> None:
        """Take the next instruction; Refused where it cannot stand here, or not at all."""
        if not self.stages and command.name not in ("arg", "from"):
            raise command.refused("stands before the first FROM")
        if remark := passed_over(command, self.frontend):
            self.remarks.append((command.line.number, remark))
        instruction = read_instruction(command, self.escape)
        if isinstance(instruction, From):
            self.stages.append(Stage(instruction))
        elif self.stages:
            self.stages[-1].instructions.append(instruction)
        elif isinstance(instruction, Arg):
            self.args.append(instruction)


def read_outline(text: str) -> Outline:
    """Read a whole file; Refused where BuildKit's parser would, whatever values it is given."""
    check_options(text)
    source = read_source(text)
    outline = Outline(source.escape, find_syntax(text) is not None)
    for command in source.commands:
        outline.add(command)
    if not outline.stages:
        raise Refused(source.commands[-1].line.number, "there is no FROM")
    return outline
