"""Templates of Helm charts, read line by line: they become YAML only when they are rendered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from prewarm.scan.finding import Place, Result, Unresolved, found
from prewarm.scan.helm.chart import chart_above, defaults_of
from prewarm.scan.helm.rendering import IMAGE_LINE, Renderings
from prewarm.scan.imagelines import literal_images
from prewarm.scan.imageparts import as_used
from prewarm.scan.imagetext import Look, has_fixed_name, look_at, open_parts
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Text

_ACTION = re.compile(
    r"\{\{-?\s*(?:\.|\$|/\*|\(|(?:include|if|else|range|with|template|toYaml|define|block|end|tpl"
    r"|default|required|printf|quote)\b)"
)
_COMMENT = re.compile(r"\{\{-?\s{0,9}/\*")
_LITERAL = re.compile(r"\"[a-z0-9][\w.-]*[/:\w][\w./:@-]*\"")
_USE = "Helm template"
_SEPARATOR = re.compile(r"^---", re.MULTILINE)
_DEFINITION = re.compile(r"^kind:[ \t]*CustomResourceDefinition\b", re.MULTILINE)


def is_template(text: str) -> bool:
    """Whether a text has actions of Go's templates, as Helm uses them."""
    return _ACTION.search(text) is not None


def read_template(document: Document, scope: Scope, first_line: int = 1) -> Iterator[Result]:
    """The images that a template names itself, `first_line` being the line that it begins in.

    Those that come from values alone are said where the values stand.
    """
    text = _without_comments(document.text)
    renderings = _Lazily(document.path, scope)
    start = 0
    for match in [*_SEPARATOR.finditer(text), None]:
        end = match.start() if match else len(text)
        part = text[start:end]
        if not _DEFINITION.search(part):
            begin = Place(document.path, text.count("\n", 0, start) + first_line, 1)
            yield from literal_images(part, begin, _USE, Look.BARE)
            for line in IMAGE_LINE.finditer(part):
                yield from _rendered(line, begin, renderings)
        start = end


def _rendered(line: re.Match[str], begin: Place, renderings: _Lazily) -> Iterator[Result]:
    source = line["value"].strip().strip("\"'")
    named = has_fixed_name(source)
    if not named and not _LITERAL.search(source):
        return
    place = _place(line, begin)
    name, used = renderings.of(line["value"])
    if look_at(name) > Look.NOT:
        own = bare_name(name)
        if not any(own in as_used(text) for text in used):
            yield found(name, place, _USE, written=source)
    elif named:
        holes = open_parts(source) or ()
        reason = "its template cannot be followed without rendering: render it and scan that"
        yield Unresolved(source, place, reason, holes)


@dataclass(slots=True)
class _Lazily:
    """The chart's renderings, read when the first line asks for them."""

    path: str
    scope: Scope
    held: Renderings | None = None

    def of(self, source: str) -> tuple[str, tuple[Text, ...]]:
        if self.held is None:
            chart = chart_above(self.path, self.scope)
            if chart is None:
                return "", ()
            self.held = Renderings(chart, defaults_of(chart, self.scope), self.scope)
        return self.held.line(source)


def bare_name(name: str) -> str:
    """The last word of a repository: what an image is called without host and tag."""
    return name.partition("@")[0].rpartition("/")[2].partition(":")[0]


def _place(line: re.Match[str], begin: Place) -> Place:
    start = line.start("value")
    start += len(line["value"]) - len(line["value"].lstrip("\"' "))
    text = line.string
    number = begin.line + text.count("\n", 0, start)
    return Place(begin.file, number, start - text.rfind("\n", 0, start))


def _without_comments(text: str) -> str:
    """The text with blanks for what stands in the template language's comments."""
    pieces, at = [], 0
    while match := _COMMENT.search(text, at):
        end = text.find("*/", match.end())
        if end < 0:
            break
        pieces += [text[at : match.start()], re.sub(r"[^\n]", " ", text[match.start() : end])]
        at = end
    return "".join([*pieces, text[at:]])
