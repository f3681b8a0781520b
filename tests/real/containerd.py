"""containerd, started from scratch in a folder, with hosts.toml files that name the mirror."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .client import Pulled, without_tag_beside_digest
from .images import THIS_ARCHITECTURE
from .process import Daemon
from .programs import Outcome, environment, need, need_root, run, sandboxed
from .samples import HOSTS

_CONFIG = """\
version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.restart"]
[grpc]
address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
path = "{folder}/opt"
[plugins."io.containerd.metadata.v1.bolt"]
content_sharing_policy = "isolated"
"""


class ContainerdDaemon:
    """The daemon; each client of it works in a namespace of its own and shares no content."""

    def __init__(self, folder: Path) -> None:
        need_root("containerd")
        need("ctr")
        folder.mkdir(parents=True)
        self.folder = folder
        self.socket = folder / "containerd.sock"
        config = folder / "config.toml"
        config.write_text(_CONFIG.format(folder=folder, socket=self.socket))
        self._daemon = Daemon(
            sandboxed([need("containerd"), "--config", config]),
            environment(folder / "home"),
            folder / "log",
        )
        self._daemon.wait_for(self._answers)

    def stop(self) -> None:
        self._daemon.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def ctr(self, *arguments: str) -> Outcome:
        command = [need("ctr"), "--address", str(self.socket), *arguments]
        return run(command, env=environment(self.folder / "home"))

    def _answers(self) -> bool:
        return self.socket.exists() and self.ctr("version").status == 0


class Containerd:
    """`ctr images pull` with a hosts folder: the mirror is asked with `?ns=`."""

    name = "containerd"

    def __init__(
        self,
        daemon: ContainerdDaemon,
        folder: Path,
        mirror: str,
        upstreams: Mapping[str, str] | None = None,
    ) -> None:
        self._daemon = daemon
        self._namespace = f"namespace-{folder.name}"
        self._hosts = write_hosts(folder, mirror, upstreams)

    def pull(self, reference: str) -> Pulled:
        name = without_tag_beside_digest(reference)
        outcome = self._ctr(
            *("images", "pull", "--snapshotter", "native", "--hosts-dir", str(self._hosts), name)
        ).ok()
        check = self._ctr("images", "check", "--snapshotter", "native", f"name=={name}").ok()
        assert " complete (" in check.out, f"{outcome}\n{check}"
        config = self._config_of(name)
        diff_ids = tuple(self._content(config)["rootfs"]["diff_ids"])
        return Pulled(self.name, reference, config, diff_ids, str(outcome))

    def _config_of(self, name: str) -> str:
        listed = self._ctr("images", "list", f"name=={name}").ok().out.splitlines()[1]
        target = next(word for word in listed.split() if word.startswith("sha256:"))
        manifest = self._content(target)
        for entry in manifest.get("manifests", []):
            if entry["platform"]["architecture"] == THIS_ARCHITECTURE:
                manifest = self._content(entry["digest"])
        return str(manifest["config"]["digest"])

    def _content(self, digest: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self._ctr("content", "get", digest).ok().out)
        return document

    def _ctr(self, *arguments: str) -> Outcome:
        return self._daemon.ctr("--namespace", self._namespace, *arguments)


def write_hosts(folder: Path, mirror: str, upstreams: Mapping[str, str] | None = None) -> Path:
    """A folder of hosts.toml files, one for each host, that name the mirror first.

    `upstreams` are the addresses that stand in for the hosts themselves, over plain HTTP.
    """
    root = folder / "hosts"
    for host in HOSTS:
        home = (upstreams or {}).get(host)
        server = f"http://{home}" if home else f"https://{host}"
        (root / host).mkdir(parents=True)
        (root / host / "hosts.toml").write_text(
            f'server = "{server}"\n[host."http://{mirror}"]\ncapabilities = ["pull", "resolve"]\n'
        )
    return root
