"""What one build of a Dockerfile is told from outside: arguments, target, platform, contexts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from prewarm.oci import Platform
from prewarm.scan.finding import Place


@dataclass(frozen=True, slots=True)
class Build:
    """One build of one Dockerfile, as docker, compose, bake or skaffold would start it.

    `args` are the build arguments. `target` is the name of the stage that is built, "" the last
    one; None stands for each stage in turn. `platform` is what is built for, `builder` what it is
    built on. `contexts` are the named contexts, by name, each with the text that stands for it:
    `docker-image://alpine:3.20`, `./folder`, `target:other`, `service:other`, a URL. A name that
    has one is no image of the file. `via` are the places that led to this build, outermost first.
    """

    args: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    platform: Platform = field(default_factory=Platform.of_this_machine)
    contexts: Mapping[str, str] = field(default_factory=dict)
    via: tuple[Place, ...] = ()
    builder: Platform = field(default_factory=Platform.of_this_machine)
