"""What an upstream says of its pull quota, and how much of it a run may spend.

Docker Hub counts a manifest's GET as a pull, a HEAD as none, and tells with every answer
`ratelimit-limit: 100;w=21600` and `ratelimit-remaining: 20;w=21600`; no such header, no quota.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from prewarm.errors import QuotaError
from prewarm.reference import Reference

_COUNT = re.compile(r"([0-9]{1,9})(?:;w=([0-9]{1,9}))?")


@dataclass(frozen=True, slots=True)
class Quota:
    """Pulls that are allowed in `window` seconds and that are left; `source` is whose they are."""

    limit: int
    remaining: int
    window: int
    source: str = ""

    def __str__(self) -> str:
        whose = f", counted for {self.source}" if self.source else ""
        return f"{self.remaining} of {self.limit} pulls left in {self.window / 3600:.0f} h{whose}"


def parse_quota(headers: Mapping[str, str]) -> Quota | None:
    """The quota that an answer tells of, or None."""
    limit = _COUNT.fullmatch(headers.get("ratelimit-limit", "").strip())
    remaining = _COUNT.fullmatch(headers.get("ratelimit-remaining", "").strip())
    if limit is None or remaining is None:
        return None
    source = headers.get("docker-ratelimit-source", "")[:64]
    return Quota(int(limit[1]), int(remaining[1]), int(limit[2] or 0), source)


class Budget:
    """The quotas of all upstreams as last told, and a run's own limits; for many threads.

    `max_pulls` bounds the pulls that count somewhere; at `floor` pulls left an upstream is asked
    for no more.
    """

    def __init__(self, max_pulls: int | None = None, floor: int = 0) -> None:
        self._max_pulls = max_pulls
        self._floor = floor
        self._spent = 0
        self._quotas: dict[str, Quota] = {}
        self._lock = threading.Lock()

    def note(self, host: str, headers: Mapping[str, str]) -> None:
        """Remember what an answer of an upstream says."""
        quota = parse_quota(headers)
        if quota is not None:
            with self._lock:
                self._quotas[host] = quota

    def quota(self, host: str) -> Quota | None:
        """What an upstream last said, None while it counts nothing."""
        with self._lock:
            return self._quotas.get(host)

    def spend(self, reference: Reference) -> None:
        """Ask for one pull; raises QuotaError when there is none to spend."""
        with self._lock:
            quota = self._quotas.get(reference.host)
            if quota is None:
                return
            if quota.remaining <= self._floor:
                raise QuotaError(
                    reference,
                    f"{reference.host} has {quota.remaining} of {quota.limit} pulls left"
                    + (f", and {self._floor} are to be kept" if self._floor else ""),
                    f"run fetch again in {quota.window // 3600} h, or log in for more",
                    status=403,
                )
            if self._max_pulls is not None and self._spent >= self._max_pulls:
                raise QuotaError(
                    reference,
                    f"the {self._max_pulls} pulls that this run may spend are spent",
                    "raise --max-pulls, or run fetch again",
                    status=403,
                )
            self._spent += 1
            left = Quota(quota.limit, quota.remaining - 1, quota.window, quota.source)
            self._quotas[reference.host] = left
