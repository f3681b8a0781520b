"""A Terraform module: the files of one folder, and the names that stand in them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from functools import lru_cache

from prewarm.scan import jsonvalues
from prewarm.scan.finding import Place, Skipped
from prewarm.scan.hcltext import Body, parse
from prewarm.scan.reader import Document, Files
from prewarm.scan.terraform.evaluation import Bound, Frame
from prewarm.scan.terraform.jsonsyntax import body_of

_ENDINGS = (".tf", ".tofu")
_JSON_ENDINGS = (".tf.json", ".tofu.json")
_MAX_FILES = 500


@lru_cache(maxsize=512)
def body(path: str, text: str) -> Body | Skipped:
    """What one file holds, in either syntax."""
    if not path.lower().endswith(".json"):
        return parse(text)
    value = jsonvalues.parse(text, Place(path, 1, 1))
    return value if isinstance(value, Skipped) else body_of(value)


def bodies(folder: str, files: Files) -> Iterator[tuple[str, Body]]:
    """The files of a module that can be read, with their paths."""
    names = [n for n in files.names(folder) if n.endswith(_ENDINGS + _JSON_ENDINGS)]
    for name in names[:_MAX_FILES]:
        document = files.read(posixpath.join(folder, name))
        found = body(document.path, document.text) if document else None
        if isinstance(found, Body) and document is not None:
            yield document.path, found


def names_of(folder: str, files: Files, given: Mapping[str, str]) -> dict[str, Bound]:
    """Variables with their defaults, or the values of files that are always loaded, and locals."""
    names: dict[str, Bound] = {}
    for path, content in bodies(folder, files):
        frame = Frame(path, names, given)
        for block in content.blocks_of("variable"):
            default = block.body.get("default")
            if block.labels and default is not None:
                names[f"var.{block.labels[0]}"] = Bound(default, frame)
        for block in content.blocks_of("locals"):
            for attribute in block.body.attributes:
                names[f"local.{attribute.name}"] = Bound(attribute.value, frame)
    for document in _settings(folder, files):
        content = parse(document.text)
        for attribute in content.attributes:
            names[f"var.{attribute.name}"] = Bound(attribute.value, Frame(document.path, names))
    return names


def _settings(folder: str, files: Files) -> Iterator[Document]:
    """`terraform.tfvars`, then each `*.auto.tfvars`: later ones win."""
    listed = files.names(folder)
    automatic = [name for name in listed if name.endswith(".auto.tfvars")]
    for name in ["terraform.tfvars", *automatic]:
        document = files.read(posixpath.join(folder, name)) if name in listed else None
        if document is not None:
            yield document
