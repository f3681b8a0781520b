"""The targets of bake files: files laid over each other, inheritance, and the matrix."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from prewarm.scan.bake.definitions import Definitions, Section
from prewarm.scan.bake.evaluate import Evaluator, Unknown, Value, text_of
from prewarm.scan.hcltext import Expression, List, Literal, Object, Template

_MAX_MATRIX = 1000
_ATTRIBUTES = ("context", "dockerfile", "dockerfile-inline", "target")


@dataclass(frozen=True, slots=True)
class Text:
    """A value that is a text, with the expression and the file where it stands."""

    value: str | Unknown
    expression: Expression
    file: str


@dataclass(frozen=True, slots=True)
class Target:
    """One target after everything was merged.

    `is_base` says that others inherit from it and that no group names it.
    """

    name: str
    place: tuple[str, int]
    texts: Mapping[str, Text] = field(default_factory=dict)
    args: Mapping[str, Text] = field(default_factory=dict)
    contexts: Mapping[str, Text] = field(default_factory=dict)
    tags: tuple[Text, ...] = ()
    platforms: tuple[Text, ...] = ()
    is_base: bool = False

    def over(self, base: Target) -> Target:
        """This target laid over another one."""
        return replace(
            self,
            texts={**base.texts, **self.texts},
            args={**base.args, **self.args},
            contexts={**base.contexts, **self.contexts},
            tags=self.tags or base.tags,
            platforms=self.platforms or base.platforms,
        )


@dataclass(slots=True)
class Bakery:
    """Evaluates definitions; `environment` goes before the defaults of variables."""

    definitions: Definitions
    environment: Mapping[str, str]
    _values: dict[str, Value] = field(default_factory=dict)

    def targets(self) -> Iterator[Target]:
        """All targets, in the order of their files."""
        inherited, grouped = set[str](), set[str]()
        named: dict[str, list[tuple[Section, Evaluator]]] = {}
        for name, evaluator, section in self._sections():
            named.setdefault(name, []).append((section, evaluator))
            inherited.update(self._listed(section, "inherits", evaluator))
        for group in self.definitions.groups.values():
            grouped.update(self._listed(group, "targets", self._evaluator()))
        bases = inherited - grouped - {"default"}
        for name in named:
            yield replace(self._merged(name, named, ()), is_base=name in bases)

    def is_complete(self) -> bool:
        """Whether every target that is inherited from, and every variable, is defined here."""
        bases = {
            base
            for _, evaluator, section in self._sections()
            for base in self._listed(section, "inherits", evaluator)
        }
        names = {name for name, _, _ in self._sections()}
        missing = [name for name in self._values if name not in self.definitions.variables]
        return bases <= names and not missing

    def _merged(
        self,
        name: str,
        named: Mapping[str, list[tuple[Section, Evaluator]]],
        seen: tuple[str, ...],
    ) -> Target:
        section = named[name][0][0]
        target = Target(name, (section.file, section.line))
        for section, evaluator in named[name]:
            for base in self._listed(section, "inherits", evaluator):
                if base in named and base not in (*seen, name):
                    inherited = self._merged(base, named, (*seen, name))
                    target = inherited.over(target)
        for section, evaluator in named[name]:
            target = _target(name, section, evaluator).over(target)
        return replace(target, name=name, place=(named[name][0][0].file, named[name][0][0].line))

    def _sections(self) -> Iterator[tuple[str, Evaluator, Section]]:
        """Every section of a target under its name; a matrix gives many."""
        for name, sections in self.definitions.targets.items():
            merged = sections[0]
            for section in sections[1:]:
                attributes = {**merged.attributes, **section.attributes}
                merged = replace(merged, attributes=attributes)
            for values in self._matrix(merged):
                evaluator = self._evaluator().with_names(values)
                own = merged.attributes.get("name")
                found = evaluator.value(own) if own is not None and values else name
                for section in sections:
                    yield found if isinstance(found, str) else name, evaluator, section

    def _matrix(self, section: Section) -> Iterator[Mapping[str, Value]]:
        matrix = section.attributes.get("matrix")
        if not isinstance(matrix, Object):
            yield {}
            return
        axes: list[list[tuple[str, Value]]] = []
        for name, expression in matrix.entries():
            values = self._evaluator().value(expression)
            if not isinstance(values, list):
                values = [Unknown(f"the matrix of {name}", (name,))]
            axes.append([(name, value) for value in values])
        for pairs in itertools.islice(itertools.product(*axes), _MAX_MATRIX):
            yield dict(pairs)

    def _evaluator(self) -> Evaluator:
        return Evaluator(self._variable, self.definitions.functions)

    def _variable(self, name: str) -> Value:
        if name not in self._values:
            self._values[name] = Unknown(f"the variable {name}", (name,))
            self._values[name] = self._computed(name)
        return self._values[name]

    def _computed(self, name: str) -> Value:
        if name == "target":
            return {key: self._raw(sections) for key, sections in self.definitions.targets.items()}
        if name == "BAKE_CMD_CONTEXT":
            return "."
        if name not in self.definitions.variables:
            return Unknown(f"the variable {name}", (name,))
        default = self.definitions.variables[name]
        value = "" if default is None else self._evaluator().value(default)
        if name not in self.environment:
            return value
        text = self.environment[name]
        if isinstance(value, bool):
            return text.lower() in ("1", "t", "true")
        if isinstance(value, int | float) and re.fullmatch(r"-?\d+(\.\d+)?", text):
            return float(text) if "." in text else int(text)
        return text

    def _raw(self, sections: list[Section]) -> dict[str, Value]:
        evaluator = self._evaluator()
        return {
            key: evaluator.value(expression)
            for section in sections
            for key, expression in section.attributes.items()
            if key not in ("matrix", "name")
        }

    def _listed(self, section: Section, key: str, evaluator: Evaluator) -> list[str]:
        expression = section.attributes.get(key)
        value = None if expression is None else evaluator.value(expression)
        return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _target(name: str, section: Section, evaluator: Evaluator) -> Target:
    attributes = section.attributes
    texts = {
        key: text
        for key in _ATTRIBUTES
        if key in attributes and (text := _text(attributes[key], section, evaluator))
    }
    return Target(
        name,
        (section.file, section.line),
        texts,
        _table(attributes.get("args"), section, evaluator),
        _table(attributes.get("contexts"), section, evaluator),
        _list(attributes.get("tags"), section, evaluator),
        _list(attributes.get("platforms"), section, evaluator),
    )


def _text(expression: Expression, section: Section, evaluator: Evaluator) -> Text | None:
    """The text of an expression; null is None."""
    value = evaluator.value(expression)
    if value is None:
        return None
    if not isinstance(value, Unknown):
        value = text_of(value) if isinstance(value, str | int | float) else Unknown("no text")
    return Text(value, expression, section.file)


def _table(
    expression: Expression | None, section: Section, evaluator: Evaluator
) -> Mapping[str, Text]:
    if expression is None:
        return {}
    if isinstance(expression, Object):
        pairs = [(evaluator.value(key), value) for key, value in expression.items]
        found = {str(key): _text(value, section, evaluator) for key, value in pairs}
        return {key: text for key, text in found.items() if text is not None}
    value = evaluator.value(expression)
    if not isinstance(value, dict):
        return {}
    return {
        key: Text(item if isinstance(item, Unknown) else text_of(item), expression, section.file)
        for key, item in value.items()
        if isinstance(item, Unknown | str | int | float)
    }


def _list(
    expression: Expression | None, section: Section, evaluator: Evaluator
) -> tuple[Text, ...]:
    if isinstance(expression, List):
        found = (_text(item, section, evaluator) for item in expression.items)
        return tuple(text for text in found if text is not None)
    value = None if expression is None else evaluator.value(expression)
    if expression is None or not isinstance(value, list):
        return ()
    return tuple(Text(item, expression, section.file) for item in value if isinstance(item, str))


def written(expression: Expression) -> str:
    """An expression's text as it stands in the file, where it is a text."""
    if isinstance(expression, Template):
        return expression.text
    return str(expression.value) if isinstance(expression, Literal) else ""
