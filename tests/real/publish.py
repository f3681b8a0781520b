"""Content into a real registry, with skopeo: as it is, or turned into Docker's own formats."""

from __future__ import annotations

from pathlib import Path

from .images import Content, write_layout
from .programs import environment, need, run
from .registry import Registry


def publish(
    registry: Registry,
    repository: str,
    tag: str,
    content: Content,
    scratch: Path,
    *,
    docker: bool = False,
    credentials: str = "",
) -> None:
    """Copy content, every platform of it, to `repository:tag`.

    `docker` turns an OCI manifest into Docker's schema 2, and an index into a manifest list;
    `credentials` are `user:password`.
    """
    layout = write_layout(scratch / "layouts" / content.top.digest[-64:], {"it": content})
    form = ["--format", "v2s2"] if docker else ["--preserve-digests"]
    login = ["--dest-creds", credentials] if credentials else []
    source, target = f"oci:{layout}:it", f"docker://{registry.address}/{repository}:{tag}"
    run(
        [
            *(need("skopeo"), "--insecure-policy", "copy", "--quiet", "--all"),
            *("--dest-tls-verify=false", *form, *login, source, target),
        ],
        env=skopeo_environment(scratch / "skopeo"),
    ).ok()


def skopeo_environment(home: Path) -> dict[str, str]:
    """A clean environment in which skopeo keeps its memory of blobs in `home`, for root, too."""
    return environment(home, _CONTAINERS_ROOTLESS_UID="1000")
