"""What kustomizations pull is what `kubectl kustomize` builds, on trees made from seeds."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from prewarm.reference import Reference
from prewarm.scan.reader import Inputs
from prewarm.scan.scanner import Scanner
from prewarm.scan.tree import Tree

NAMES = ("app", "side", "quay.io/a/app", "host:5000/x", "nginx")
TAGS = ("", ":1", ":2.0", f"@sha256:{'a' * 64}", f":3@sha256:{'b' * 64}")
IMAGE = re.compile(r"^\s*(?:- )?image: (\S+)$", re.MULTILINE)

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not here")


def make(folder: Path, chance: random.Random) -> list[Path]:
    """Bases, overlays over them, a component; returns the overlays."""
    bases = []
    for number in range(chance.randint(1, 2)):
        base = folder / f"base{number}"
        _write(base / "d.yaml", _deployment(chance, f"d{number}", 3))
        _write(base / "kustomization.yaml", f"resources: [d.yaml]\n{_entries(chance)}")
        bases.append(base.name)
    component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
    entry = f"images: [{{name: {chance.choice(NAMES)}, newTag: part}}]\n"
    _write(folder / "part/kustomization.yaml", f"{component}{_entries(chance) or entry}")
    overlays = []
    for number in range(chance.randint(1, 2)):
        overlay = folder / f"over{number}"
        text = f"resources: [{', '.join(f'../{base}' for base in bases)}]\n{_entries(chance)}"
        if chance.random() < 0.3:
            text += "components: [../part]\n"
        text += _patches(chance, overlay)
        _write(overlay / "kustomization.yaml", text)
        overlays.append(overlay)
    return overlays


def _patches(chance: random.Random, overlay: Path) -> str:
    kind = chance.randrange(4)
    if kind == 0:
        _write(overlay / "p.yaml", _deployment(chance, "d0", 1, first=chance.randrange(3)))
        return "patches: [{path: p.yaml}]\n"
    if kind == 1:
        target = "target: {kind: Deployment, name: d0}"
        path = f"/spec/template/spec/containers/{chance.randrange(3)}/image"
        operation = f"- op: replace\n      path: {path}\n      value: {_image(chance)}"
        return f"patches:\n- {target}\n  patch: |-\n    {operation}\n"
    return ""


def _deployment(chance: random.Random, name: str, count: int, first: int = 0) -> str:
    containers = "".join(
        f"      - name: c{first + number}\n        image: {_image(chance)}\n"
        for number in range(count)
    )
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\n"
        f"spec:\n  template:\n    spec:\n      containers:\n{containers}"
    )


def _image(chance: random.Random) -> str:
    return chance.choice(NAMES) + chance.choice(TAGS)


def _entries(chance: random.Random) -> str:
    if chance.random() < 0.3:
        return ""
    lines = ["images:"]
    for _ in range(chance.randint(1, 2)):
        lines.append(f"- name: {chance.choice(NAMES)}")
        if chance.random() < 0.5:
            lines.append(f"  newName: {chance.choice((*NAMES, 'new'))}")
        if chance.random() < 0.6:
            lines.append(f"  newTag: v{chance.randrange(3)}")
        if chance.random() < 0.2:
            lines.append(f"  digest: sha256:{'c' * 64}")
    return "\n".join(lines) + "\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def built(overlay: Path) -> set[str]:
    output = subprocess.run(
        ["kubectl", "kustomize", str(overlay)], capture_output=True, text=True, check=True
    )
    return {str(Reference.parse(name)) for name in IMAGE.findall(output.stdout)}


@pytest.mark.parametrize("seed", range(25))
def test_pulls_what_kubectl_builds(seed: int, tmp_path: Path) -> None:
    overlays = make(tmp_path, random.Random(seed))
    expected = set().union(*(built(overlay) for overlay in overlays))
    scan = Scanner(Inputs(), workers=1).scan(Tree.at([tmp_path]))
    actual = {
        str(finding.reference)
        for finding in scan.findings
        if finding.via or finding.place.file != "part/kustomization.yaml"
    }
    assert actual == expected
