"""Values of Helm charts: images under any key, completed by the chart that they belong to."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from prewarm.reference import is_tag
from prewarm.scan.finding import Place, Result
from prewarm.scan.helm.chart import Chart, chart_above, defaults_of, inner_charts, inner_defaults
from prewarm.scan.helm.merge import merged
from prewarm.scan.helm.rendering import Renderings
from prewarm.scan.imagekeys import Role
from prewarm.scan.imageparts import Parts, as_used, join, with_registry
from prewarm.scan.kubernetes.say import as_they_stand, is_host_alone, is_pinned, names_whole
from prewarm.scan.kubernetes.setting import Completed, Path, Setting, Trust
from prewarm.scan.kubernetes.walk import Walk
from prewarm.scan.reader import Scope
from prewarm.scan.values import Mapping as Map
from prewarm.scan.values import Value, get, scalar


def read_values(value: Value, path: str, lines: list[str], scope: Scope) -> Iterator[Result]:
    """What the values of one file say, laid over what the chart itself and the charts in it say."""
    chart = chart_above(path, scope)
    if chart is None:
        owner = Owner(None, value)
        yield from _walk(value, path, lines, scope, partial(_complete, owner))
        return
    own = path == posixpath.join(chart.folder, "values.yaml")
    below = inner_defaults(chart, scope) if own else defaults_of(chart, scope)
    whole = merged(below, value) or value
    owner = Owner.of(chart, whole, scope)
    yield from _walk(whole, path, lines, scope, partial(_complete, owner))


@dataclass(frozen=True, slots=True)
class Owner:
    """The chart that completes values, with all its values and the charts inside it."""

    chart: Chart | None
    values: Value
    inner: Mapping[str, Chart] = field(default_factory=dict)
    renderings: Mapping[str, Renderings] = field(default_factory=dict)

    @classmethod
    def of(cls, chart: Chart, values: Value, scope: Scope) -> Owner:
        """With the renderings of the chart (under "") and of each chart inside it."""
        inner = dict(inner_charts(chart, scope))
        renderings = {"": Renderings(chart, values, scope)}
        shared = {"global": get(values, "global")}
        for key, below in inner.items():
            own = merged(_mapping(shared), get(values, key))
            renderings[key] = Renderings(below, own, scope)
        return cls(chart, values, inner, renderings)

    def at(self, path: Path) -> Renderings | None:
        """The renderings of the chart that values at a path are for."""
        key = path[0] if path and path[0] in self.inner else ""
        return self.renderings.get(key)


def _mapping(entries: Mapping[str, Value | None]) -> Value | None:
    held = {key: value for key, value in entries.items() if value is not None}
    return Map(held, {}, Place("", 0, 0)) if held else None


def _walk(
    value: Value,
    path: str,
    lines: list[str],
    scope: Scope,
    complete: Callable[[Parts, Path], Completed | None],
) -> Iterator[Result]:
    setting = Setting(
        complete,
        trust=Trust.OBJECT,
        use="Helm value",
        variables=scope.inputs.variables,
        file=path,
    )
    yield from Walk(lines).value(value, (), setting)


def _complete(owner: Owner, parts: Parts, path: Path) -> Completed | None:
    renderings = owner.at(path)
    if renderings is not None and parts.head is not None:
        rendered = renderings.with_text(parts.head)
        if rendered:
            return Completed(rendered)
    if not parts.structured or names_whole(parts):
        return as_they_stand(parts, path)
    name = parts.name
    if not name or is_host_alone(name):
        return None
    overriding = scalar(get(owner.values, "global", "imageRegistry"))
    if overriding is not None and as_used(overriding) and Role.REGISTRY in parts.values:
        bare = name.removeprefix(f"{parts.text(Role.REGISTRY)}/")
        name = with_registry(as_used(overriding), bare)
    if is_pinned(name) or parts.tag or parts.digest:
        return Completed((join(name, parts.tag, parts.digest),))
    return _with_app_version(owner, name, path)


def _with_app_version(owner: Owner, name: str, path: Path) -> Completed:
    if owner.chart is None:
        return Completed(reason="its tag is set by a chart that is not here: give the tag")
    chart = owner.chart
    if path and path[0] in chart.dependencies:
        if path[0] not in owner.inner:
            about = chart.dependencies[path[0]]
            return Completed(reason=f"its tag is set by the chart {about}: give the tag")
        chart = owner.inner[path[0]]
    version = chart.app_version
    if not is_tag(version):
        return Completed(reason="no tag, and Chart.yaml has no appVersion: give the tag")
    renderings = owner.at(path)
    if renderings is not None and renderings.says_v and version[:1].isdigit():
        version = f"v{version}"
    return Completed((join(name, version, ""),))
