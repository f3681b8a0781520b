"""Whether a text is an image's name: surely, perhaps, not at all, or with parts left open."""

from __future__ import annotations

import re
from enum import IntEnum

from prewarm.errors import UsageError
from prewarm.reference import Reference, looks_like_host


class Look(IntEnum):
    """How much a text looks like an image's name, from not at all to beyond doubt."""

    NOT = 0
    BARE = 1
    """A lone word that may be anything: `nginx`."""
    PLAIN = 2
    """Words with slashes: `grafana/grafana`."""
    TAGGED = 3
    """A name with a tag and no host, which a `host:port` is, too: `nginx:1.27`."""
    SURE = 4
    """A host with a repository, an organisation with a tag, or a digest."""


_FILE = re.compile(
    r"\.(?:png|jpe?g|gif|svg|webp|ico|bmp|tiff?|avif|heic|pdf|mp4|webm|qcow2|raw|img|iso|vmdk|vhdx?"
    r"|ova|ovf|vdi|tar|t?gz|xz|zst|zip|html?|md|ya?ml|json|xml|js|css|py|sh|go|txt)$",
    re.IGNORECASE,
)
_CODE_HOSTS = {"github.com", "gitlab.com", "bitbucket.org", "raw.githubusercontent.com"}
_SCHEME = re.compile(r"docker(?:-image)?://(?=[a-z0-9])")
_TOP_LEVEL = re.compile(r".+\.[A-Za-z][A-Za-z0-9-]+(?::\d+)?|.+:\d+|localhost|[\d.]+")
_REGISTRY = re.compile(
    r"(?:[\w.-]+\.)?(?:docker\.io|quay\.io|gcr\.io|pkg\.dev|ghcr\.io|lscr\.io|registry\.k8s\.io"
    r"|registry\.gitlab\.com|nvcr\.io|azurecr\.io|mcr\.microsoft\.com|public\.ecr\.aws"
    r"|dkr\.ecr\.[\w-]+\.amazonaws\.com(?:\.cn)?|docker\.elastic\.co|registry\.redhat\.io"
    r"|registry\.access\.redhat\.com|registry\.connect\.redhat\.com|icr\.io|cgr\.dev|ocir\.io"
    r"|registry\.cn-[\w-]+\.aliyuncs\.com|registry\.opensource\.zalan\.do|docker\.pkg\.github\.com"
    r"|xpkg\.upbound\.io|xpkg\.crossplane\.io|registry\.developers\.crunchydata\.com|docker\.n8n\.io"
    r"|cr\.[\w.-]+|harbor\.[\w.-]+|registry\.[\w-]+\.[\w.-]+)(?::\d+)?/[^/].*"
)
_OPEN = re.compile(
    r"\$\{\{(?P<actions>[^{}]*)\}\}"
    r"|\$\{(?P<shell>(?:[^{}]|\{[^{}]*\})*)\}"
    r"|\$\((?P<tekton>[^()]*)\)"
    r"|\{\{(?P<template>.*?)\}\}"
    r"|\{%.*?%\}"
    r"|\(\((?P<spruce>[^()]*)\)\)"
    r"|<(?P<angle>[^<>]*)>"
    r"|#?\{(?P<curly>[^{}]*)\}#?"
    r"|\$(?P<bare>[A-Za-z_]\w*)"
    r"|\[(?P<square>[^\[\]:]*)\]"
    r"|%(?P<percent>\w+)%"
    r"|@(?P<at>[A-Za-z_]\w*)@"
    r"|(?<![a-zA-Z0-9])__(?P<under>[A-Z][A-Z0-9_]*?)__(?![a-zA-Z0-9])"
)
_DISK = re.compile(r"projects/[^/]+/.*|[^/]+/images/.*|ami-[0-9a-f]+")
_PATTERN = re.compile(r"[*?!|&\s]")
_UPPER_HOST = re.compile(r"([A-Z][A-Z0-9-]*)/")
_DEFAULTED = re.compile(r"[A-Za-z_]\w*(?=:?[-=+?])")


def bare(text: str) -> str:
    """The name without the scheme that says where to fetch it: `docker://nginx` is `nginx`."""
    return _SCHEME.sub("", text.strip(), count=1)


def look_at(text: str) -> Look:
    """How much `text` looks like an image's name."""
    name = text.split("@", maxsplit=1)[0]
    if not 1 < len(text) < 400 or "//" in text or _FILE.search(name) or _DISK.fullmatch(name):
        return Look.NOT
    if "/" not in name and "." in name.partition(":")[0]:
        return Look.NOT
    try:
        reference = Reference.parse(text)
    except UsageError:
        return Look.NOT
    first, slash, _ = name.partition("/")
    hosted = bool(slash) and looks_like_host(first) and _TOP_LEVEL.fullmatch(first) is not None
    tagged = ":" in name.rpartition("/")[2]
    if reference.digest or (hosted and (tagged or first.lower() not in _CODE_HOSTS)):
        return Look.SURE
    if slash and looks_like_host(first) and not hosted:
        return Look.NOT
    if tagged:
        return Look.SURE if slash else Look.TAGGED
    return Look.PLAIN if slash else Look.BARE


def is_of_known_registry(text: str) -> bool:
    """Whether a text is a whole name, tag or digest included, on a host known to be a registry."""
    pinned = "@" in text or ":" in text.rpartition("/")[2]
    return pinned and _REGISTRY.fullmatch(text) is not None and look_at(text) is Look.SURE


def is_pattern(text: str) -> bool:
    """Whether a text matches images, as policies have it, and names none."""
    return _PATTERN.search(text) is not None


def open_parts(text: str) -> tuple[str, ...] | None:
    """The names of what is left open in a text (`${TAG}`, `<your image>`), None if nothing is."""
    matches = list(_OPEN.finditer(text))
    names = [_name(match) for match in matches]
    if host := _UPPER_HOST.match(text):
        names.append(host[1])
    elif not matches:
        return None
    return tuple(dict.fromkeys(name for name in names if name))


def has_fixed_name(text: str) -> bool:
    """Whether some of a text with open parts names an image: a host or a repository."""
    return re.search(r"[a-z0-9]{2}", _OPEN.sub("", text).rpartition(":")[0]) is not None


def can_be_given(text: str) -> bool:
    """Whether what is left open is a variable of the kinds that values are put in for."""
    return "$" in text or "{{" in text


def _name(match: re.Match[str]) -> str:
    inner = next((group for group in match.groups() if group is not None), "")
    if match["shell"] and (name := _DEFAULTED.match(inner)):
        return name[0]
    return inner.partition("|")[0].strip(" \t-=.")
