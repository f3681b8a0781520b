"""What a chart's own templates make of its values: the lines of images, put together as written."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from prewarm.scan.finding import Place
from prewarm.scan.helm.chart import Chart
from prewarm.scan.helm.evaluation import Evaluation, Thing
from prewarm.scan.helm.language import Node, Unknown, parse
from prewarm.scan.helm.soft import Line, Rendering
from prewarm.scan.imagetext import Look, look_at
from prewarm.scan.reader import Scope
from prewarm.scan.values import Text, Value

IMAGE_LINE = re.compile(
    r"^[ \t]*(?:-[ \t]+)?[\"']?(?P<key>[\w-]*[iI]mage)[\"']?[ \t]*:[ \t]+"
    r"(?P<value>[^\n#]{0,500}\{\{[^\n]{0,1500}?)[ \t]{0,80}\r?$",
    re.MULTILINE,
)
_PREFIXED = re.compile(
    r"printf\s+\"v%s\"\s+\S*Chart\.AppVersion|:v\{\{-?\s*\S*Chart\.AppVersion"
    r"|default\s+\(printf\s+\"v%s\"\s+\S*Chart\.AppVersion"
)
_PLAIN = re.compile(r"default\s+\$?\.Chart\.AppVersion")
_MAX_TEXT = 200_000


class Renderings:
    """The images that a chart's templates name with given values. Read when first asked for."""

    def __init__(self, chart: Chart, values: Value | None, scope: Scope) -> None:
        self._chart = chart
        self._scope = scope
        self._root = _root(chart, values)
        self._texts: list[str] | None = None
        self._by_place: dict[Place, list[str]] | None = None
        self._defined: dict[str, list[Node] | None] = {}

    @property
    def says_v(self) -> bool:
        """Whether the templates put a `v` before the version of the application."""
        plain = any(_PLAIN.search(text) for text in self._all())
        return not plain and any(_PREFIXED.search(text) for text in self._all())

    def with_text(self, text: Text) -> tuple[str, ...]:
        """The names that templates make with one text of the values; empty if none is known."""
        if self._by_place is None:
            self._by_place = {}
            for line in self._lines():
                if look_at(line.name) > Look.NOT:
                    for used in line.used:
                        names = self._by_place.setdefault(used.place, [])
                        if line.name not in names:
                            names.append(line.name)
        return tuple(self._by_place.get(text.place, ()))

    def _lines(self) -> Iterator[Line]:
        for text in self._all():
            if IMAGE_LINE.search(text) is None:
                continue
            try:
                nodes = parse(text)
            except Unknown:
                continue
            rendering = Rendering(Evaluation(self._root, self._definition))
            yield from rendering.lines(nodes, self._root, {"$": self._root})
            yield from rendering.finish()

    def line(self, source: str) -> tuple[str, tuple[Text, ...]]:
        """What the right side of a line comes to and the values in it; empty if not known."""
        evaluation = Evaluation(self._root, self._definition)
        try:
            text = evaluation.run(parse(source), self._root).strip()
        except (Unknown, ValueError, TypeError, IndexError, AttributeError):
            return "", ()
        if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
            text = text[1:-1]
        return text.strip(), tuple(evaluation.used.values())

    def _definition(self, name: str) -> list[Node] | None:
        if not self._defined:
            for text in self._all(below=True):
                if "define" in text:
                    self._defined.update(_definitions(text))
        return self._defined.get(name)

    def _all(self, *, below: bool = False) -> list[str]:
        if self._texts is None:
            self._texts = list(_texts(posixpath.join(self._chart.folder, "templates"), self._scope))
        if not below:
            return self._texts
        charts = posixpath.join(self._chart.folder, "charts")
        inner = [
            text
            for name in self._scope.files.names(charts)
            for text in _texts(posixpath.join(charts, name, "templates"), self._scope)
        ]
        return [*inner, *self._texts]


def _definitions(text: str) -> Iterator[tuple[str, list[Node]]]:
    try:
        nodes = parse(text)
    except Unknown:
        return
    for node in nodes:
        match = re.match(r"\"([^\"]+)\"", node.text)
        if node.kind in ("define", "block") and match:
            yield match[1], node.blocks[0].nodes


def _root(chart: Chart, values: Value | None) -> Mapping[str, Thing]:
    about: dict[str, Thing] = {
        "Name": chart.name,
        "Version": chart.version,
        "AppVersion": chart.app_version,
    }
    return {"Values": values, "Chart": about}


def _texts(folder: str, scope: Scope, depth: int = 0) -> Iterator[str]:
    for name in scope.files.names(folder):
        path = posixpath.join(folder, name)
        if name.endswith((".yaml", ".yml", ".tpl")):
            document = scope.files.read(path)
            if document is not None and len(document.text) < _MAX_TEXT:
                yield document.text
        elif "." not in name and depth < 4:
            yield from _texts(path, scope, depth + 1)
