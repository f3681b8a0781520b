"""Who we are to registries as text and as JSON: names and places, never a secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prewarm.report.text import format_table


@dataclass(frozen=True, slots=True)
class Login:
    """What is known of one endpoint of a registry; empty texts for what there is not.

    `helpers` tells for each program that was asked how it answered; `check` is how the registry
    took the credential, `problem` why that or the credential is not known.
    """

    registry: str
    endpoint: str
    source: str = ""
    kind: str = ""
    user: str = ""
    helpers: Mapping[str, str] = field(default_factory=dict)
    check: str = ""
    problem: str = ""


def auth_text(logins: Sequence[Login], *, checked: bool) -> str:
    """One endpoint a line, with the verdict of the check if there was one."""
    headers = ["registry", "endpoint", "user", "kind", "source"]
    rows = [
        [
            login.registry,
            login.endpoint,
            _shown(login.user),
            login.kind,
            _shown(login.source) or "none",
            *([login.check or "unknown"] if checked else []),
            _remarks(login),
        ]
        for login in logins
    ]
    return format_table((*headers, *(["check"] if checked else []), ""), rows)


def auth_json(logins: Sequence[Login]) -> dict[str, Any]:
    """The endpoints as data, version 1; null for what there is not."""
    return {
        "version": 1,
        "registries": [
            {
                "registry": login.registry,
                "endpoint": login.endpoint,
                "source": login.source or None,
                "kind": login.kind or None,
                "user": login.user or None,
                "helpers": [{"program": p, "answer": a} for p, a in login.helpers.items()],
                "check": login.check or None,
                "problem": login.problem or None,
            }
            for login in logins
        ],
    }


def _remarks(login: Login) -> str:
    told = [
        f"{program}: {answer}"
        for program, answer in login.helpers.items()
        if program not in login.problem
    ]
    return _shown("; ".join((*told, login.problem) if login.problem else told))


def _shown(text: str) -> str:
    """Text from outside that must not move a terminal's cursor."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
