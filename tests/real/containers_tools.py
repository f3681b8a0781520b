"""The clients built on containers/image: skopeo, podman and buildah, by a mirror's path prefix."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from .client import Pulled
from .programs import Outcome, environment, need, need_root, run, sandboxed
from .publish import skopeo_environment
from .samples import HOSTS


def write_registries(folder: Path, mirror: str, upstreams: Mapping[str, str] | None = None) -> Path:
    """A registries.conf that looks for each host's images under `mirror/host` first.

    `upstreams` are the addresses that stand in for the hosts themselves, over plain HTTP.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / "registries.conf"
    tables = []
    for host in HOSTS:
        home = (upstreams or {}).get(host)
        insecure = "insecure = true\n" if home else ""
        tables.append(
            f'[[registry]]\nprefix = "{host}"\nlocation = "{home or host}"\n{insecure}'
            f'[[registry.mirror]]\nlocation = "{mirror}/{host}"\ninsecure = true\n'
        )
    place.write_text('unqualified-search-registries = ["docker.io"]\n' + "".join(tables))
    return place


class Skopeo:
    """Copies an image into a folder and checks every file there against its name."""

    name = "skopeo"

    def __init__(
        self, folder: Path, mirror: str, upstreams: Mapping[str, str] | None = None
    ) -> None:
        self._program = need("skopeo")
        self._folder = folder
        self._registries = write_registries(folder, mirror, upstreams)
        self._env = skopeo_environment(folder / "home")
        self._pulls = 0

    def pull(self, reference: str) -> Pulled:
        self._pulls += 1
        target = self._folder / f"pull-{self._pulls}"
        outcome = run(
            [
                *(self._program, "--insecure-policy", "--registries-conf", self._registries),
                *("copy", f"docker://{reference}", f"dir:{target}"),
            ],
            env=self._env,
        ).ok()
        image_id, diff_ids = _read_folder(target)
        return Pulled(self.name, reference, image_id, diff_ids, str(outcome))

    def inspect(self, image: str) -> str:
        """`skopeo inspect` of `transport:name`; its output, or an AssertionError."""
        return run([self._program, "inspect", image], env=self._env).ok().out

    def copy_out(self, image: str) -> tuple[str, tuple[str, ...]]:
        """The image ID and the diff IDs of any `transport:name`, after a full copy."""
        self._pulls += 1
        target = self._folder / f"pull-{self._pulls}"
        run(
            [self._program, "--insecure-policy", "copy", image, f"dir:{target}"], env=self._env
        ).ok()
        return _read_folder(target)


class Podman:
    """Pulls into a containers-storage of its own."""

    name = "podman"

    def __init__(
        self, folder: Path, mirror: str, upstreams: Mapping[str, str] | None = None
    ) -> None:
        need_root(self.name)
        self._program = need(self.name)
        self._env = storage_environment(folder, write_registries(folder, mirror, upstreams))
        self._flags = (
            *("--tmpdir", str(folder / "tmp"), "--cgroup-manager", "cgroupfs"),
            *("--events-backend", "none", "--network-config-dir", str(folder / "networks")),
        )

    def pull(self, reference: str) -> Pulled:
        outcome = self._run("pull", reference).ok()
        return self.held(outcome.out.split()[-1], reference, str(outcome))

    def held(self, name: str, reference: str, log: str = "") -> Pulled:
        """What the storage holds under a name or an ID."""
        found = json.loads(self._run("image", "inspect", name).ok().out)[0]
        layers = tuple(found["RootFS"]["Layers"])
        return Pulled(self.name, reference, f"sha256:{found['Id']}", layers, log)

    def _run(self, *arguments: str) -> Outcome:
        return run(sandboxed([self._program, *self._flags, *arguments]), env=self._env)


class Buildah:
    """Pulls into a containers-storage of its own."""

    name = "buildah"

    def __init__(
        self, folder: Path, mirror: str, upstreams: Mapping[str, str] | None = None
    ) -> None:
        need_root(self.name)
        self._program = need(self.name)
        self._env = storage_environment(folder, write_registries(folder, mirror, upstreams))

    def pull(self, reference: str) -> Pulled:
        outcome = self._run("pull", reference).ok()
        image = outcome.out.split()[-1]
        found = json.loads(self._run("inspect", "--type", "image", image).ok().out)
        layers = tuple(found["OCIv1"]["rootfs"]["diff_ids"])
        return Pulled(self.name, reference, f"sha256:{found['FromImageID']}", layers, str(outcome))

    def _run(self, *arguments: str) -> Outcome:
        return run(sandboxed([self._program, *arguments]), env=self._env)


def storage_environment(folder: Path, registries: Path) -> dict[str, str]:
    """A clean environment with a containers-storage in `folder`, by the driver vfs."""
    storage = folder / "storage.conf"
    storage.write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{folder}/root"\nrunroot = "{folder}/runroot"\n'
    )
    settings = folder / "containers.conf"
    settings.write_text('[engine]\nlock_type = "file"\n')
    return environment(
        folder / "home",
        CONTAINERS_CONF=str(settings),
        CONTAINERS_STORAGE_CONF=str(storage),
        CONTAINERS_REGISTRIES_CONF=str(registries),
    )


def _read_folder(folder: Path) -> tuple[str, tuple[str, ...]]:
    """Image ID and diff IDs of what skopeo wrote as `dir:`, every file's digest checked."""
    manifest = json.loads((folder / "manifest.json").read_text())
    names = [entry["digest"] for entry in (manifest["config"], *manifest["layers"])]
    for name in names:
        raw = (folder / name.removeprefix("sha256:")).read_bytes()
        assert f"sha256:{hashlib.sha256(raw).hexdigest()}" == name
    config = json.loads((folder / names[0].removeprefix("sha256:")).read_text())
    return names[0], tuple(config["rootfs"]["diff_ids"])
