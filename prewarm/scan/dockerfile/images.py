"""From one Dockerfile and one build of it to findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prewarm.errors import UsageError
from prewarm.oci import Platform
from prewarm.reference import DOCKER_HUB, Reference
from prewarm.scan.dockerfile.arguments import Variables, collect_variables
from prewarm.scan.dockerfile.bases import Problem, explain_name, resolve_base
from prewarm.scan.dockerfile.build import Build
from prewarm.scan.dockerfile.directives import find_syntax
from prewarm.scan.dockerfile.outline import Outline, read_outline
from prewarm.scan.dockerfile.refusal import Refused
from prewarm.scan.dockerfile.stages import SCRATCH, Stages, State
from prewarm.scan.dockerfile.text import Text
from prewarm.scan.dockerfile.word import variables_in
from prewarm.scan.finding import Place, Result, Skipped, Unresolved, found
from prewarm.scan.reader import Document

_SYNTAX_ARG = "BUILDKIT_SYNTAX"
_TARGET_ARG = "TARGETSTAGE"
_MAX_TARGETS = 100


def read_images(document: Document, build: Build) -> Iterator[Result]:
    """Every image of one build, the frontend that reads the file first."""
    reading = _Reading(document, build)
    yield from reading.syntax()
    results: list[Result] = []
    try:
        outline = read_outline(document.text)
        for target in _targets(outline, document, build):
            results += reading.stages(outline, target)
    except Refused as refused:
        results = list(reading.refusal(refused))
    yield from dict.fromkeys(results)


def _targets(outline: Outline, document: Document, build: Build) -> list[str | None]:
    """What to build: where the name of the target is itself a variable, each stage by itself."""
    if build.target is not None or _TARGET_ARG not in document.text or _TARGET_ARG in build.args:
        return [build.target]
    names = dict.fromkeys(stage.head.name for stage in outline.stages if stage.head.name)
    return [*names, ""] if len(names) <= _MAX_TARGETS else [None]


@dataclass(frozen=True, slots=True)
class _Reading:
    document: Document
    build: Build

    def syntax(self) -> Iterator[Result]:
        """The frontend's image, which a build argument may choose instead of the file."""
        text = find_syntax(self.document.text)
        given = self.build.args.get(_SYNTAX_ARG, "").strip().partition(" ")[0]
        if given:
            text = Text(given, given, text.position if text else (1, 1))
        if text is not None and not self._is_context(text.value, None):
            place = self._place(text)
            yield found(text.value, place, "syntax frontend", via=self.build.via)

    def stages(self, outline: Outline, target: str | None) -> Iterator[Result]:
        """What the stages need that a target reaches, and remarks about what was passed over."""
        escape = outline.escape
        name = target or outline.stages[-1].head.name
        variables = collect_variables(outline.args, self.build, name, escape)
        stages = Stages(escape)
        for stage in outline.stages:
            base = resolve_base(stage.head, variables, escape, self.build.builder)
            replaced = self._replaces(stage.head.name, base.platform)
            stages.begin(stage.head, base, stage.instructions, replaced)
        goal = stages.find_target(target)
        stages.link()
        wanted = stages.wake(goal)
        for state in stages.states:
            yield from self._state(state, state in wanted, stages, variables)
        yield from self._faults([*variables.problems, *stages.faults])
        for line, remark in outline.remarks:
            yield self._skipped(line, remark, "it was passed over")

    def _state(
        self, state: State, wanted: bool, stages: Stages, variables: Variables
    ) -> Iterator[Result]:
        problem = state.base.problem
        if problem is None and state.is_image:
            problem = explain_name(state.base, variables, stages.by_name)
        replaced = state.replaced or self._is_context(state.base.name, state.base.platform)
        if problem is not None and not (replaced and problem is state.base.cut):
            yield self._unresolved(state.text, problem)
        elif wanted and state.is_image and not replaced:
            yield self._found(state)

    def refusal(self, refused: Refused) -> Iterator[Result]:
        """What is said of a file of which BuildKit builds nothing, whatever it is given."""
        yield from self._faults([refused] if refused.name else [])
        yield self._skipped(refused.line, refused.problem, "BuildKit refuses the whole file")

    def _faults(self, faults: list[Refused]) -> Iterator[Result]:
        for fault in faults:
            if fault.name is not None:
                names = variables_in(fault.name.value)
                yield self._unresolved(fault.name, Problem(fault.problem, names))
            else:
                yield self._skipped(fault.line, fault.problem, "BuildKit builds nothing with that")

    def _skipped(self, line: int, problem: str, consequence: str) -> Skipped:
        where = f"line {line}: " if line else ""
        return Skipped(self.document.path, f"{where}{problem}: {consequence}")

    def _unresolved(self, text: Text, problem: Problem) -> Unresolved:
        place, via = self._place(text), self.build.via
        return Unresolved(text.written, place, problem.reason, problem.variables, via)

    def _found(self, state: State) -> Result:
        return found(
            state.base.name,
            self._place(state.text),
            state.kind,
            written=state.text.written,
            platform=str(state.base.platform) if state.base.platform else None,
            via=self.build.via,
        )

    def _place(self, text: Text) -> Place:
        return Place(self.document.path, *text.position)

    def _replaces(self, stage: str, platform: Platform | None) -> bool:
        """Whether a named context stands for a whole stage; two names can have none."""
        return stage not in ("", "context", SCRATCH) and self._is_context(stage, platform)

    def _is_context(self, name: str, platform: Platform | None) -> bool:
        if not self.build.contexts:
            return False
        try:
            familiar = _familiar(Reference.parse(name))
        except UsageError:
            return False
        particular = f"{familiar}::{platform or self.build.platform}"
        return not {familiar, particular}.isdisjoint(self.build.contexts)


def _familiar(reference: Reference) -> str:
    """A name as short as Docker shows it, which is how BuildKit looks contexts up."""
    name = str(reference).removeprefix(f"{DOCKER_HUB}/").removeprefix("library/")
    return name.removesuffix(":latest")
