"""GitLab's pipelines: images and services of jobs, and all that decides what they are."""

from __future__ import annotations

from textwrap import dedent

import pytest

from prewarm.scan import yamltext
from prewarm.scan.finding import Skipped, Unresolved
from prewarm.scan.gitlab import looks_like, read
from prewarm.scan.reader import Inputs
from tests.scan.ci.shown import results, shown

ENTRY = ".gitlab-ci.yml"

PLACES = {
    "image and services": (
        """\
        build:
          image: ruby:3.3
          services:
            - postgres:16
            - name: "redis:7"
              alias: cache
            - name: docker:27-dind
              command: ["--registry-mirror", "http://no:1"]
          script: [docker run no:2]
        test: {image: {name: 'node:20', entrypoint: ['']}, script: x}
        """,
        [
            "ruby:3.3 | job image | 2",
            "postgres:16 | service | 4",
            "redis:7 | service | 5",
            "docker:27-dind | service | 7",
            "node:20 | job image | 10",
        ],
    ),
    "default and the old place": (
        """\
        default: {image: a:1, services: [b:1]}
        job: {script: x}
        """,
        ["a:1 | job image | 1", "b:1 | service | 1"],
    ),
    "top level": (
        "image: a:1\nservices:\n  - b:1\njob: {script: x}\n",
        ["a:1 | job image | 1", "b:1 | service | 3"],
    ),
    "no jobs here": ("image: a:1\n", ["a:1 | job image | 1"]),
    "not inheriting": (
        """\
        default: {image: "a:$V", services: ["b:$V"]}
        one: {script: x, inherit: {default: false}, variables: {V: 1}}
        two: {script: x, inherit: {default: [image]}, variables: {V: 2}}
        three: {script: x, services: [], variables: {V: 3}}
        """,
        ["a:2 | job image | 1", "a:3 | job image | 1", "? b:$V | 1"],
    ),
    "keywords are no jobs": (
        """\
        stages: [image]
        variables: {image: no:1}
        cache: {image: no:2}
        workflow: {image: no:3}
        include: []
        """,
        [],
    ),
    "no strings": ("job: {image: 3, services: [4, null, true]}\nx: {image: false}\n", []),
    "platform": (
        "job: {image: {name: a:1, docker: {platform: linux/arm64}}}\n",
        ["a:1 | job image [linux/arm64] | 1"],
    ),
    "a trigger job has no image": (
        "default: {image: a:1}\njob: {trigger: other/project}\nx: {script: x}\n",
        ["a:1 | job image | 1"],
    ),
    "a name that is a keyword with more": (
        "image:build: {image: a:1, script: x}\n",
        ["a:1 | job image | 1"],
    ),
}

TEMPLATES = {
    "extends": (
        """\
        .base:
          image: {name: a:1, entrypoint: [""]}
          services: [b:1]
        .more: {extends: .base, services: [c:1]}
        .unused: {image: no:1}
        one: {extends: .more}
        two: {extends: [.base, .more], image: d:1}
        """,
        [
            "a:1 | job image | 2",
            "c:1 | service | 4",
            "d:1 | job image | 7",
        ],
    ),
    "null takes the template's image away": (
        "default: {image: a:1}\n.t: {image: no:1}\njob: {extends: .t, image: null}\n",
        ["a:1 | job image | 1"],
    ),
    "extends merges images": (
        ".t: {image: {name: a:1, entrypoint: [x]}}\njob: {extends: .t, image: {name: b:1}}\n",
        ["b:1 | job image | 2"],
    ),
    "circles": (
        "a: {extends: b, image: a:1}\nb: {extends: a}\nc: {extends: c, image: c:1}\n",
        ["a:1 | job image | 1", "c:1 | job image | 3"],
    ),
    "anchors and merge keys": (
        """\
        .i: &i a:1
        .t: &t
          image: *i
        job:
          <<: *t
        other:
          <<: [*t]
          image: b:1
        """,
        ["a:1 | job image | 1", "b:1 | job image | 8"],
    ),
    "references": (
        """\
        .t:
          image: a:1
          services: [b:1]
          variables: {V: "2"}
        one:
          image: !reference [.t, image]
          services: !reference [.t, services]
        two:
          variables: !reference [.t, variables]
          image: c:$V
        three: {image: !reference [.none, image]}
        four: {image: !reference [four, image]}
        """,
        ["a:1 | job image | 2", "b:1 | service | 3", "c:2 | job image | 10"],
    ),
}

VARIABLES = {
    "forms": (
        """\
        variables: {V: "1", R: reg.io, FULL: "$R/full:${V}"}
        a: {image: "x:$V"}
        b: {image: "$R/x:${V}-slim"}
        c: {image: $FULL}
        d: {image: "${R}x:1"}
        """,
        [
            "x:1 | job image | 2",
            "reg.io/x:1-slim | job image | 3",
            "reg.io/full:1 | job image | 4",
            "reg.iox:1 | job image | 5",
        ],
    ),
    "job before global": (
        """\
        variables: {V: "1"}
        default: {image: "x:$V"}
        a: {script: x}
        b: {script: x, variables: {V: "2"}}
        """,
        ["x:1 | job image | 2", "x:2 | job image | 2"],
    ),
    "described": (
        """\
        variables:
          V: {value: "1", description: The version, options: ["1", "2"]}
          W: {description: No value}
          RAW: {value: "$V", expand: false}
        a: {image: "x:$V"}
        b: {image: "x:$W"}
        """,
        ["x:1 | job image | 5", "? x:$W | 6"],
    ),
    "numbers": (
        "variables: {I: 3, F: 3.10}\na: {image: 'x:$I'}\nb: {image: 'x:$F'}\n",
        ["x:3 | job image | 2", "x:3.1 | job image | 3"],
    ),
    "GitLab's own": (
        """\
        a: {image: "$CI_REGISTRY_IMAGE/ci:1"}
        b: {image: "${CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX}/alpine:3"}
        c: {image: "$CI_TEMPLATE_REGISTRY_HOST/a/b:1"}
        """,
        [
            "? $CI_REGISTRY_IMAGE/ci:1 | 1",
            "? ${CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX}/alpine:3 | 2",
            "registry.gitlab.com/a/b:1 | job image | 3",
        ],
    ),
    "unknown, empty, circular, no defaults": (
        """\
        variables: {E: "", A: "$B", B: "$A"}
        a: {image: "x:$NONE"}
        b: {image: "$E"}
        c: {image: "x:$A"}
        d: {image: "x:${E:-latest}"}
        e: {image: "x:$E"}
        """,
        ["? x:$NONE | 2", "? x:$A | 4", "? x:${E:-latest} | 5", "? x:$E | 6"],
    ),
    "matrix": (
        """\
        job:
          image: $REG/x:$V
          parallel:
            matrix:
              - {REG: a.io, V: ["1", 2]}
              - {REG: [b.io], V: "3"}
        """,
        ["a.io/x:1 | job image | 2", "a.io/x:2 | job image | 2", "b.io/x:3 | job image | 2"],
    ),
    "rules": (
        """\
        workflow: {rules: [{if: $CI, variables: {V: "1"}}]}
        job: {image: "x:$V", rules: [{if: $X, variables: {V: "2"}}, {when: never}]}
        """,
        ["x:1 | job image | 2", "x:2 | job image | 2"],
    ),
    "not inherited": (
        """\
        variables: {V: "1", W: "2"}
        a: {image: "x:$V", inherit: {variables: false}}
        b: {image: "x:$V-$W", inherit: {variables: [V]}}
        """,
        ["? x:$V | 2", "? x:$V-$W | 3"],
    ),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [*PLACES.values(), *TEMPLATES.values(), *VARIABLES.values()],
    ids=[*PLACES, *TEMPLATES, *VARIABLES],
)
def test_pipeline(text: str, expected: list[str]) -> None:
    assert shown(read, text, ENTRY) == expected


def test_reasons_say_what_to_do() -> None:
    found = results(read, VARIABLES["GitLab's own"][0], ENTRY)
    reasons = [(r.variables, r.reason) for r in found if isinstance(r, Unresolved)]
    assert reasons[0] == (
        ("CI_REGISTRY_IMAGE",),
        "CI_REGISTRY_IMAGE is known only to GitLab: give --variable CI_REGISTRY_IMAGE=…",
    )
    assert "proxy for Docker Hub" in reasons[1][1]


def test_values_from_outside_come_first() -> None:
    text = 'variables: {V: "1"}\na: {image: "$CI_REGISTRY_IMAGE:$V", variables: {V: "2"}}\n'
    inputs = Inputs(variables={"CI_REGISTRY_IMAGE": "reg.io/g/p", "V": "3"})
    assert shown(read, text, ENTRY, inputs=inputs) == ["reg.io/g/p:3 | job image | 2"]


LIBRARY = {
    "ci/base.yml": """\
        .base: {image: "a:$V"}
        .unused: {image: no:1}
        lint: {image: lint:1, script: x}
        """,
    "ci/more.yml": "default: {image: \"b:1\"}\nvariables: {V: '9'}\n",
}


def test_local_includes() -> None:
    text = """\
        include:
          - local: /ci/base.yml
          - 'ci/more.yml'
        variables: {V: "1"}
        job: {extends: .base}
        lint: {services: [c:1]}
        plain: {script: x}
        """
    assert shown(read, text, ENTRY, LIBRARY) == [
        "c:1 | service | 6",
        "a:1 | job image | ci/base.yml:1",
        "lint:1 | job image | ci/base.yml:3",
        "b:1 | job image | ci/more.yml:1",
    ]


@pytest.mark.parametrize(
    "include", ["/ci/*.yml", "ci/**.yml", "ci/**/*.yml", "{local: '/**/base.yml'}"]
)
def test_includes_with_wildcards(include: str) -> None:
    text = f"include: {include}\njob: {{extends: .base, variables: {{V: '1'}}}}\n"
    expected = ["a:1 | job image | ci/base.yml:1", "lint:1 | job image | ci/base.yml:3"]
    assert shown(read, text, ENTRY, {"ci/base.yml": LIBRARY["ci/base.yml"]}) == expected


def test_an_included_file_is_read_with_its_entry() -> None:
    files = {**LIBRARY, ENTRY: "include: ci/base.yml\n"}
    assert shown(read, LIBRARY["ci/base.yml"], "ci/base.yml", files) == []


def test_a_file_for_others_to_include_counts_its_templates() -> None:
    files = {ENTRY: "job: {image: a:1}"}
    text = ".base: {image: a:2}\n.more: {extends: .base, image: b:2}\njob: {extends: .more}\n"
    assert shown(read, text, "templates/x.gitlab-ci.yml", files) == ["b:2 | job image | 2"]
    assert shown(read, ".base: {image: a:2}", "x.gitlab-ci.yml") == ["a:2 | job image | 1"]


def test_child_pipelines() -> None:
    text = """\
        variables: {V: "1"}
        start: {variables: {W: "2"}, trigger: {include: [{local: ci/child.yml}]}}
        """
    files = {"ci/child.yml": 'job: {image: "x:$V-$W"}\n'}
    assert shown(read, text, ENTRY, files) == ["x:1-2 | job image | ci/child.yml:1"]
    assert shown(read, files["ci/child.yml"], "ci/child.yml", {ENTRY: text}) == []


def test_what_is_included_from_elsewhere_is_said() -> None:
    text = """\
        include:
          - template: Jobs/Build.gitlab-ci.yml
          - {project: a/b, file: /x.yml}
          - https://example.com/x.yml
          - local: none.yml
          - component: $CI_SERVER_FQDN/a/b@1
        """
    found = results(read, text, ENTRY)
    assert found == [
        Skipped(ENTRY, f"line {line}: {reason}")
        for line, reason in [
            (
                2,
                "includes Jobs/Build.gitlab-ci.yml, which is not in this repository "
                "and was not read",
            ),
            (3, "includes a/b, which is not in this repository and was not read"),
            (
                4,
                "includes https://example.com/x.yml, which is not in this repository "
                "and was not read",
            ),
            (5, "there is no none.yml to include"),
            (
                6,
                "includes $CI_SERVER_FQDN/a/b@1, which is not in this repository and was not read",
            ),
        ]
    ]


COMPONENT = """\
    spec:
      inputs:
        image: {default: "a:1"}
        tag: {}
        services: {type: array, default: ["s:1"]}
    ---
    "job-$[[ inputs.tag ]]":
      image: $[[ inputs.image ]]
      services: $[[ inputs.services ]]
    other: {image: "b:$[[ inputs.tag | expand_vars ]]"}
    """


def test_component() -> None:
    assert shown(read, COMPONENT, "templates/x.yml") == [
        "s:1 | service | 5",
        "a:1 | job image | 8",
        "? b:$[[ inputs.tag | expand_vars ]] | 10",
    ]


def test_included_component_with_inputs() -> None:
    text = "include: [{local: t/x.yml, inputs: {tag: '7', image: 'c:$V'}}]\nvariables: {V: 1}\n"
    assert shown(read, text, ENTRY, {"t/x.yml": COMPONENT}) == [
        "s:1 | service | t/x.yml:5",
        "c:1 | job image | t/x.yml:8",
        "b:7 | job image | t/x.yml:10",
    ]


def test_a_component_is_known_by_its_head() -> None:
    roots = [part.root for part in yamltext.parse(dedent(COMPONENT)) if part.root]
    assert [looks_like(root, "x") for root in roots] == [True, False]


@pytest.mark.parametrize("text", ["", "a", "[]", "job: 1", "default: 1", "job: {services: x:1}"])
def test_anything_else_is_no_finding(text: str) -> None:
    assert results(read, text, ENTRY) == []
