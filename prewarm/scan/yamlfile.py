"""YAML and JSON of whatever kind: which reader takes a file, by its path and by a look inside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib import import_module

from yaml.nodes import Node

from prewarm.scan import bundles, helm, jsonvalues, kubernetes, kustomize, yamltext
from prewarm.scan.blockyaml import read_part
from prewarm.scan.finding import Result, Skipped
from prewarm.scan.helm.template import is_template, read_template
from prewarm.scan.kubernetes.kinds import pulls_nothing
from prewarm.scan.mention import MENTION
from prewarm.scan.reader import Document, Reader, Scope

_OBJECT = re.compile(r"^(?:apiVersion|kind)[ \t]*:", re.MULTILINE)
_PARAMETRISED = ("tekton.dev/", "argoproj.io/", "template.openshift.io/", "kind: Template")
_BUNDLE_WORDS = ("hauler", "carvel", "k14s", "mirror.openshift", "ZarfPackageConfig")
_FORMATS = ("compose", "gitlab", "azure", "ansible", "concourse", "skopeosync")
"""Modules whose `looks_like` tells their files by what is in them."""


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """The images of a file, by the reader that its kind calls for."""
    if MENTION.search(document.text) is None:
        return
    yield from _reader(document)(document, scope)


def _reader(document: Document) -> Reader:
    path, text = document.path, document.text
    if kustomize.is_kustomization(path):
        return kustomize.read
    if helm.is_chart(path) or helm.is_values(path):
        return helm.read
    if helm.is_in_templates(path) and is_template(text):
        return helm.read
    if any(word in text for word in _BUNDLE_WORDS) and bundles.TOOLS.search(text):
        return bundles.read
    return _read_documents if _is_object(document) else _foreign(document) or _read_documents


def _is_object(document: Document) -> bool:
    """Whether a file begins with a Kubernetes object, or is JSON, which no other format here is."""
    text = document.text
    if document.path.endswith(".json") or _top(text, "kind:") is not None:
        return True
    return _OBJECT.search(text) is not None


def _foreign(document: Document) -> Reader | None:
    part = next(iter(yamltext.parse(document.text)), None)
    if part is None or part.root is None:
        return None
    for name in _FORMATS:
        try:
            module = import_module(f"prewarm.scan.{name}")
        except ModuleNotFoundError:
            continue
        if _looks_like(module.looks_like, part.root, document.path):
            reader: Reader = module.read
            return reader
    return None


def _looks_like(predicate: Callable[..., bool], root: Node, path: str) -> bool:
    return predicate(root) if predicate.__code__.co_argcount == 1 else predicate(root, path)


def _read_documents(document: Document, scope: Scope) -> Iterator[Result]:
    lines = document.text.split("\n")
    for first_line, text in yamltext.split(document.text):
        if MENTION.search(text) is None or _pulls_nothing(text):
            continue
        wanted = None if any(word in text for word in _PARAMETRISED) else MENTION
        value = read_part(first_line, text, document.path, lines, wanted)
        if not isinstance(value, str):
            if value is not None:
                yield from kubernetes.read_value(value, lines, scope)
        elif is_template(text):
            yield from read_template(Document(document.path, text), scope, first_line)
        else:
            yield from _read_otherwise(document, value, scope)


def _pulls_nothing(text: str) -> bool:
    """Whether a document is an object of a kind that pulls nothing, before it is parsed."""
    kind, api = _top(text, "kind:"), _top(text, "apiVersion:")
    return kind is not None and api is not None and pulls_nothing(api, kind)


def _top(text: str, key: str) -> str | None:
    """The plain value of a key in the first column; None where it is not there exactly once."""
    start = 0 if text.startswith(key) else text.find(f"\n{key}") + 1
    if not text.startswith(key, start) or text.find(f"\n{key}", start) >= 0:
        return None
    end = text.find("\n", start)
    value = text[start + len(key) : end if end >= 0 else len(text)]
    return value.strip().strip("\"'")


def _read_otherwise(document: Document, error: str, scope: Scope) -> Iterator[Result]:
    """JSON with comments is no YAML, and people write it."""
    value = jsonvalues.load(document) if document.path.endswith(".json") else None
    if value is None or isinstance(value, Skipped):
        yield value or Skipped(document.path, error)
    else:
        yield from kubernetes.read_value(value, document.text.split("\n"), scope)
