"""What HCL text says, as values with places: bodies of blocks and attributes, and expressions.

`text` of an expression is what the file has, without quotes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that is written out; of a string, `line` and `column` are those of its first letter.

    `exact` is false where the text in the file differs from the value (escapes, indentation).
    """

    value: str | int | float | bool | None
    line: int
    column: int
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Template:
    """A string with `${…}` in it: its parts in order, and `text` as the file has it."""

    parts: tuple[Expression, ...]
    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A name such as `var.tags["web"]`, as its steps: `("var", "tags", "web")`."""

    path: tuple[str, ...]
    line: int
    column: int
    text: str = ""

    @property
    def name(self) -> str:
        """The steps joined by dots."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class List:
    """`[a, b]`"""

    items: tuple[Expression, ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Object:
    """`{a = b}`; a key that is a bare word is a Literal, `(word)` is a Reference."""

    items: tuple[tuple[Expression, Expression], ...]
    line: int
    column: int

    def get(self, name: str) -> Expression | None:
        """The value of a key that is written out, or None."""
        return dict(self.entries()).get(name)

    def entries(self) -> Iterator[tuple[str, Expression]]:
        """The pairs whose key is written out."""
        for key, value in self.items:
            if isinstance(key, Literal) and isinstance(key.value, str):
                yield key.value, value


@dataclass(frozen=True, slots=True)
class Call:
    """`name(args)`"""

    name: str
    args: tuple[Expression, ...]
    line: int
    column: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Conditional:
    """`test ? then : otherwise`"""

    test: Expression
    then: Expression
    otherwise: Expression
    line: int
    column: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """`left operator right`; of a unary one, `left` is None."""

    operator: str
    left: Expression | None
    right: Expression
    line: int
    column: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Opaque:
    """An expression that is kept as its text: a `for`, a splat, a template directive."""

    text: str
    line: int
    column: int


Expression: TypeAlias = (
    "Literal | Template | Reference | List | Object | Call | Conditional | Operation | Opaque"
)


@dataclass(frozen=True, slots=True)
class Attribute:
    """`name = value`"""

    name: str
    value: Expression
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that is no HCL, and why. What stands around it was read."""

    line: int
    problem: str


@dataclass(frozen=True, slots=True)
class Body:
    """What stands between a block's braces, or in a whole file."""

    blocks: tuple[Block, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    faults: tuple[Fault, ...] = ()
    """Of a whole file all of them; of an inner body none."""

    def get(self, name: str) -> Expression | None:
        """An attribute's value, or None."""
        return next((a.value for a in self.attributes if a.name == name), None)

    def blocks_of(self, *types: str) -> Iterator[Block]:
        """The blocks of these types, in order."""
        return (block for block in self.blocks if block.type in types)


@dataclass(frozen=True, slots=True)
class Block:
    """`type "label" { body }`"""

    type: str
    labels: tuple[str, ...]
    body: Body
    line: int
    column: int
