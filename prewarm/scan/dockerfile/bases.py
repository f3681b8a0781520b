"""What a FROM means once its variables have values: a name, or why there is none."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from prewarm.errors import UsageError
from prewarm.oci import Platform
from prewarm.reference import Reference
from prewarm.scan.dockerfile.arguments import Variables
from prewarm.scan.dockerfile.instructions import From
from prewarm.scan.dockerfile.platform import parse_platform
from prewarm.scan.dockerfile.refusal import BadWord
from prewarm.scan.dockerfile.text import Text
from prewarm.scan.dockerfile.word import Expansion, expand

_BREAKS = (".", "-", "_")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an image cannot be named, and the variables whose values would help."""

    reason: str
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Base:
    """What a stage is built on: the name of a stage or an image, the platform where one is asked.

    With a `problem` nothing can be built, and the name may be ""; a `cut` is one only if the name
    is no stage's. `used` are the variables in the name.
    """

    name: str
    platform: Platform | None = None
    problem: Problem | None = None
    cut: Problem | None = None
    used: tuple[str, ...] = ()


def resolve_base(stage: From, variables: Variables, escape: str, builder: Platform) -> Base:
    """The base of a stage. Whether its name is one of a stage is not looked at."""
    base = _expand(stage.base, variables, escape)
    if isinstance(base, Problem):
        return Base("", problem=base)
    if not base.value.text:
        return Base("", problem=_explain("the name is empty", base, variables))
    platform: Platform | None = None
    if stage.platform is not None:
        found = _expand_platform(stage.platform, variables, escape, builder)
        if isinstance(found, Problem):
            return Base(base.value.text, problem=found, used=base.used)
        platform = found
    cut = _explain("", base, variables) if _is_cut(base) else None
    if cut is not None:
        cut = Problem(f"cut short to {base.value.text!r}: {cut.reason}", cut.variables)
    return Base(base.value.text, platform, cut=cut, used=base.used)


def explain_name(base: Base, variables: Variables, stages: Container[str]) -> Problem | None:
    """Why the name of a base is no image's, or None."""
    try:
        Reference.parse(base.name)
    except UsageError as error:
        if base.name.lower() in stages:
            return Problem(f"after FROM a stage is named in lower case: {base.name.lower()}")
        return _blame(f"{base.name!r} is {error.problem}", base.used, variables)
    return base.cut


def _expand(word: Text, variables: Variables, escape: str) -> Expansion | Problem:
    try:
        expansion = expand(word.value, variables.values, escape)
    except BadWord as error:
        return _of_bad_word(error)
    for name in expansion.used:
        if name in variables.broken:
            return _of_bad_word(variables.broken[name])
    return expansion


def _expand_platform(
    word: Text, variables: Variables, escape: str, builder: Platform
) -> Platform | Problem:
    expansion = _expand(word, variables, escape)
    if isinstance(expansion, Problem):
        return expansion
    text = expansion.value.text
    platform = parse_platform(text, builder)
    if platform is not None:
        return platform
    wrong = f"{text!r} is no platform" if text else "the platform is empty"
    return _explain(wrong, expansion, variables)


def _is_cut(base: Expansion) -> bool:
    """Whether a variable without a value leaves a tag that plainly lacks its end, as `1.` does."""
    text = base.value.text
    for offset, _ in base.value.holes:
        before, after = text[:offset], text[offset:]
        ends = not after or after[0] in _BREAKS
        if ends and (before.endswith(_BREAKS) or before.endswith((":v", "-v"))):
            return True
    return False


def _of_bad_word(error: BadWord) -> Problem:
    if error.variable is None:
        return Problem(f"it cannot be expanded: {error.problem}")
    return Problem(f"{error.problem}: {_give([error.variable])}", (error.variable,))


def _explain(problem: str, expansion: Expansion, variables: Variables) -> Problem:
    names = [name for _, name in expansion.value.holes]
    return _blame(problem, (*names, *expansion.used), variables)


def _blame(problem: str, used: tuple[str, ...], variables: Variables) -> Problem:
    """A problem, and the variables behind it: those without a value if there are any."""
    names = list(dict.fromkeys(used))
    empty = [name for name in names if not variables.text(name)]
    if not empty:
        return Problem(f"{problem}: {_give(names)}" if names else problem, tuple(names))
    stray = [name for name in empty if name not in variables.declared]
    lacking = [name for name in empty if name not in stray]
    reasons: list[str] = []
    if lacking:
        reasons.append(f"{_these(lacking)} no value: {_give(lacking)}")
    if stray:
        reasons.append(f"{_these(stray)} no ARG before the first FROM: write ARG {' '.join(stray)}")
    return Problem("; ".join(reasons), tuple(empty))


def _these(names: list[str]) -> str:
    if len(names) == 1:
        return f"the variable {names[0]} has"
    return f"the variables {', '.join(names[:-1])} and {names[-1]} have"


def _give(names: list[str]) -> str:
    return "give " + " ".join(f"--build-arg {name}=…" for name in names)
