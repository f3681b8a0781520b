"""Templates' expressions come to what Helm makes of them: each was checked with its engine."""

from __future__ import annotations

import pytest

from prewarm.scan.helm.chart import chart_above, load
from prewarm.scan.helm.rendering import Renderings
from prewarm.scan.reader import Scope
from tests.scan.ci.shown import Tree

FILES = {
    "Chart.yaml": 'apiVersion: v2\nname: x\nversion: 1.2.3\nappVersion: "9.8"\n',
    "values.yaml": """\
image: {repository: nginx, tag: ""}
b: {registry: quay.io, repository: a/b, tag: v1.2.3, digest: ""}
f: 1.10
i: 7
str: S/t:1
on1: true
nul: ~
map: {a: {b: ""}}
tpl: "{{ .Values.b.repository }}:{{ .Chart.AppVersion }}"
""",
    "templates/_helpers.tpl": """\
{{- define "x.img" -}}
{{- $tag := .Values.image.tag | default (printf "v%s" .Chart.AppVersion) -}}
{{- if .Values.b.registry -}}
{{- printf "%s/%s:%s" .Values.b.registry .Values.image.repository $tag -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository $tag -}}
{{- end -}}
{{- end -}}
{{- define "x.root" -}}
{{ .root.registry }}/{{ .root.repository }}:{{ .root.tag | default .chart.AppVersion }}
{{- end -}}
{{- define "x.round" -}}{{ include "x.round" . }}{{- end -}}
""",
}


def line(source: str) -> str:
    scope = Scope(Tree(FILES))
    chart = chart_above("values.yaml", scope)
    assert chart is not None
    return Renderings(chart, load("values.yaml", scope), scope).line(source)[0]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ('{{ .Values.image.repository }}:{{ .Values.image.tag | default "1" }}', "nginx:1"),
        (
            '"{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}"',
            "nginx:9.8",
        ),
        ("'{{ printf \"%s:%s\" .Values.b.repository (.Values.b.tag | toString) }}'", "a/b:v1.2.3"),
        ('{{ include "x.img" . }}', "quay.io/nginx:v9.8"),
        ('{{ template "x.img" . }}', "quay.io/nginx:v9.8"),
        (
            '{{ include "x.root" (dict "root" .Values.b "chart" .Chart) | quote }}',
            "quay.io/a/b:v1.2.3",
        ),
        ('"{{- if .Values.b.registry }}{{ .Values.b.registry }}/{{- end }}x:1"', "quay.io/x:1"),
        (
            "{{ with .Values.b }}{{ .registry }}/{{ .repository }}:{{ .tag }}{{ end }}",
            "quay.io/a/b:v1.2.3",
        ),
        ('{{ .Values.none | default "a/b:1" }}', "a/b:1"),
        ("{{ .Values.b.repository }}:{{ .Values.f }}", "a/b:1.1"),
        ('{{ printf "%s:%v" .Values.b.repository .Values.i }}', "a/b:7"),
        ("{{ coalesce .Values.none .Values.str }}", "S/t:1"),
        ('{{ ternary "x/y:1" "x/z:2" .Values.on1 }}', "x/y:1"),
        ('{{ .Values.b.repository }}:{{ .Chart.Version | replace "." "-" }}', "a/b:1-2-3"),
        (
            '{{ (index .Values "b").repository }}:{{ .Values.b.tag | trimPrefix "v" | trunc 3 }}',
            "a/b:1.2",
        ),
        ("{{ tpl .Values.tpl . }}", "a/b:9.8"),
        ('{{ required "x" .Values.str }}', "S/t:1"),
        ('{{ if eq .Values.b.tag "v1.2.3" }}eq/x:1{{ else }}bad:2{{ end }}', "eq/x:1"),
        ("{{ .Values.b.repository -}} : {{- .Values.b.tag }}", "a/b:v1.2.3"),
        ("{{ $.Values.str | lower }}", "s/t:1"),
        ("{{ .Values.map.a.b | default .Values.str }}", "S/t:1"),
        ('{{ hasKey .Values "b" | ternary "h/k:1" "n/k:1" }}', "h/k:1"),
        ('{{ empty .Values.nul | ternary "e/e:1" "f/f:1" }}', "e/e:1"),
        ("{{ $r := .Values.b.repository }}{{ $r }}:{{ .Values.b.tag }}", "a/b:v1.2.3"),
        ("{{/* no */}}{{ .Values.str }}", "S/t:1"),
    ],
)
def test_comes_to(source: str, name: str) -> None:
    assert line(source) == name


@pytest.mark.parametrize(
    "source",
    [
        "{{ .Release.Name }}/x:1",
        "{{ .Values.none.below }}:1",
        "{{ $unknown }}:1",
        "{{ .image.repository }}:1",
        '{{ include "x.none" . }}',
        '{{ include "x.round" . }}',
        '{{ list "a" | first }}',
        "{{ range .Values.map }}{{ . }}{{ end }}",
        "{{ if }}x:1{{ end }}",
        "{{ .Values.str",
        "{{ end }}",
        '{{ required "x" .Values.nul }}',
        '{{ printf "%s" }}',
        "{{ | }}",
    ],
)
def test_says_nothing_where_it_cannot_follow(source: str) -> None:
    assert line(source) in ("", source)
