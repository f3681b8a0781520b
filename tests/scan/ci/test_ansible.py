"""Ansible's playbooks and roles."""

from __future__ import annotations

import pytest

from prewarm.scan import yamltext
from prewarm.scan.ansible import looks_like, read
from prewarm.scan.finding import Skipped
from prewarm.scan.reader import Inputs
from tests.scan.ci.shown import results, shown

PATH = "site.yml"

CASES = {
    "containers": (
        """\
        - hosts: all
          vars: {image: no:1}
          tasks:
            - name: "image: no:2"
              docker_container:
                name: image
                image: nginx:1.27 # no:3
                env: {image: no:4}
            - community.docker.docker_container: {name: x, image: "redis:7", state: started}
            - containers.podman.podman_container: {name: x, image: quay.io/a/b:1}
            - docker_container: {name: x, image: no:5, state: absent}
            - docker_container: name=x image=a:1 state=started
            - community.docker.docker_swarm_service: {image: s:1}
            - docker_container: {image: own:1, pull: never}
            - mycorp.x.docker_container: {image: no:6}
            - docker_container_info: {image: no:7}
            - shell: docker run no:8
          handlers:
            - docker_container: {image: h:1}
          pre_tasks:
            - block:
                - docker_container: {image: b:1}
              rescue:
                - docker_container: {image: r:1}
        """,
        [
            "nginx:1.27 | container | 7",
            "redis:7 | container | 9",
            "quay.io/a/b:1 | container | 10",
            "a:1 | container | 12",
            "s:1 | container | 13",
            "own:1 | container (local) | 14",
            "h:1 | container | 19",
            "b:1 | container | 22",
            "r:1 | container | 24",
        ],
    ),
    "images": (
        """\
        - docker_image: {name: a, tag: "1", source: pull}
        - docker_image: {name: "b:2"}
        - docker_image: {name: own, tag: 3, source: build, build: {path: .}}
        - docker_image: {name: old, path: .}
        - docker_image: {name: no:1, source: local, repository: x, push: true}
        - docker_image: {name: no:2, state: absent}
        - docker_image: {name: no:3, source: load, load_path: x.tar}
        - community.docker.docker_image_pull: {name: c, tag: 3.20, platform: linux/arm64}
        - containers.podman.podman_image: {name: d, tag: "4"}
        - containers.podman.podman_image: {name: e, path: .}
        - containers.podman.podman_image: {name: f, pull: no}
        - community.docker.docker_image_build: {name: no:4}
        """,
        [
            "a:1 | image | 1",
            "b:2 | image | 2",
            "own:3 | image (product) | 3",
            "old:latest | image (product) | 4",
            "c:3.20 | image [linux/arm64] | 8",
            "d:4 | image | 9",
            "e:latest | image (product) | 10",
            "f:latest | image (local) | 11",
        ],
    ),
    "objects inside": (
        """\
        - kubernetes.core.k8s:
            definition:
              kind: Pod
              spec: {containers: [{image: a:1}]}
        - k8s:
            state: present
            definition: |
              spec:
                containers:
                  - image: b:1
                initContainers: [{image: "c:{{ v }}"}]
        - community.docker.docker_compose_v2:
            definition:
              services: {web: {image: d:1}, own: {build: .}}
        - community.docker.docker_stack:
            compose:
              - stack.yml
              - services: {db: {image: e:1}}
        """,
        [
            "a:1 | container | 4",
            "b:1 | container | 10",
            "? c:{{ v }} | 11",
            "d:1 | service | 14",
            "e:1 | service | 18",
        ],
    ),
    "variables": (
        """\
        - hosts: all
          vars: {tag: "1", full: "reg.io/a:{{ tag }}", box: {image: b, tag: 3.10}, l: [c:1]}
          tasks:
            - docker_container: {image: "{{ full }}"}
            - docker_container: {image: "{{ box.image }}:{{ box['tag'] }}"}
            - docker_container: {image: "{{ l[0] }}"}
            - docker_container: {image: "d:{{ none }}"}
            - docker_container: {image: "d:{{ none | default('2') }}"}
            - docker_container: {image: "d:{{ none | default(tag) }}"}
            - docker_container: {image: "{{ 'e' ~ ':' ~ tag }}"}
            - docker_container: {image: "f:{{ tag | regex_replace('1', '2') }}"}
            - docker_container: {image: "g:{{ tag | string }}"}
            - {docker_container: {image: "h:{{ tag }}"}, vars: {tag: "9"}}
            - docker_container: {image: "{% if x %}i:1{% endif %}"}
            - docker_container: {image: "{{ lookup('env', 'X') }}"}
            - docker_container: {image: "j:{{ tag"}
            - {docker_container: {image: "k:{{ e | default('1', true) }}"}, vars: {e: ""}}
            - {docker_container: {image: "l{{ e | default(':1') }}"}, vars: {e: ""}}
            - docker_container: {image: "m:{{ l[1] }}"}
        """,
        [
            "reg.io/a:1 | container | 4",
            "b:3.1 | container | 5",
            "c:1 | container | 6",
            "? d:{{ none }} | 7",
            "d:2 | container | 8",
            "d:1 | container | 9",
            "e:1 | container | 10",
            "? f:{{ tag | regex_replace('1', '2') }} | 11",
            "g:1 | container | 12",
            "h:9 | container | 13",
            "? {% if x %}i:1{% endif %} | 14",
            "? {{ lookup('env', 'X') }} | 15",
            "? j:{{ tag | 16",
            "k:1 | container | 17",
            "l:latest | container | 18",
            "? m:{{ l[1] }} | 19",
        ],
    ),
    "loops": (
        """\
        - docker_image: {name: "{{ item }}", source: pull}
          loop: ["a:1", "b:1"]
        - docker_image: {name: "{{ item.name }}", tag: "{{ item.tag }}", source: pull}
          with_items: [{name: c, tag: "1"}, {name: d, tag: "2"}]
        - docker_image: {name: "{{ it }}"}
          loop: "{{ list }}"
          loop_control: {loop_var: it}
          vars: {list: ["e:1"]}
        - docker_image: {name: "{{ item.value }}"}
          with_dict: {x: f:1}
        - docker_image: {name: "{{ item }}"}
          loop: "{{ unknown }}"
        """,
        [
            "a:1 | image | 1",
            "b:1 | image | 1",
            "c:1 | image | 3",
            "d:2 | image | 3",
            "e:1 | image | 5",
            "f:1 | image | 9",
            "? {{ item }} | 11",
        ],
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_tasks(text: str, expected: list[str]) -> None:
    assert shown(read, text, PATH) == expected


ROLE = {
    "roles/web/defaults/main.yml": 'web_image: "nginx:{{ web_tag }}"\nweb_tag: "1"\nx: "1"\n',
    "roles/web/vars/main.yml": 'x: "3"\n',
    "group_vars/all.yml": 'web_tag: "2"\nx: "2"\ny: "4"\n',
}


def test_role() -> None:
    text = """\
        - docker_container: {image: "{{ web_image }}"}
        - docker_container: {image: "a:{{ x }}-{{ y }}"}
        """
    path = "roles/web/tasks/sub/run.yml"
    assert shown(read, text, path, ROLE) == ["nginx:2 | container | 1", "a:3-4 | container | 2"]
    inputs = Inputs(variables={"x": "9", "web_tag": "8"})
    assert shown(read, text, path, ROLE, inputs) == [
        "nginx:8 | container | 1",
        "a:9-4 | container | 2",
    ]


def test_files_of_variables() -> None:
    text = """\
        - hosts: all
          vars: {v: "1"}
          vars_files: [vars/more.yml, "{{ x }}.yml"]
          tasks: [{docker_container: {image: "a:{{ v }}"}}]
        """
    files = {"plays/vars/more.yml": "v: '2'\n"}
    assert shown(read, text, "plays/site.yml", files) == ["a:2 | container | 4"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- hosts: all\n  roles: [x]", True),
        ("- name: x\n  community.docker.docker_container: {image: a}", True),
        ("- block: [{docker_container: {image: a}}]", True),
        ("- include_tasks: x.yml", True),
        ("- name: x\n  image: a:1", False),
        ("- command: x\n  plugins: []", False),
        ("kind: Pod", False),
    ],
)
def test_known_by_its_content(text: str, expected: bool) -> None:
    roots = [part.root for part in yamltext.parse(text) if part.root]
    assert [looks_like(root, "x.yml") for root in roots] == [expected]


@pytest.mark.parametrize("text", ["", "a", "{}", "- a", "- hosts: x\n  tasks: y", "- [a]"])
def test_anything_else_is_no_finding(text: str) -> None:
    assert results(read, text, PATH) == []


def test_broken() -> None:
    (skipped,) = results(read, "- [", PATH)
    assert isinstance(skipped, Skipped)
