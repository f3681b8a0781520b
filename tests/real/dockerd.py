"""dockerd with its classic image store, started from scratch, with a mirror of Docker Hub."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from .client import Pulled, split_reference, without_tag_beside_digest
from .process import Daemon
from .programs import Outcome, environment, need, need_root, run, sandboxed


class Dockerd:
    """Hub images are pulled by their names; the others by the mirror's address and path."""

    name = "dockerd"

    def __init__(self, folder: Path, mirror: str) -> None:
        need_root(self.name)
        self._docker = need("docker")
        folder.mkdir(parents=True)
        self._folder, self._mirror = folder, mirror
        self._env = environment(folder / "home", DOCKER_CONFIG=str(folder / "home/.docker"))
        self._daemon = Daemon(self._command(need(self.name)), self._env, folder / "log")
        self._daemon.wait_for(lambda: self._run("version").status == 0)

    def stop(self) -> None:
        self._daemon.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def pull(self, reference: str) -> Pulled:
        host, _ = split_reference(reference)
        name = reference if host == "docker.io" else f"{self._mirror}/{reference}"
        name = without_tag_beside_digest(name)
        outcome = self._run("pull", name).ok()
        found = json.loads(self._run("image", "inspect", name).ok().out)[0]
        layers = tuple(found["RootFS"]["Layers"])
        return Pulled(self.name, reference, found["Id"], layers, str(outcome))

    @property
    def unpacks_zstd(self) -> bool:
        """Whether this Docker knows layers packed with zstd: version 23 and later."""
        version = self._run("version", "--format", "{{.Server.Version}}").ok().out
        return int(version.split(".")[0]) >= 23

    def _command(self, program: str) -> tuple[str, ...]:
        folder = self._folder
        config = folder / "daemon.json"
        config.write_text(
            json.dumps(
                {
                    "registry-mirrors": [f"http://{self._mirror}"],
                    "hosts": [self._socket],
                    "data-root": str(folder / "data"),
                    "exec-root": str(folder / "exec"),
                    "pidfile": str(folder / "pid"),
                    "storage-driver": "vfs",
                    "bridge": "none",
                    "iptables": False,
                    "ip-forward": False,
                    "ip-masq": False,
                    "userland-proxy": False,
                }
            )
        )
        return sandboxed([program, "--config-file", config])

    @property
    def _socket(self) -> str:
        return f"unix://{self._folder}/docker.sock"

    def _run(self, *arguments: str) -> Outcome:
        return run([self._docker, "--host", self._socket, *arguments], env=self._env)
