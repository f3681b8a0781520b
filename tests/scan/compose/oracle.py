"""compose-go's answers to compose projects, and prewarm's in the same shape."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prewarm.scan.compose.images import Container, containers
from prewarm.scan.compose.load import Loader
from prewarm.scan.compose.merge import mapping_of
from prewarm.scan.compose.paths import is_remote, join
from prewarm.scan.compose.project import project_of
from prewarm.scan.compose.values import Leaf, items, leaf, table
from prewarm.scan.reader import Inputs
from prewarm.scan.tree import Tree

SOURCE = Path(__file__).parents[2] / "oracles" / "compose"

Shape = dict[str, dict[str, Any]]
Question = dict[str, Any]
Answer = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A folder with a project, and the environment that compose runs in."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False

    @property
    def question(self) -> Question:
        return {
            "folder": str(self.folder),
            "env": dict(self.environment),
            "strict": self.strict,
        }


def build(folder: Path) -> Path:
    """The compiled program."""
    program = folder / "oracle"
    subprocess.run(["go", "build", "-o", program, "."], cwd=SOURCE, check=True)
    return program


def ask(program: Path, questions: Sequence[Question]) -> list[Answer]:
    """What compose-go says to each; an answer with `error` is a refusal."""
    done = subprocess.run(
        [program],
        input="\n".join(map(json.dumps, questions)),
        capture_output=True,
        text=True,
        check=True,
        env={"HOME": "/nowhere", "PATH": os.environ["PATH"]},
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def theirs(answer: Mapping[str, Any], folder: Path) -> Shape:
    """An answer of compose-go, cut down to what leads to images."""
    return {
        f"{section}.{name}": _shape(container, folder)
        for section in ("services", "jobs")
        for name, container in (answer.get(section) or {}).items()
    }


def _shape(container: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    build = container.get("build")
    shape: dict[str, Any] = {
        "image": container.get("image", ""),
        "platform": container.get("platform", ""),
        "policy": container.get("policy", ""),
        "profiles": sorted(container.get("profiles", [])),
        "volumes": container.get("volumes", []),
        "hooks": [hook for hook in container.get("hooks", []) if hook],
        "build": None,
    }
    if build is not None:
        shape["build"] = {
            "context": _relative(build.get("context", ""), folder),
            "dockerfile": build.get("dockerfile", ""),
            "inline": build.get("dockerfile_inline", ""),
            "target": build.get("target", ""),
            "args": container.get("args", {}),
            "contexts": {
                name: _relative(value, folder)
                for name, value in build.get("additional_contexts", {}).items()
            },
            "platforms": build.get("platforms", []),
            "tags": build.get("tags", []),
        }
    return shape


def _relative(path: str, folder: Path) -> str:
    return os.path.relpath(path, folder) if path.startswith("/") else path


def ours(case: Case, start: str) -> Shape:
    """What prewarm makes of the project that the file `start` belongs to."""
    tree = Tree.at([case.folder.parent])
    loader = Loader(tree)
    path = f"{case.folder.name}/{start}"
    project = project_of(path, loader, Inputs(environ=case.environment))
    model = loader.load(project.paths, project.source)
    environment = project.source.environment
    return {part.path: _own_shape(part, case, environment) for part in containers(model)}


def _own_shape(part: Container, case: Case, environment: Mapping[str, str]) -> dict[str, Any]:
    policy = _text(part.spec.get("pull_policy"))
    image = part.spec.get("image")
    hooks = [_text(table(hook).get("image", image)) for hook in items(part.spec.get("pre_start"))]
    shape: dict[str, Any] = {
        "image": part.image.text if part.image else "",
        "platform": part.platform or "",
        "policy": "missing" if policy == "if_not_present" else policy,
        "profiles": sorted(part.profiles),
        "volumes": list(_volumes(part)),
        "hooks": [hook for hook in hooks if hook],
        "build": None,
    }
    build = part.build
    if build:
        args = {
            name: value.text if value.value is not None else environment.get(name)
            for name, value in mapping_of(build.get("args")).items()
        }
        dockerfile, inline = _text(build.get("dockerfile")), _text(build.get("dockerfile_inline"))
        default = "" if inline or "dockerfile" in build else "Dockerfile"
        shape["build"] = {
            "context": _path(build.get("context"), case),
            "dockerfile": dockerfile or default,
            "inline": inline,
            "target": _text(build.get("target")),
            "args": {name: value for name, value in args.items() if value is not None},
            "contexts": {
                name: _path(value, case)
                for name, value in mapping_of(build.get("additional_contexts")).items()
            },
            "platforms": [_text(item) for item in items(build.get("platforms"))],
            "tags": [_text(item) for item in items(build.get("tags"))],
        }
    return shape


def _volumes(part: Container) -> Iterator[str]:
    for volume in items(part.spec.get("volumes")):
        if _text(table(volume).get("type")) == "image":
            yield _text(table(volume).get("source"))


def _text(value: object) -> str:
    named = leaf(value) if isinstance(value, Leaf) else None
    return named.text if named else ""


def _path(value: object, case: Case) -> str:
    if not isinstance(value, Leaf) or is_remote(value.text) or not value.text:
        return _text(value)
    return os.path.relpath(join(value.folder, value.text) or ".", case.folder.name)
