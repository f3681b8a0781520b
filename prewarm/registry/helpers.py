"""Programs that keep credentials (`docker-credential-NAME`): asked once per server, within limits.

Source: https://github.com/docker/docker-credential-helpers.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from prewarm.errors import TransferError

PREFIX = "docker-credential-"
TIME_LIMIT = 10.0
"""Seconds in which a helper has to answer."""
MAX_OUTPUT = 64 * 1024
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_NOT_FOUND = b"credentials not found in native keychain"
_OURS = "PREWARM_AUTH_"
_REMEDY = "see whether `{program} list` works, or take it out of docker's config.json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a helper said of a server: user and secret, both empty where it knows none.

    `problem` is why there is no answer.
    """

    user: str = ""
    secret: str = field(default="", repr=False)
    problem: str = ""


@dataclass(slots=True)
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    answer: Answer | None = None


class Helpers:
    """Asks helpers and remembers what each said of a server; many threads ask, one runs it."""

    def __init__(self, time_limit: float = TIME_LIMIT) -> None:
        self._time_limit = time_limit
        self._lock = threading.Lock()
        self._slots: dict[tuple[str, str], _Slot] = {}

    def get(self, name: str, server: str, environ: Mapping[str, str]) -> Answer:
        """The answer of `docker-credential-NAME`, found on the PATH of `environ`.

        Raises TransferError, with the status of a closed door, when there is none.
        """
        with self._lock:
            slot = self._slots.setdefault((name, server), _Slot())
        with slot.lock:
            answer = slot.answer = slot.answer or self._ask(name, server, environ)
        if answer.problem:
            program = PREFIX + name
            remedy = _REMEDY.format(program=program)
            raise TransferError(program, answer.problem, remedy, status=401)
        return answer

    def told(self, server: str) -> Mapping[str, Answer]:
        """What every program said that was asked about a server."""
        with self._lock:
            slots = list(self._slots.items())
        return {PREFIX + n: slot.answer for (n, s), slot in slots if s == server and slot.answer}

    def _ask(self, name: str, server: str, environ: Mapping[str, str]) -> Answer:
        program = shutil.which(PREFIX + name, path=_absolute(environ.get("PATH", "")))
        if program is None:
            return Answer(problem="not found on PATH")
        try:
            code, output = _run(program, server, environ, self._time_limit)
        except TimeoutError:
            return Answer(problem=f"no answer for {server} within {self._time_limit:g} seconds")
        except OSError as error:
            return Answer(problem=f"cannot be run: {error.strerror or type(error).__name__}")
        if len(output) > MAX_OUTPUT:
            return Answer(problem=f"said more than {MAX_OUTPUT} bytes about {server}")
        if code:
            missing = output.strip() == _NOT_FOUND
            return Answer(problem="" if missing else f"failed for {server} ({_ending(code)})")
        answer = _parse(output)
        return answer or Answer(problem=f"what it said about {server} is not a credential")


def is_helper(name: str) -> bool:
    """Whether a name can be that of a helper: a plain one, without a folder."""
    return _NAME.fullmatch(name) is not None


def _absolute(path: str) -> str:
    """The folders of a PATH that do not depend on the current one."""
    return os.pathsep.join(folder for folder in path.split(os.pathsep) if os.path.isabs(folder))  # noqa: PTH117


def _run(
    program: str, server: str, environ: Mapping[str, str], time_limit: float
) -> tuple[int, bytes]:
    """The exit code and the output, cut beyond the limit; raises TimeoutError and OSError.

    Its messages are not read: they may hold what it keeps secret.
    """
    deadline = time.monotonic() + time_limit
    with subprocess.Popen(
        [program, "get"],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={k: v for k, v in environ.items() if not k.startswith(_OURS)},
        start_new_session=True,
    ) as process:
        try:
            output = _converse(process, server, deadline)
            if len(output) > MAX_OUTPUT:
                _kill(process)
            return process.wait(max(0.0, deadline - time.monotonic())), output
        except subprocess.TimeoutExpired:
            _kill(process)
            raise TimeoutError from None
        except BaseException:
            _kill(process)
            raise


def _converse(process: subprocess.Popen[bytes], server: str, deadline: float) -> bytes:
    """Name the server, and collect what is said until the end or the limit."""
    if process.stdin is None or process.stdout is None:
        raise OSError("no pipes")
    with suppress(BrokenPipeError):
        process.stdin.write(server.encode())
    process.stdin.close()
    said, output = bytearray(), process.stdout.fileno()
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while len(said) <= MAX_OUTPUT:
            if not selector.select(deadline - time.monotonic()):
                raise TimeoutError
            piece = os.read(output, MAX_OUTPUT)
            if not piece:
                break
            said += piece
    return bytes(said)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a program with its children, which share its process group."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _ending(code: int) -> str:
    return f"exit code {code}" if code > 0 else f"killed by signal {-code}"


def _parse(output: bytes) -> Answer | None:
    try:
        document = json.loads(output)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    said = {key.lower(): value for key, value in document.items()}
    answer = Answer()
    for key, part in (("username", "user"), ("secret", "secret")):
        value = said.get(key, "")
        if not isinstance(value, str):
            return None
        answer = replace(answer, **{part: value})
    return answer
