"""The values of expressions in bake files, as far as they are the same on every machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from prewarm.scan.bake.definitions import Section
from prewarm.scan.bake.functions import FUNCTIONS
from prewarm.scan.hcltext import (
    Call,
    Conditional,
    Expression,
    List,
    Literal,
    Object,
    Opaque,
    Operation,
    Reference,
    Template,
)

_MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that cannot be computed here; `names` are the variables that it lacks."""

    text: str
    names: tuple[str, ...] = ()


Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | Unknown | None"


class NotComputed(Exception):
    """An expression needs what is not known here."""

    def __init__(self, unknown: Unknown) -> None:
        super().__init__(unknown.text)
        self.unknown = unknown


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Computes expressions; `names` gives the values of variables."""

    names: Callable[[str], Value]
    functions: Mapping[str, Section]
    local: Mapping[str, Value] = field(default_factory=dict)
    depth: int = 0

    def value(self, expression: Expression) -> Value:
        """The value, or an Unknown."""
        try:
            return self._value(expression)
        except NotComputed as missing:
            return missing.unknown
        except (TypeError, ValueError, LookupError, ArithmeticError):
            return Unknown(_text(expression))

    def with_names(self, names: Mapping[str, Value]) -> Evaluator:
        """The same with further names, those of a matrix."""
        return Evaluator(self.names, self.functions, {**self.local, **names}, self.depth)

    def _value(self, expression: Expression) -> Value:
        if isinstance(expression, Literal):
            return expression.value
        if isinstance(expression, Template):
            return self._template(expression)
        if isinstance(expression, List):
            return [self._value(item) for item in expression.items]
        if isinstance(expression, Object):
            return {str(self._value(key)): self.value(value) for key, value in expression.items}
        if isinstance(expression, Reference):
            return self._reference(expression)
        if isinstance(expression, Conditional):
            chosen = expression.then if self._value(expression.test) else expression.otherwise
            return self._value(chosen)
        if isinstance(expression, Operation):
            return self._operation(expression)
        if isinstance(expression, Call):
            return self._call(expression)
        raise NotComputed(Unknown(_text(expression)))

    def _template(self, template: Template) -> Value:
        parts = [self._value(part) for part in template.parts]
        if len(parts) == 1:
            return parts[0]
        return "".join(text_of(part) for part in parts)

    def _reference(self, reference: Reference) -> Value:
        name, *steps = reference.path
        value = self.local[name] if name in self.local else self.names(name)
        for step in steps:
            if isinstance(value, Unknown):
                break
            value = value[step] if isinstance(value, dict) else value[int(step)]  # type: ignore[index]
        if isinstance(value, Unknown):
            raise NotComputed(value)
        return value

    def _operation(self, operation: Operation) -> Value:
        right = self._value(operation.right)
        if operation.left is None:
            return not right if operation.operator == "!" else -right  # type: ignore[operator]
        result: Value = FUNCTIONS[operation.operator](self._value(operation.left), right)
        return result

    def _call(self, call: Call) -> Value:
        args = [self._value(arg) for arg in call.args]
        own = self.functions.get(call.name)
        if own is None:
            if call.name not in FUNCTIONS:
                raise NotComputed(Unknown(f"{call.name}(…)"))
            result: Value = FUNCTIONS[call.name](*args)
            return result
        if self.depth > _MAX_DEPTH:
            raise NotComputed(Unknown(f"{call.name}(…)"))
        names = [str(name) for name in self._names(own, "params")]
        local: dict[str, Value] = dict(zip(names, args, strict=False))
        for rest in self._names(own, "variadic_params"):
            local[str(rest)] = args[len(names) :]
        inner = Evaluator(self.names, self.functions, local, self.depth + 1)
        return inner._value(own.attributes["result"])

    def _names(self, function: Section, key: str) -> list[str]:
        """Parameters are names in brackets, or in JSON texts."""
        listed = function.attributes.get(key)
        if isinstance(listed, Reference | Literal):
            return [_text(listed)]
        return [_text(item) for item in listed.items] if isinstance(listed, List) else []


def text_of(value: Value) -> str:
    """A value inside of a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError("neither a text nor a number")


def _text(expression: Expression) -> str:
    if isinstance(expression, Template | Opaque):
        return expression.text
    if isinstance(expression, Reference):
        return expression.name
    return str(expression.value) if isinstance(expression, Literal) else type(expression).__name__
