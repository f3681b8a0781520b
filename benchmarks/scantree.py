"""Trees to time a scan on: made from a seed, of many services with the files that such have."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

FILES, YAML_FILES, YAML_BYTES = 80_000, 20_000, 100_000_000
"""The tree of size 1: files in all, YAML files, and the bytes of those."""

_REGISTRIES = (
    *("docker.io", "quay.io", "ghcr.io", "gcr.io", "registry.k8s.io"),
    "registry.local:5000",
)
_WORDS = (
    *("api", "auth", "cache", "cart", "db", "edge", "feed", "gate"),
    *("hook", "index", "job", "log", "mail", "node", "proxy", "web"),
)


def make_tree(folder: Path, scale: float, seed: int) -> tuple[int, int]:
    """A repository of many services; returns its files and the bytes of its YAML."""
    chance = random.Random(seed)
    services = max(1, round(YAML_FILES * scale / 10))
    others = round((FILES - YAML_FILES) * scale / services)
    padding = YAML_BYTES // YAML_FILES
    files = size = 0
    for number in range(services):
        service = folder / f"team{number // 100}" / f"{chance.choice(_WORDS)}-{number}"
        for path, text in _service(chance, number, padding):
            files, size = files + 1, size + len(text)
            _write(service / path, text)
        for index in range(others):
            files += 1
            _write(
                service / "src" / f"file{index}.{chance.choice(['go', 'md', 'ts', 'txt'])}", _SOURCE
            )
    return files, size


def _service(chance: random.Random, number: int, size: int) -> list[tuple[str, str]]:
    name = f"svc{number}"
    makers: list[tuple[str, Callable[[], str]]] = [
        ("deploy/base/deployment.yaml", lambda: _deployment(chance, name)),
        ("deploy/base/all.yaml", lambda: "---\n".join(_deployment(chance, name) for _ in range(4))),
        ("deploy/base/config.yaml", lambda: _config(chance, name, size)),
        ("deploy/base/crd.yaml", lambda: _definition(name, size)),
        ("deploy/base/kustomization.yaml", lambda: _kustomization(name)),
        ("deploy/jobs/cron.yaml", lambda: _deployment(chance, name, "CronJob")),
        ("chart/Chart.yaml", lambda: _CHART.format(name=name)),
        ("chart/values.yaml", lambda: _values(chance, size)),
        ("chart/templates/deployment.yaml", lambda: _TEMPLATE.format(name=name)),
        ("deploy/list.json", lambda: _list(chance, name)),
    ]
    return [(path, make()) for path, make in makers]


def _image(chance: random.Random) -> str:
    registry, word = chance.choice(_REGISTRIES), chance.choice(_WORDS)
    version = f"v1.{chance.randrange(30)}.{chance.randrange(9)}"
    return f"{registry}/org{chance.randrange(9)}/{word}:{version}"


def _deployment(chance: random.Random, name: str, kind: str = "Deployment") -> str:
    containers = "".join(_container(chance, index) for index in range(2))
    return _DEPLOYMENT.format(kind=kind, name=name, containers=containers, image=_image(chance))


def _container(chance: random.Random, index: int) -> str:
    variables = "".join(
        f'            - name: SETTING_{number}\n              value: "{chance.random()}"\n'
        for number in range(12)
    )
    return _CONTAINER.format(index=index, image=_image(chance), variables=variables)


def _config(chance: random.Random, name: str, size: int) -> str:
    lines = "".join(f"    setting.{n} = {chance.random()}\n" for n in range(size // 30))
    return _CONFIG.format(name=name, image=_image(chance), lines=lines)


def _definition(name: str, size: int) -> str:
    fields = "".join(_FIELD.format(number=number) for number in range(2 * size // 150))
    return _DEFINITION.format(name=name, fields=fields)


def _kustomization(name: str) -> str:
    return _KUSTOMIZATION.format(name=name)


def _values(chance: random.Random, size: int) -> str:
    blocks = "".join(
        _VALUES.format(word=f"{word}{n}", image=_image(chance).replace(":v", "\n    tag: v"))
        for n, word in enumerate(_WORDS[: size // 400])
    )
    repository = _image(chance).rpartition(":")[0]
    return f"replicas: 1\nimage:\n  repository: {repository}\n  tag: ''\n{blocks}"


def _list(chance: random.Random, name: str) -> str:
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": {"containers": [{"name": name, "image": _image(chance)}]},
        }
        for _ in range(10)
    ]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": pods}, indent=2)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


_SOURCE = (
    "package main\n\n// An image is worth a thousand words.\nfunc main() { println(1) }\n" * 20
)
_DEPLOYMENT = """\
apiVersion: apps/v1
kind: {kind}
metadata:
  name: {name}
  labels:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/part-of: shop
spec:
  replicas: 2
  selector:
    matchLabels:
      app: {name}
  template:
    metadata:
      annotations:
        prometheus.io/scrape: "true"
    spec:
      serviceAccountName: {name}
      initContainers:
        - name: wait
          image: {image}
          command: ["sh", "-c", "until nc -z db 5432; do sleep 1; done"]
      containers:
{containers}
      volumes:
        - name: data
          persistentVolumeClaim:
            claimName: {name}
        - name: tmp
          emptyDir: {{}}
"""
_CONTAINER = """\
        - name: c{index}
          image: {image}
          imagePullPolicy: IfNotPresent
          args:
            - --listen=0.0.0.0:8080
            - --log-level=info
          env:
{variables}
          ports:
            - containerPort: 8080
              name: http
          livenessProbe:
            httpGet:
              path: /healthz
              port: http
            initialDelaySeconds: 5
          resources:
            limits:
              cpu: 500m
              memory: 256Mi
            requests:
              cpu: 100m
              memory: 128Mi
          volumeMounts:
            - name: data
              mountPath: /var/lib/data
"""
_CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
data:
  sidecarImage: {image}
  settings.properties: |
{lines}
"""
_DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: {name}.example.com
spec:
  versions:
    - name: v1
      schema:
        openAPIV3Schema:
          properties:
{fields}
"""
_FIELD = """\
            field{number}:
              description: The image to run, for example nginx:1.27, and when to pull it.
              type: string
"""
_KUSTOMIZATION = """\
resources:
  - deployment.yaml
  - all.yaml
  - config.yaml
images:
  - name: {name}
    newTag: v2
"""
_CHART = """\
apiVersion: v2
name: {name}
version: 0.1.0
appVersion: "1.2.3"
description: A chart whose image is its own.
"""
_VALUES = """\
# What the {word} needs.
{word}:
  enabled: true
  image:
    repository: {image}
    pullPolicy: IfNotPresent
  resources:
    limits:
      cpu: 100m
      memory: 128Mi
  service:
    type: ClusterIP
    port: 80
  nodeSelector: {{}}
  tolerations: []
  affinity: {{}}
"""
_TEMPLATE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{{{ include "{name}.fullname" . }}}}
  labels:
    {{{{- include "{name}.labels" . | nindent 4 }}}}
spec:
  template:
    spec:
      containers:
        - name: {{{{ .Chart.Name }}}}
          image: "{{{{ .Values.image.repository }}}}:{{{{ .Values.image.tag | default "9" }}}}"
          imagePullPolicy: {{{{ .Values.image.pullPolicy }}}}
          {{{{- with .Values.resources }}}}
          resources:
            {{{{- toYaml . | nindent 12 }}}}
          {{{{- end }}}}
        - name: busy
          image: busybox:1.36
"""
