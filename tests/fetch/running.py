"""The command line in a folder of its own, against fake registries."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from prewarm.cli import cli


def run(*arguments: str) -> Result:
    """A command in this process; a bug is raised."""
    result = CliRunner().invoke(cli, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def named(folder: Path) -> dict[str, str]:
    """What the store of a folder holds: digests by name."""
    index = json.loads((folder / "store" / "index.json").read_text())
    return {
        m["annotations"]["org.opencontainers.image.ref.name"]: m["digest"]
        for m in index["manifests"]
    }


def settings(url: str, more: str = "") -> str:
    """A settings file for which a registry stands for Docker Hub."""
    return (
        f'store = "store"\nplatforms = ["linux/amd64"]\n{more}\n'
        f'[registry."docker.io"]\nendpoints = ["{url}"]\n'
    )
