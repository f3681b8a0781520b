"""The stages of a Dockerfile, the images they need, and which of them a build reaches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from prewarm.scan.dockerfile.bases import Base
from prewarm.scan.dockerfile.instructions import (
    Copy,
    From,
    Instruction,
    Onbuild,
    Run,
    read_deferred,
)
from prewarm.scan.dockerfile.refusal import BadWord, Refused
from prewarm.scan.dockerfile.text import Text
from prewarm.scan.dockerfile.word import expand

SCRATCH = "scratch"
_NO_VARIABLE = "BuildKit takes no variable here: begin a stage FROM it and name the stage"
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")


@dataclass(eq=False, slots=True)
class State:
    """A stage, or an image that one copies or mounts from.

    `replaced` means that a named context stands for the stage. `origin` is the stage below it,
    where its base is one; `sources` are what its instructions need; `instructions` is None for
    what is no stage of the file.
    """

    name: str
    base: Base
    text: Text
    kind: str
    instructions: list[Instruction] | None = None
    replaced: bool = False
    origin: State | None = None
    sources: list[State] = field(default_factory=list)
    awoken: bool = False

    @property
    def is_image(self) -> bool:
        """Whether it is pulled rather than built on something."""
        return self.origin is None and self.base.name != SCRATCH

    @property
    def deferred(self) -> Iterator[Onbuild]:
        """The instructions that wake when a stage is built on this one."""
        for instruction in self.instructions or ():
            if isinstance(instruction, Onbuild):
                yield instruction


@dataclass(slots=True)
class Stages:
    """Every state of a build, in BuildKit's order, and the stages by name.

    Of two stages with one name the later counts, except for the FROMs between them. `faults` are
    what BuildKit would refuse, and what was left out for that.
    """

    escape: str
    states: list[State] = field(default_factory=list)
    by_name: dict[str, State] = field(default_factory=dict)
    faults: list[Refused] = field(default_factory=list)

    def begin(
        self, stage: From, base: Base, instructions: list[Instruction], replaced: bool
    ) -> None:
        """Add a stage: its base is an earlier stage or an image, or it is replaced as a whole."""
        state = State(stage.name, base, stage.base, "base image", instructions, replaced)
        self._add(state)
        if stage.name:
            self.by_name[stage.name] = state

    def _add(self, state: State) -> None:
        state.origin = None if state.replaced else self.by_name.get(state.base.name)
        self.states.append(state)

    def find_target(self, name: str | None) -> State | None:
        """The stage of a name, the last one for "", None for None; Refused if there is none."""
        if not name:
            return None if name is None else self.states[-1]
        if name.lower() not in self.by_name:
            raise Refused(0, f"no stage is named {name!r}, which is to be built")
        return self.by_name[name.lower()]

    def link(self) -> None:
        """Find what the instructions of all stages need; Refused for what cannot be."""
        for state in list(self.states):
            for instruction in state.instructions or ():
                state.sources += self._sources(instruction, "stage copy", "build mount")
        self._refuse_circles()

    def _sources(self, instruction: Instruction, copy: str, mount: str) -> Iterator[State]:
        if isinstance(instruction, Copy):
            if self._is_literal(instruction.source):
                yield self._copied(instruction, copy)
        elif isinstance(instruction, Run):
            for source in instruction.sources:
                if source is None:
                    yield self._named(Text(SCRATCH, SCRATCH, (0, 0)), mount)
                elif "$" not in source.value[:-1]:
                    yield self._named(source, mount)
                else:
                    self.faults.append(Refused(instruction.line, _NO_VARIABLE, source))

    def _is_literal(self, source: Text) -> bool:
        try:
            if expand(source.value, {}, self.escape).value.text == source.value:
                return True
        except BadWord:
            pass
        self.faults.append(Refused(source.position[0], _NO_VARIABLE, source))
        return False

    def _copied(self, copy: Copy, kind: str) -> State:
        name = copy.source.value
        if _NUMBER.fullmatch(name) is None:
            return self._named(copy.source, kind)
        if not 0 <= int(name) < len(self.states):
            raise Refused(copy.line, f"COPY --from={name}: there is no stage of that number")
        return self.states[int(name)]

    def _named(self, name: Text, kind: str) -> State:
        state = self.by_name.get(name.value.lower())
        if state is None:
            state = State("", Base(name.value), name, kind)
            self._add(state)
        return state

    def _refuse_circles(self) -> None:
        done: set[State] = set()
        for start in self.states:
            if start in done:
                continue
            path: dict[State, Iterator[State]] = {start: iter(start.sources)}
            while path:
                state, sources = next(reversed(path.items()))
                source = next((s for s in sources if s not in done), None)
                if source in path:
                    line = state.text.position[0]
                    raise Refused(line, "the stage needs itself, at once or by way of others")
                if source is None:
                    done.add(state)
                    del path[state]
                else:
                    path[source] = iter(source.sources)

    def wake(self, target: State | None) -> set[State]:
        """What a build of `target` needs, or of every stage, what ONBUILD deferred included."""
        while True:
            wanted = _reachable(self.states if target is None else [target])
            asleep = [s for s in self.states if s in wanted and s.origin and not s.awoken]
            if not asleep:
                return wanted
            for state in asleep:
                state.awoken = True
                try:
                    for onbuild in state.origin.deferred if state.origin else ():
                        kinds = ("onbuild copy", "onbuild mount")
                        state.sources += self._sources(read_deferred(onbuild), *kinds)
                except Refused as error:
                    self.faults.append(error)


def _reachable(targets: Iterable[State]) -> set[State]:
    reached: set[State] = set()
    waiting = list(targets)
    while waiting:
        state = waiting.pop()
        if state not in reached:
            reached.add(state)
            waiting += state.sources
            if state.origin is not None:
                waiting.append(state.origin)
    return reached
