"""Google Cloud Build: the builders that the steps of a build run in."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Names

from prewarm.scan import jsonvalues, yamlvalues
from prewarm.scan.expansion import Syntax, expand, nested
from prewarm.scan.finding import Class, Result, Skipped
from prewarm.scan.naming import named, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Text, Value, elements, entries, get, scalar, text

_SYNTAX = Syntax(operators=True)


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What the steps of a build pull; what the build makes (`images`) is not pulled."""
    roots = (
        [jsonvalues.load(document)]
        if document.path.lower().endswith(".json")
        else list(yamlvalues.load(document))
    )
    results: list[Result] = []
    for root in roots:
        if isinstance(root, Skipped):
            results.append(root)
        else:
            results.extend(_build(root, scope.inputs.variables))
    yield from settled(results)


def _build(root: Value, given: Names[str, str]) -> Iterator[Result]:
    declared = entries(get(root, "substitutions"))
    variables = {name: plain.value for name, value in declared if (plain := scalar(value))}
    lookup = nested({**variables, **given}, _SYNTAX)
    made: set[str] = set()
    for step in elements(get(root, "steps")):
        source = text(get(step, "name"))
        if source is not None:
            name = expand(source.value, lookup, _SYNTAX)
            is_own = source.value in made
            if not (is_own and name.missing):
                class_ = Class.LOCAL if is_own else Class.PULL
                owner = "" if any(n.startswith("_") for n in name.missing) else "Cloud Build"
                yield from named(name, source, "step image", owner=owner, class_=class_)
        made.update(_tags(step))


def _tags(step: Value) -> Iterator[str]:
    """The names that a step's `docker build` gives, as they are written."""
    arguments = [a.value for a in elements(get(step, "args")) if isinstance(a, Text)]
    if "build" not in arguments:
        return
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if argument in ("-t", "--tag"):
            yield following
        elif argument.startswith(("--tag=", "-t=")):
            yield argument.partition("=")[2]
