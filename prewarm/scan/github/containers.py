"""What a job's parts pull: its container, its services, its steps that are images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from prewarm.scan.expansion import Expanded
from prewarm.scan.finding import Place, Result, Unresolved
from prewarm.scan.github.data import Data, Unknown, data_of, text_of
from prewarm.scan.github.expressions import Contexts, evaluate, expand_all, has_expression
from prewarm.scan.naming import literal, named
from prewarm.scan.values import Mapping, Text, Value, elements, entries, get, text

SCHEME = "docker://"

_IMAGE_INPUTS = {
    "docker/setup-qemu-action": "image",
    "helm/kind-action": "node_image",
    "container-tools/kind-action": "node_image",
    "engineerd/setup-kind": "image",
    "addnab/docker-run-action": "image",
}
"""Inputs of widely used actions that are the name of an image which the action pulls."""


@dataclass(frozen=True, slots=True)
class Run:
    """The circumstances of one run of a job or of an action's steps.

    `env` is what steps see of it; `forge` is the service that runs it, in words.
    """

    contexts: Contexts
    env: Data = None
    forge: str = "GitHub"
    via: tuple[Place, ...] = ()
    certain: bool = True

    def image(self, source: Text, kind: str) -> Iterator[Result]:
        """What one text with expressions names, as a job's container may: also as an object."""
        for outcome in evaluate(source.value, self.contexts):
            inner = outcome.get("image") if isinstance(outcome, dict) else outcome
            for result in self._one(source, inner, kind):
                if self.certain or not isinstance(result, Unresolved):
                    yield result

    def _one(self, source: Text, outcome: Data, kind: str) -> Iterator[Result]:
        if isinstance(outcome, Unknown):
            if not outcome.falsy:
                yield from self._unknown(source, outcome, kind)
            return
        name = text_of(outcome)
        if outcome is False or name is None:
            return
        if source.value.startswith(SCHEME):
            source = source.part(len(SCHEME))
        value = Expanded(name.removeprefix(SCHEME))
        yield from named(value, source, kind, via=self.via)

    def _unknown(self, source: Text, outcome: Unknown, kind: str) -> Iterator[Result]:
        if self.forge == "GitHub" and any(name.startswith("env.") for name in outcome.names):
            reason = "GitHub gives env no value here: write the value out, or use vars"
            yield Unresolved(source.value, source.place, reason, outcome.names, self.via)
            return
        value = Expanded("", outcome.names)
        yield from named(value, source, kind, owner=self.forge, via=self.via)

    def step(self, step: Value) -> Run:
        """The circumstances in which a step's inputs are evaluated: there `env` is known."""
        own = expand_all(data_of(get(step, "env")), self.contexts)
        outer = self.env if isinstance(self.env, dict) else {}
        env: Data = {**outer, **own} if isinstance(own, dict) else outer
        return replace(self, contexts=self.contexts.with_("env", env))


def container(value: Value | None, run: Run, kind: str) -> Iterator[Result]:
    """A container as a job or a service has it: a name, or an object with `image`."""
    source = text(get(value, "image") if isinstance(value, Mapping) else value)
    if source is not None:
        yield from run.image(source, kind)


def services(value: Value | None, run: Run) -> Iterator[Result]:
    for _, service in entries(value):
        yield from container(service, run, "service")


def steps(value: Value | None, run: Run) -> Iterator[Result]:
    """The steps whose action is an image, or that hand an image to an action which pulls it."""
    for step in elements(value):
        uses = text(get(step, "uses"))
        if uses is None:
            continue
        if uses.value.startswith(SCHEME):
            yield from _action(uses, run)
        else:
            yield from _inputs(uses.value, get(step, "with"), run.step(step))


def _action(uses: Text, run: Run) -> Iterator[Result]:
    image = uses.part(len(SCHEME))
    if has_expression(image.value):
        reason = "no expressions are evaluated in uses: write the name out"
        yield Unresolved(image.value, image.place, reason, via=run.via)
    else:
        yield from literal(image, "action", via=run.via)


def _inputs(uses: str, given: Value | None, run: Run) -> Iterator[Result]:
    action = uses.partition("@")[0].lower()
    if action in _IMAGE_INPUTS:
        source = text(get(given, _IMAGE_INPUTS[action]))
        if source is not None:
            yield from run.image(source, "action input")
    elif action == "docker/setup-buildx-action":
        yield from _listed(text(get(given, "driver-opts")), "image=", run)
    elif action == "docker/build-push-action":
        yield from _listed(text(get(given, "build-contexts")), "=docker-image://", run)


def _listed(source: Text | None, marker: str, run: Run) -> Iterator[Result]:
    """The names that stand after `marker` in a list of settings, one a line."""
    if source is None:
        return
    at = 0
    for line in source.value.split("\n"):
        before, found, _ = line.partition(marker)
        if found and (marker.startswith("=") or not before.strip()):
            start = at + len(before) + len(marker)
            yield from run.image(source.part(start, at + len(line)), "action input")
        at += len(line) + 1
