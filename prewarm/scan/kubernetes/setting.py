"""What is known on the way down to a value: how far to trust it, its use, its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from prewarm.scan.imageparts import Parts

Environment = Mapping[str, str]
"""Parameters by the name that templates use: `params.image`, `inputs.parameters.tag`."""

Path = tuple[str, ...]
"""The keys from the root; `[]` for an element of a list."""


class Trust(IntEnum):
    """How sure it is that a key `image` means a container's image here."""

    LOOSE = 0
    """Data of unknown kind: only what looks like nothing else is an image."""
    OBJECT = 1
    """A Kubernetes object, or values of a Helm chart."""
    POD = 2
    """A place whose meaning is defined: a container's `image`."""


@dataclass(frozen=True, slots=True)
class Completed:
    """An image's name put together from parts, more where it differs by use, or why it cannot."""

    names: tuple[str, ...] = ()
    reason: str = ""


Complete = Callable[[Parts, Path], Completed | None]
"""How the parts that are there become a whole name; None if they do not name an image at all."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What holds for a value and for everything below it."""

    complete: Complete
    trust: Trust = Trust.LOOSE
    use: str = "image field"
    kind: str = ""
    api: str = ""
    environments: tuple[Environment, ...] = ({},)
    passed: frozenset[str] = frozenset()
    variables: Mapping[str, str] | None = None
    callers: Mapping[str, tuple[Environment, ...]] = field(default_factory=dict)
    never_pulled: bool = False
    file: str = ""
    """Where values of several files are laid over one another: the one that is read."""
    depth: int = 0

    @property
    def has_parameters(self) -> bool:
        """Whether an object of this kind may declare parameters."""
        return self.api.startswith(("tekton.dev/", "argoproj.io/")) or self.kind == "Template"
