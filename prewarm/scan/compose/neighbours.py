"""Whether a YAML file is only a part of a compose project that lies near it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from prewarm.scan.compose.paths import join
from prewarm.scan.reader import Files
from prewarm.scan.yamltext import elements, get, items, parse

_NAMED = re.compile(r"[^/]*compose[^/]*\.ya?ml", re.IGNORECASE)
_MAX_FOLDERS = 40


def leader_of(path: str, files: Files) -> str | None:
    """The compose file that includes or extends the file at `path`, or None.

    It is looked for in the same folder, in those above, and in those right below.
    """
    name = posixpath.basename(path)
    for folder in _folders(posixpath.dirname(path), files):
        for other in files.names(folder):
            if not _NAMED.fullmatch(other) or join(folder, other) == path:
                continue
            document = files.read(join(folder, other))
            if document is not None and name in document.text:
                roots = [part.root for part in parse(document.text)]
                if any(path in _named_in(root, folder) for root in roots):
                    return join(folder, other)
    return None


def _folders(folder: str, files: Files) -> Iterator[str]:
    yield folder
    below = [join(folder, name) for name in files.names(folder) if "." not in name]
    yield from below[:_MAX_FOLDERS]
    while folder:
        folder = posixpath.dirname(folder)
        yield folder


def _named_in(root: Node | None, folder: str) -> set[str]:
    """The files that a compose file in `folder` includes or extends."""
    named: list[Node | None] = []
    for entry in elements(get(root, "include")):
        named.append(get(entry, "path") if isinstance(entry, MappingNode) else entry)
    for _, _, service in items(get(root, "services")):
        named.append(get(service, "extends", "file"))
    scalars = [
        item
        for node in named
        for item in (node.value if isinstance(node, SequenceNode) else [node])
        if isinstance(item, ScalarNode)
    ]
    return {join(folder, str(item.value)) for item in scalars}
