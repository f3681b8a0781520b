"""The sample repository, and the images that its upstream is made to hold."""

from __future__ import annotations

import shutil
from pathlib import Path

from prewarm.demo.images import Image, Layer

SHOP = Path(__file__).parent / "shop"

_BOTH = ("linux/amd64", "linux/arm64")
_ALPINE = Layer("alpine", 1_800_000)
_DEBIAN = Layer("debian-slim", 5_600_000)

IMAGES = (
    Image("docker.io/docker/dockerfile:1", (Layer("dockerfile", 2_400_000),), _BOTH, attested=True),
    Image("docker.io/library/node:22-alpine", (_ALPINE, Layer("node", 9_000_000)), _BOTH),
    Image("docker.io/library/postgres:16-alpine", (_ALPINE, Layer("postgres", 8_000_000)), _BOTH),
    Image("docker.io/library/python:3.12-slim", (_DEBIAN, Layer("python", 4_000_000)), _BOTH),
    Image("docker.io/library/redis:7.4-alpine", (_ALPINE, Layer("redis", 2_500_000)), _BOTH),
    Image("ghcr.io/astral-sh/uv:0.5", (Layer("uv", 3_000_000),), _BOTH),
    Image("quay.io/prometheus/prometheus:v2.55.1", (Layer("prometheus", 7_000_000),), docker=True),
    Image("registry.k8s.io/pause:3.10", (Layer("pause", 60_000),), _BOTH, docker=True),
)
"""About a fifth of the real images' sizes, so that the demonstration is short."""


def copy_shop(folder: Path) -> Path:
    """Copy the sample repository to a folder that is not there yet."""
    return Path(shutil.copytree(SHOP, folder, ignore=shutil.ignore_patterns("__pycache__")))
