"""The exception family and the exit codes: what a caller can act on, in one place."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a `prewarm` process says with its exit status."""

    OK = 0
    FAILED = 1
    USAGE = 2
    PARTIAL = 3
    BUG = 70
    INTERRUPTED = 130


class PrewarmError(Exception):
    """Something expected went wrong: *subject: problem: remedy*, each a plain phrase.

    The remedy says what to do about it and may be empty where the problem already says so.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, subject: object, problem: str, remedy: str = "") -> None:
        self.subject = str(subject)
        self.problem = problem
        self.remedy = remedy
        super().__init__(_one_line(": ".join(p for p in (self.subject, problem, remedy) if p)))


def _one_line(text: str) -> str:
    """What an upstream or a file name put in it must not move a terminal's cursor."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class ContentError(PrewarmError):
    """The content itself is wrong (a digest, a size, a format): asking again cannot help."""


class TransferError(PrewarmError):
    """The way to the content failed (a connection, a status, a cut body): asking again may help.

    `status` is the HTTP status where there was one, `retry_after` the seconds that the other side
    asked us to wait.
    """

    def __init__(
        self,
        subject: object,
        problem: str,
        remedy: str = "",
        *,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.status = status
        self.retry_after = retry_after
        super().__init__(subject, problem, remedy)


class QuotaError(TransferError):
    """A pull that would count is one more than may be spent: nothing was asked."""


class StoreError(PrewarmError):
    """The store on disk cannot be read or written as it stands."""


class UsageError(PrewarmError):
    """What the person wrote (an option, a reference, a setting) cannot be understood."""

    exit_code = ExitCode.USAGE
