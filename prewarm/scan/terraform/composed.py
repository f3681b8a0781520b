"""Resources that name an image in several attributes: web apps of Azure, apps of DigitalOcean."""

from __future__ import annotations

from collections.abc import Iterator

from prewarm.reference import DOCKER_HUB
from prewarm.scan.expansion import Expanded
from prewarm.scan.finding import Place, Result
from prewarm.scan.hcltext import Block, Expression
from prewarm.scan.naming import host_of, named
from prewarm.scan.terraform.evaluation import Frame, texts
from prewarm.scan.terraform.naming import images, written

_MARKER = "DOCKER|"


def composed(block: Block, frame: Frame, via: tuple[Place, ...]) -> Iterator[Result]:
    """What a resource of these kinds pulls; nothing for others."""
    resource = block.labels[0]
    if resource.startswith("azurerm_"):
        for site in block.body.blocks_of("site_config"):
            yield from _site(site, frame, via)
    elif resource == "digitalocean_app":
        yield from _digitalocean(block, frame, via)


def _site(site: Block, frame: Frame, via: tuple[Place, ...]) -> Iterator[Result]:
    version = site.body.get("linux_fx_version")
    source = written(version, frame.path) if version is not None else None
    if version is not None and source is not None and source.value.startswith(_MARKER):
        for value in texts(version, frame):
            name = Expanded(value.text.removeprefix(_MARKER), value.missing)
            yield from named(name, source.part(len(_MARKER)), "container", via=via)
    for stack in site.body.blocks_of("application_stack"):
        get = stack.body.get
        yield from _joined(get("docker_registry_url"), get("docker_image_name"), None, frame, via)
        yield from _joined(None, get("docker_image"), get("docker_image_tag"), frame, via)
        for inner in stack.body.blocks_of("docker"):
            get = inner.body.get
            yield from _joined(get("registry_url"), get("image_name"), get("image_tag"), frame, via)


def _digitalocean(block: Block, frame: Frame, via: tuple[Place, ...]) -> Iterator[Result]:
    for inner in block.body.blocks:
        if inner.type != "image":
            yield from _digitalocean(inner, frame, via)
            continue
        get = inner.body.get
        kind = get("registry_type")
        is_hub = kind is not None and texts(kind, frame)[0].text == "DOCKER_HUB"
        repository = get("repository")
        if is_hub and repository is not None:
            yield from _joined(get("registry"), repository, get("tag"), frame, via)


def _joined(
    registry: Expression | None,
    name: Expression | None,
    tag: Expression | None,
    frame: Frame,
    via: tuple[Place, ...],
) -> Iterator[Result]:
    """One image of registry (an address or a namespace), name and tag, at the name's place."""
    source = written(name, frame.path) if name is not None else None
    if name is None or source is None:
        return
    if registry is None and tag is None:
        yield from images(name, frame, "container", via=via)
        return
    value = texts(name, frame)[0]
    if registry is not None:
        address = texts(registry, frame)[0]
        host = host_of(address.text) or DOCKER_HUB
        prefix = Expanded(f"{host}/", address.missing)
        value = prefix.then(value)
    if tag is not None:
        value = value.then(Expanded(":")).then(texts(tag, frame)[0])
    yield from named(value, source, "container", via=via)
