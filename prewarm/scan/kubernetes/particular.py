"""Places with a meaning of their own: packages, image streams, patches, kustomize's entries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from prewarm.reference import looks_like_host
from prewarm.scan.finding import Result, Unresolved, found
from prewarm.scan.imagekeys import is_image_key
from prewarm.scan.imageparts import join
from prewarm.scan.imagetext import Look, look_at, open_parts
from prewarm.scan.kubernetes.kinds import group_of
from prewarm.scan.kubernetes.say import text_says
from prewarm.scan.kubernetes.setting import Path, Setting, Trust
from prewarm.scan.values import Mapping, Text, elements, get, scalar

PARTICULAR = {
    *("kind", "package", "reference", "op", "newName", "newTag", "value", "options", "imageTag"),
}
"""A mapping without any of these keys is none of such places."""

_PACKAGES = {"Provider", "Configuration", "Function", "ConfigurationRevision", "ProviderRevision"}


def particular(mapping: Mapping, path: Path, setting: Setting) -> Iterator[Result]:
    """What a mapping says by such a place, if it is one."""
    entries = mapping.entries
    if "kind" in entries:
        yield from _image_stream(mapping, path, setting)
    if "package" in entries:
        yield from _package(mapping, path, setting)
    if "reference" in entries:
        yield from _image_volume(mapping, path, setting)
    if "op" in entries:
        yield from _patch(mapping, setting)
    if "newName" in entries or "newTag" in entries:
        yield from _kustomized(mapping, path, setting)
    if "value" in entries or "options" in entries:
        yield from _wrapped(mapping, path, setting)
    if "imageTag" in entries:
        yield from _kubeadm(mapping, path, setting)


def _image_stream(mapping: Mapping, path: Path, setting: Setting) -> Iterator[Result]:
    kind, name = get(mapping, "kind"), get(mapping, "name")
    if not (isinstance(kind, Text) and isinstance(name, Text)) or "output" in path:
        return
    if kind.value == "DockerImage":
        trusted = replace(setting, trust=Trust.POD)
        yield from text_says(name, trusted, Look.NOT, use="image stream")


def _package(mapping: Mapping, path: Path, setting: Setting) -> Iterator[Result]:
    package = get(mapping, "package")
    if not isinstance(package, Text) or path[-1:] != ("spec",):
        return
    if group_of(setting.api) != "pkg.crossplane.io" or setting.kind not in _PACKAGES:
        return
    if looks_like_host(package.value.partition("/")[0]) or open_parts(package.value):
        yield from text_says(package, setting, Look.NOT, use="package")
    else:
        reason = "the registry depends on Crossplane's version: write the host in front"
        yield Unresolved(package.value, package.place, reason)


def _image_volume(mapping: Mapping, path: Path, setting: Setting) -> Iterator[Result]:
    reference = get(mapping, "reference")
    if path[-1:] != ("image",) or "volumes" not in path or not isinstance(reference, Text):
        return
    policy = get(mapping, "pullPolicy")
    never = isinstance(policy, Text) and policy.value == "Never"
    setting = replace(setting, trust=Trust.POD, never_pulled=never)
    yield from text_says(reference, setting, Look.NOT, use="image volume")


def _patch(mapping: Mapping, setting: Setting) -> Iterator[Result]:
    """JSON patch: `op`, `path`, `value`."""
    op, pointer, value = (get(mapping, key) for key in ("op", "path", "value"))
    if not (isinstance(op, Text) and isinstance(pointer, Text) and isinstance(value, Text)):
        return
    key = pointer.value.rpartition("/")[2]
    if op.value in ("add", "replace") and is_image_key(key):
        least = Look.BARE if "containers/" in pointer.value.lower() else Look.PLAIN
        trusted = replace(setting, trust=Trust.OBJECT)
        yield from text_says(value, trusted, least, use="patch")


def _kustomized(mapping: Mapping, path: Path, setting: Setting) -> Iterator[Result]:
    """An entry of kustomize's `images` in an object of Flux or Argo CD that carries it."""
    if setting.kind == "Kustomization" and path == ("images", "[]"):
        return
    tag, digest = scalar(get(mapping, "newTag")), scalar(get(mapping, "digest"))
    name = scalar(get(mapping, "newName")) or scalar(get(mapping, "name"))
    if name is None or not ({"newName", "newTag"} & mapping.entries.keys()) or not (tag or digest):
        return
    text = join(name.value, tag.value if tag else "", digest.value if digest else "")
    if look_at(text) > Look.BARE:
        yield found(text, name.place, "kustomize image", written=name.value)


def _wrapped(mapping: Mapping, path: Path, setting: Setting) -> Iterator[Result]:
    """A form's field: `image: {value: a:1, options: [a:1, b:2]}`."""
    if not path or not is_image_key(path[-1]) or "type" in mapping.entries:
        return
    value = get(mapping, "value")
    if isinstance(value, Text):
        yield from text_says(value, setting, Look.TAGGED)
    for option in elements(get(mapping, "options")):
        if isinstance(option, Text):
            yield from text_says(option, setting, Look.SURE)


def _kubeadm(mapping: Mapping, path: Path, setting: Setting) -> Iterator[Result]:
    """etcd and DNS, to whose repository kubeadm adds the name."""
    names = {("etcd", "local"): "etcd", ("dns",): "coredns"}
    name = names.get(path[-2:]) or names.get(path[-1:])
    repository = scalar(get(mapping, "imageRepository"))
    tag = scalar(get(mapping, "imageTag"))
    if name and repository is not None and tag is not None and setting.kind:
        image = join(f"{repository.value}/{name}", tag.value, "")
        yield found(image, repository.place, setting.use, written=repository.value)
