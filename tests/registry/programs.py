"""Credential helper programs for tests: small shell scripts in a folder of their own."""

from __future__ import annotations

import json
import os
from pathlib import Path

SYSTEM = "/usr/bin:/bin"


def helper(folder: Path, name: str, script: str) -> str:
    """Write `docker-credential-NAME`; the PATH with which it is found."""
    program = folder / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{SYSTEM}"


def saying(user: str, secret: str) -> str:
    """A script that reads the server and gives this credential."""
    answer = json.dumps({"ServerURL": "ignored", "Username": user, "Secret": secret})
    return f"cat >/dev/null; echo '{answer}'"


def knowing(server: str, user: str, secret: str) -> str:
    """A script that gives this credential for one server and knows no other."""
    answer = json.dumps({"Username": user, "Secret": secret})
    missing = "credentials not found in native keychain"
    return f'[ "$(cat)" = "{server}" ] && echo \'{answer}\' || {{ echo "{missing}"; exit 1; }}'
