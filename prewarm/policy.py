"""What may be fetched: hosts and repositories, pinned or not, and how large; pure."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from prewarm.errors import ContentError
from prewarm.reference import Reference


@dataclass(frozen=True, slots=True)
class Policy:
    """Globs over `host/repository`: a denied one never, and only an allowed one if any is given.

    `max_size` is in bytes of one image, all its platforms wanted together.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    require_digest: bool = False
    max_size: int | None = None

    def check(self, reference: Reference, *, pinned: bool) -> None:
        """Raise ContentError for an image that must not be asked for."""
        denied = next((glob for glob in self.deny if _matches(reference, glob)), None)
        if denied is not None:
            raise _refused(reference, f"the policy denies {denied}")
        if self.allow and not any(_matches(reference, glob) for glob in self.allow):
            raise _refused(reference, "the policy allows no such repository")
        if self.require_digest and not pinned:
            raise _refused(reference, "the policy asks for a digest, and there is none", _PIN)

    def check_size(self, reference: Reference, size: int) -> None:
        """Raise ContentError for an image that is too large."""
        if self.max_size is not None and size > self.max_size:
            raise _refused(reference, f"{size} bytes are more than the policy's {self.max_size}")


_PIN = "pin it with @sha256:…, or run prewarm lock"


def _matches(reference: Reference, glob: str) -> bool:
    """A glob without a slash is a host; `*` also matches slashes."""
    return fnmatchcase(reference.name if "/" in glob else reference.host, glob)


def _refused(reference: Reference, problem: str, remedy: str = "") -> ContentError:
    return ContentError(reference, problem, remedy or "see [policy] in prewarm.toml")
