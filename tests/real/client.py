"""What every client of a mirror does for a test: pull, and say what it holds afterwards."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from .samples import Sample


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a client really holds after a pull, read back from the client's own storage.

    `image_id` is the digest of the image's configuration, `diff_ids` those of its unpacked
    layers.
    """

    client: str
    reference: str
    image_id: str
    diff_ids: tuple[str, ...]
    log: str


class Client(Protocol):
    """A real client with state of its own, told to use one mirror."""

    name: str

    def pull(self, reference: str) -> Pulled:
        """Pull through the mirror; an AssertionError holds what the client said."""


def assert_holds(pulled: Pulled, sample: Sample) -> None:
    """The client ended up with exactly this machine's image of the sample."""
    expected = (sample.image.config.digest, sample.image.diff_ids)
    assert (pulled.image_id, pulled.diff_ids) == expected, (
        f"{pulled.client}: {pulled.reference} is not what was published:\n{pulled.log}"
    )


def split_reference(reference: str) -> tuple[str, str]:
    """A canonical reference as its host and the rest."""
    host, _, rest = reference.partition("/")
    return host, rest


def without_tag_beside_digest(reference: str) -> str:
    """`name@digest`: clients of Docker's older kind refuse a tag beside a digest."""
    return re.sub(r":[^/@]+@", "@", reference)
