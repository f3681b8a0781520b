"""Jenkinsfiles, declarative and scripted."""

from __future__ import annotations

import pytest

from prewarm.scan.finding import Skipped
from prewarm.scan.jenkins import read
from prewarm.scan.reader import Inputs
from tests.scan.ci.shown import results, shown

PATH = "Jenkinsfile"

AGENTS = {
    "short and long": (
        """\
        #!/usr/bin/env groovy
        // agent { docker 'no:1' }
        /* agent { docker { image 'no:2' } } */
        pipeline {
          agent { docker 'maven:3.9' }
          stages {
            stage('image') {
              agent {
                docker {
                  image 'node:20' // no:3
                  label "docker"
                  args '-v image:/x --entrypoint ""'
                }
              }
              steps { sh "docker run no:4"; echo 'image "no:5"' }
            }
            stage('two') { agent { docker { image "a:1"; reuseNode true } } }
            stage('three') { agent { docker(image: 'b:1') } }
            stage('four') { agent { label 'docker' } }
          }
        }
        """,
        [
            "maven:3.9 | agent image | 5",
            "node:20 | agent image | 10",
            "a:1 | agent image | 17",
            "b:1 | agent image | 18",
        ],
    ),
    "registry in front": (
        """\
        pipeline {
          agent {
            docker {
              image 'a/b:1'
              registryUrl 'https://reg.io:5000/v2/'
            }
          }
          stages { stage('x') { agent { docker {
            registryUrl 'https://reg.io'
            image 'reg.io/c:1'
          } } } }
        }
        """,
        ["reg.io:5000/a/b:1 | agent image | 4", "reg.io/c:1 | agent image | 10"],
    ),
    "interpolation": (
        """\
        def TAG = '1'
        String twice = 'x'
        twice = 'y'
        pipeline {
          parameters { string(name: 'P', defaultValue: '2', description: 'x') }
          environment { E = '3' }
          agent { docker { image "a:${TAG}" } }
          stages {
            stage('s') {
              agent { docker { image "b:${params.P}-$E-${env.E}" } }
            }
            stage('t') { agent { docker { image "c:$twice" } } }
            stage('u') { agent { docker { image 'd:$TAG' } } }
            stage('v') { agent { docker { image "${env.REGISTRY}/e:1" } } }
            stage('w') { agent { docker { image "f:${x ? '1' : '2'}" } } }
            stage('x') { agent { docker { image TAG } } }
            stage('y') { agent { docker { image 'g:' + TAG } } }
          }
        }
        """,
        [
            "a:1 | agent image | 7",
            "b:2-3-3 | agent image | 10",
            "? c:$twice | 12",
            "? d:$TAG | 13",
            "? ${env.REGISTRY}/e:1 | 14",
            "? f:${x ? '1' : '2'} | 15",
            "1:latest | agent image | 16",
            "? 'g:' + TAG | 17",
        ],
    ),
    "the environment is not there yet at the top": (
        "pipeline {\n environment { V = '1' }\n agent { docker { image \"a:${V}\" } }\n}\n",
        ["? a:${V} | 3"],
    ),
    "pods": (
        """\
        pipeline {
          agent {
            kubernetes {
              defaultContainer 'image'
              yaml '''
        apiVersion: v1
        kind: Pod
        spec:
          containers:
          - name: maven # image: no:1
            image: maven:3.9
          - name: x
            image: "x:${TAG}"
          initContainers:
          - {name: i, image: i:1}
        '''
            }
          }
          stages { stage('s') { agent { kubernetes {
            yaml \"\"\"
              spec:
                containers:
                - image: y:${TAG}
              \"\"\".stripIndent()
            yamlFile 'pod.yaml'
            containerTemplate {
              name 'image'
              image 'z:1'
            }
          } } } }
        }
        """,
        [
            "maven:3.9 | container | 11",
            "? x:${TAG} | 13",
            "i:1 | container | 15",
            "? y:${TAG} | 23",
            "z:1 | container | 28",
        ],
    ),
}

SCRIPTS = {
    "images": (
        """\
        node {
          docker.image('a:1').inside { sh 'x' }
          docker.image("b:1").withRun('-p 1:1') { c -> sh "curl ${c.id}" }
          docker.image('c:1').pull()
          docker.image('no:1').push()
          docker.image('no:2').tag('x')
          def d = docker.image('d:1')
          d.inside { }
          def e = docker.image('no:3')
          e.push('latest')
          docker.build('no:4', '-f Dockerfile .').inside { }
          docker.image("f:${BUILD_NUMBER}").inside { }
          other.image('no:5').inside { }
        }
        """,
        [
            "a:1 | step image | 2",
            "b:1 | step image | 3",
            "c:1 | step image | 4",
            "d:1 | step image | 7",
            "? f:${BUILD_NUMBER} | 12",
        ],
    ),
    "registry around": (
        """\
        docker.withRegistry('https://reg.io', 'credentials') {
          docker.image('a:1').inside { }
          docker.image('reg.io/b:1').pull()
          docker.image('c:1').run()
        }
        docker.withRegistry('', 'hub') { docker.image('d:1').pull() }
        docker.withRegistry(URL) { docker.image('e:1').pull() }
        """,
        [
            "reg.io/a:1 | step image | 2",
            "reg.io/b:1 | step image | 3",
            "c:1 | step image | 4",
            "d:1 | step image | 6",
            "? e:1 | 7",
        ],
    ),
    "a default in the script": (
        """\
        def call(Map config) {
          docker.image(config.image ?: 'a:1').inside { }
          docker.image(config.image ? 'no:1' : 'no:2').inside { }
        }
        """,
        ["a:1 | step image | 2", "? config.image ? 'no:1' : 'no:2' | 3"],
    ),
    "pod templates": (
        """\
        podTemplate(label: 'image', containers: [
          containerTemplate(name: 'a', image: 'a:1', command: 'cat', ttyEnabled: true),
          containerTemplate(name: 'b', image: IMAGE),
        ], yaml: '''
          spec: {containers: [{image: c:1}]}
        ''') { node('image') { } }
        """,
        ["a:1 | container | 2", "? IMAGE | 3", "c:1 | container | 5"],
    ),
    "strings that look like code": (
        """\
        def a = ~/docker.image('no:1').pull()/
        def b = 10 / 2 // docker.image('no:2').pull()
        def c = 1 / 3
        echo "a \\" docker.image('no:3').pull() ${x("docker.image('no:4').pull()")}"
        echo 'it\\'s docker.image("no:5").pull()'
        docker.image('yes:1').pull()
        """,
        ["yes:1 | step image | 6"],
    ),
}


@pytest.mark.parametrize(
    ("text", "expected"), [*AGENTS.values(), *SCRIPTS.values()], ids=[*AGENTS, *SCRIPTS]
)
def test_jenkinsfile(text: str, expected: list[str]) -> None:
    assert shown(read, text, PATH) == expected


def test_dockerfile_agents() -> None:
    text = """\
        pipeline {
          agent { dockerfile true }
          stages { stage('s') { agent { dockerfile {
            filename 'Dockerfile.ci'
            dir 'build'
            additionalBuildArgs '--build-arg V=2 --build-arg=W=3'
          } } } }
        }
        """
    files = {
        "Dockerfile": "FROM alpine:3\n",
        "build/Dockerfile.ci": "ARG V=1\nARG W\nFROM a:$V-$W\n",
    }
    assert shown(read, text, PATH, files) == [
        "alpine:3 | base image | Dockerfile:1",
        "a:2-3 | base image | build/Dockerfile.ci:3",
    ]


def test_values_from_outside() -> None:
    text = 'docker.image("${env.REG}/a:${params.V}").pull()'
    inputs = Inputs(variables={"REG": "reg.io", "params.V": "1"})
    assert shown(read, text, PATH, inputs=inputs) == ["reg.io/a:1 | step image | 1"]


def test_broken_yaml_in_a_pod() -> None:
    text = "podTemplate(yaml: '''\na: [\n''') { }\n"
    (skipped,) = results(read, text, PATH)
    assert isinstance(skipped, Skipped)
    assert skipped.reason.startswith("the YAML that begins in line 1: ")


@pytest.mark.parametrize("text", ["", "'", '"""', "${", "docker.image(", "agent {", "}}}", "/*"])
def test_anything_else_is_no_finding(text: str) -> None:
    assert results(read, text, PATH) == []
