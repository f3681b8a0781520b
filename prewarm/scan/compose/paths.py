"""Paths as compose files write them, and as the tree knows them."""

from __future__ import annotations

import posixpath
import re

_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*://|git@|github\.com/", re.IGNORECASE)


def join(folder: str, path: str) -> str:
    """A path from the root of the tree; "" is the root, one that leads out begins with `..`."""
    joined = posixpath.normpath(posixpath.join(folder, path))
    return "" if joined == "." else joined


def is_remote(path: str) -> bool:
    """Whether a path of an include, an extends or a build leads to another machine."""
    return _REMOTE.match(path) is not None
