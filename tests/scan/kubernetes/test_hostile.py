"""Texts made to take long, or to break the reader, do neither."""

from __future__ import annotations

import pytest

from prewarm.scan.reader import Document, NoFiles, Scope
from prewarm.scan.yamlfile import read

MANY = 20_000
POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n"
ACTION = "{{ .Values.x }}\nimage: "

HOSTILE = {
    "templates/quotes.yaml": ACTION + "{{ " + '"a' * MANY,
    "templates/open.yaml": ACTION + "{{ " * MANY,
    "templates/comments.yaml": ACTION + "a\n" + "{{/* " * MANY,
    "templates/spaces.yaml": ACTION + "{{" + " " * MANY + "x",
    "spaces.yaml": POD + "  - image: a" + " " * MANY + "b\n",
    "braces.yaml": POD + '  - image: "' + "{{" * MANY + '"\n',
    "dollars.yaml": POD + '  - image: "' + "${" * MANY + '"\n',
    "documents.yaml": (POD + "  - image: a:1\n---\n") * 500,
    "minified.json": '{"items":[' + ",".join(['{"image":"a/b:1","x":[1]}'] * 2000) + "]}",
    "aliases.yaml": "image: x\na0: &a0 [x,x]\n"
    + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]\n" for i in range(1, 40)),
    "deep.yaml": "image: x\n" + "".join(" " * i + "a:\n" for i in range(1000)),
    "deepitems.yaml": "image: x\na:\n" + "- " * MANY + "x",
    "deepflow.yaml": "image: " + "[" * MANY,
    "hidden.yaml": "image: x\na: " + '[\'"\',["]",' * 2000,
    "keys.yaml": "? " * MANY + "image",
    "blank.yaml": POD + "  - image: a:1\n" + (" " * 200 + "\n") * 2000,
    "returns.yaml": "image: a/b:1\rx: y\rz: [\r",
    "breaks.yaml": 'a: "x\u2028y\x85z"\nimage: a/b:1\n',
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("path", HOSTILE)
def test_is_read_in_time(path: str) -> None:
    for result in read(Document(path, HOSTILE[path]), Scope(NoFiles())):
        assert str(result)
