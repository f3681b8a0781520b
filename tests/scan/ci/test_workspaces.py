"""Gitpod, pre-commit, Semaphore, werf, buildpacks, Packer, Nomad: small formats, one table each."""

from __future__ import annotations

import pytest

from prewarm.scan import buildpacks, gitpod, molecule, nomad, packer, precommit, semaphore, werf
from prewarm.scan.finding import Skipped
from prewarm.scan.reader import Reader
from tests.scan.ci.shown import results, shown

CASES: dict[str, tuple[Reader, str, str, list[str]]] = {
    "Gitpod": (
        gitpod.read,
        ".gitpod.yml",
        "image: gitpod/workspace-full:latest\ntasks: [{image: no:1}]\n",
        ["gitpod/workspace-full:latest | workspace | 1"],
    ),
    "pre-commit": (
        precommit.read,
        ".pre-commit-config.yaml",
        """\
        repos:
          - repo: local
            hooks:
              - {id: a, language: docker_image, entry: "koalaman/shellcheck:v0.10.0 -x"}
              - {id: b, language: docker_image, entry: "--entrypoint sh -e X=1 --rm b:1 -c x"}
              - {id: c, language: docker, entry: no:1}
              - {id: d, language: system, entry: docker run no:2}
              - {id: e, language: docker_image, entry: "--rm"}
          - {repo: x, rev: no, hooks: [{id: y}]}
        """,
        ["koalaman/shellcheck:v0.10.0 | hook | 4", "b:1 | hook | 5"],
    ),
    "hooks for others": (
        precommit.read,
        ".pre-commit-hooks.yaml",
        "- {id: a, language: docker_image, entry: a:1}\n",
        ["a:1 | hook | 1"],
    ),
    "Semaphore": (
        semaphore.read,
        ".semaphore/semaphore.yml",
        """\
        version: v1.0
        agent:
          machine: {type: e1, os_image: no:1}
          containers:
            - {name: main, image: "ruby:3"}
            - {name: db, image: postgres:16, env_vars: [{name: image, value: no:2}]}
        blocks:
          - task:
              agent: {containers: [{name: x, image: "a:${{parameters.V}}"}]}
              jobs: [{commands: [docker run no:3]}]
        """,
        [
            "ruby:3 | job image | 5",
            "postgres:16 | service | 6",
            "? a:${{parameters.V}} | 9",
        ],
    ),
    "werf": (
        werf.read,
        "werf.yaml",
        """\
        project: image
        configVersion: 1
        ---
        image: no:1
        from: alpine:3.20
        import: [{image: no:2, add: x}]
        ---
        image: own
        fromImage: no:3
        """,
        ["alpine:3.20 | base image | 5"],
    ),
    "buildpacks": (
        buildpacks.read,
        "project.toml",
        """\
        [_]
        schema-version = "0.2"
        [io.buildpacks]
        builder = "paketobuildpacks/builder:base"
        [[io.buildpacks.group]]
        uri = "docker://docker.io/paketobuildpacks/java:1"
        [[io.buildpacks.group]]
        uri = "urn:cnb:registry:no/no"
        id = "no/no"
        """,
        [
            "paketobuildpacks/builder:base | builder | 4",
            "paketobuildpacks/java:1 | buildpack | 6",
        ],
    ),
    "Packer": (
        packer.read,
        "x.pkr.hcl",
        """\
        variable "tag" { default = "1" }
        local "image" { expression = "b:${var.tag}" }
        locals { c = "c:1" }
        source "docker" "a" { image = "a:${var.tag}" }
        source "docker" "b" { image = local.image }
        source "docker" "c" { image = local.c }
        source "docker" "d" {
          image = "no:1"
          pull  = false
        }
        source "amazon-ebs" "e" { image = "no:2" }
        """,
        ["a:1 | base image | 4", "b:1 | base image | 5", "c:1 | base image | 6"],
    ),
    "Nomad": (
        nomad.read,
        "x.nomad",
        """\
        variable "tag" { default = "1" }
        locals { r = "reg.io" }
        job "image" {
          group "g" {
            task "a" {
              driver = "docker"
              config {
                image = "a:${var.tag}"
                args  = ["image=no:1"]
              }
            }
            task "b" {
              driver = "podman"
              config { image = "docker://${local.r}/b:1" }
            }
            task "c" {
              driver = "docker"
              config { image = "c:${NOMAD_META_tag}" }
            }
            task "d" {
              driver = "exec"
              config { image = "no:2" }
            }
          }
        }
        """,
        ["a:1 | task | 8", "reg.io/b:1 | task | 14", "? c:${NOMAD_META_tag} | 18"],
    ),
    "Molecule": (
        molecule.read,
        "molecule/default/molecule.yml",
        """\
        driver: {name: docker}
        platforms:
          - name: image
            image: "geerlingguy/docker-${MOLECULE_DISTRO:-rockylinux9}-ansible:latest"
          - {name: b, image: "b:${NONE}"}
          - {name: c, image: "c:1", pull: false}
        provisioner: {env: {image: no:1}}
        """,
        [
            "geerlingguy/docker-rockylinux9-ansible:latest | test platform | 4",
            "? b:${NONE} | 5",
            "c:1 | test platform (local) | 6",
        ],
    ),
    "Molecule with machines": (
        molecule.read,
        "molecule/default/molecule.yml",
        "driver: {name: vagrant}\nplatforms: [{name: a, image: no:1}]\n",
        [],
    ),
    "HCL without jobs": (nomad.read, "x.hcl", 'inputs = { image = "no:1" }\n', []),
}


@pytest.mark.parametrize(("read", "path", "text", "expected"), CASES.values(), ids=CASES)
def test_format(read: Reader, path: str, text: str, expected: list[str]) -> None:
    assert shown(read, text, path) == expected


@pytest.mark.parametrize("read", [gitpod.read, precommit.read, semaphore.read, werf.read])
def test_broken_yaml_is_skipped(read: Reader) -> None:
    (skipped,) = results(read, "a: [", "x.yml")
    assert isinstance(skipped, Skipped)


def test_broken_toml_is_skipped() -> None:
    (skipped,) = results(buildpacks.read, "a = ", "project.toml")
    assert isinstance(skipped, Skipped)


@pytest.mark.parametrize(
    ("read", "path", "text"),
    [
        (gitpod.read, ".gitpod.yml", "image: {file: docker/Base}\n"),
        (
            werf.read,
            "werf.yaml",
            "image: a\ndockerfile: Base\ncontext: docker\nargs: {V: 2}\ntarget: x\n",
        ),
    ],
)
def test_dockerfiles_are_read(read: Reader, path: str, text: str) -> None:
    files = {"docker/Base": "ARG V=2\nFROM a:$V AS x\n"}
    assert shown(read, text, path, files) == ["a:2 | base image | docker/Base:2"]
