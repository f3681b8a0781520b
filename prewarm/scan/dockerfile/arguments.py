"""The variables that FROM may use: the predefined ones, and the ARGs before the first stage."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from prewarm.scan.dockerfile.build import Build
from prewarm.scan.dockerfile.instructions import Arg
from prewarm.scan.dockerfile.refusal import BadWord, Refused
from prewarm.scan.dockerfile.word import Value, expand


@dataclass(slots=True)
class Variables:
    """What FROM may use: the values, and which variables have none because of what is wrong.

    `declared` are the names that a build argument can set; `problems` are those that a build
    meets even where no FROM uses the variable.
    """

    values: dict[str, Value]
    declared: set[str]
    broken: dict[str, BadWord] = field(default_factory=dict)
    problems: list[Refused] = field(default_factory=list)

    def text(self, name: str) -> str:
        """A variable's value, "" where it has none."""
        value = self.values.get(name)
        return value.text if value else ""


def collect_variables(args: Iterable[Arg], build: Build, target: str, escape: str) -> Variables:
    """The variables after the global ARGs, in order; a build argument beats a default."""
    values = _predefined(build, target)
    variables = Variables(values, set(values))
    for arg in args:
        for name, default in arg.pairs:
            variables.declared.add(name)
            if name in build.args:
                variables.values[name] = Value(build.args[name])
                variables.broken.pop(name, None)
            elif default is not None:
                _declare(variables, arg.line, name, default, escape)
    return variables


def _declare(variables: Variables, line: int, name: str, default: str, escape: str) -> None:
    try:
        expansion = expand(default, variables.values, escape)
    except BadWord as error:
        variables.broken[name] = error
        variables.problems.append(Refused(line, f"ARG {name}: {error.problem}"))
        return
    causes = [variables.broken[used] for used in expansion.used if used in variables.broken]
    variables.broken.pop(name, None)
    if causes:
        variables.broken[name] = causes[0]
    variables.values[name] = expansion.value


def _predefined(build: Build, target: str) -> dict[str, Value]:
    values = {"TARGETSTAGE": target or "default"}
    for prefix, platform in (("BUILD", build.builder), ("TARGET", build.platform)):
        values[f"{prefix}PLATFORM"] = str(platform)
        values[f"{prefix}OS"] = platform.os
        values[f"{prefix}OSVERSION"] = ""
        values[f"{prefix}ARCH"] = platform.architecture
        values[f"{prefix}VARIANT"] = platform.variant
    return {name: Value(build.args.get(name, value)) for name, value in values.items()}
