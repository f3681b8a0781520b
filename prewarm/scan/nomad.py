"""Nomad: the images of tasks that run in containers."""

from __future__ import annotations

from collections.abc import Iterator

from prewarm.scan.finding import Place, Result, Skipped
from prewarm.scan.hcltext import Block, Body, parse
from prewarm.scan.naming import settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.terraform.evaluation import Bound, Frame, texts
from prewarm.scan.terraform.naming import images

_DRIVERS = {"docker", "podman", "containerd-driver", "nerdctl"}


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What the jobs of a file pull; of a file without jobs nothing, whatever else it is."""
    body = parse(document.text)
    if not any(body.blocks_of("job")):
        return
    names: dict[str, Bound] = {}
    frame = Frame(document.path, names, scope.inputs.variables)
    for block in body.blocks_of("variable"):
        default = block.body.get("default")
        if block.labels and default is not None:
            names[f"var.{block.labels[0]}"] = Bound(default, frame)
    for block in body.blocks_of("locals"):
        names.update({f"local.{a.name}": Bound(a.value, frame) for a in block.body.attributes})
    for fault in body.faults:
        yield Skipped(document.path, f"line {fault.line}: {fault.problem}")
    yield from settled(jobs(body, frame))


def jobs(body: Body, frame: Frame, via: tuple[Place, ...] = ()) -> Iterator[Result]:
    """The images of all jobs of a file."""
    for job in body.blocks_of("job"):
        yield from _tasks(job, frame, via)


def _tasks(block: Block, frame: Frame, via: tuple[Place, ...]) -> Iterator[Result]:
    driver = block.body.get("driver")
    if driver is not None and texts(driver, frame)[0].text in _DRIVERS:
        for config in block.body.blocks_of("config"):
            image = config.body.get("image")
            if image is not None:
                yield from images(image, frame, "task", via=via)
    for inner in block.body.blocks:
        yield from _tasks(inner, frame, via)
