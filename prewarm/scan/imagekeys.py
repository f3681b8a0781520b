"""What a key says of its value: an image's whole name, one of its parts, or nothing of the kind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache


class Role(str, Enum):
    """The part of an image's name that a key's value is."""

    __hash__ = str.__hash__

    NAME = "name"
    REPOSITORY = "repository"
    REGISTRY = "registry"
    TAG = "tag"
    VERSION = "version"
    DIGEST = "digest"


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ROLES = {
    "": Role.NAME,
    "name": Role.NAME,
    "ref": Role.NAME,
    "reference": Role.NAME,
    "uri": Role.NAME,
    "url": Role.NAME,
    "path": Role.NAME,
    "spec": Role.NAME,
    "fullname": Role.NAME,
    "full name": Role.NAME,
    "registry": Role.REGISTRY,
    "hub": Role.REGISTRY,
    "repository": Role.REPOSITORY,
    "repo": Role.REPOSITORY,
    "tag": Role.TAG,
    "version": Role.VERSION,
    "digest": Role.DIGEST,
    "sha": Role.DIGEST,
    "sha 256": Role.DIGEST,
}
_NAMES_NOTHING = {"name", "ref", "reference", "uri", "url", "path", "spec", "fullname", "full name"}
_WORDS_OF_PICTURES = {
    *("background", "banner", "cover", "header", "hero", "logo", "icon", "avatar", "thumbnail"),
    *("splash", "og", "social", "twitter", "card", "profile", "preview", "poster", "favicon"),
    *("screenshot", "photo", "picture", "map", "vm", "ami", "disk", "machine", "boot", "iso"),
}


@dataclass(frozen=True, slots=True)
class Key:
    """A key taken apart: `proxyImageTag` is a TAG of the image `proxy`."""

    prefix: tuple[str, ...]
    role: Role
    says_image: bool
    """Whether the key itself has the word image; `tag` alone has not."""


@lru_cache(maxsize=4096)
def words_of(key: str) -> tuple[str, ...]:
    """The words of a key, however they are joined: camel case, `_`, `-`, `.`, `/`."""
    return tuple(word.lower() for word in _WORD.findall(key))


@lru_cache(maxsize=4096)
def key_of(key: str) -> Key | None:
    """The part of an image that a key stands for; None where it stands for none."""
    words = words_of(key)
    at = next((i for i in reversed(range(len(words))) if words[i].endswith("image")), None)
    if at is None:
        return _plain(words)
    role = _ROLES.get(" ".join(words[at + 1 :]))
    if role is None:
        return None
    compound = words[at].removesuffix("image")
    return Key((*words[:at], compound) if compound else words[:at], role, True)


def _plain(words: tuple[str, ...]) -> Key | None:
    for count in (1, 2):
        last = " ".join(words[-count:])
        if len(words) >= count and last in _ROLES and last not in _NAMES_NOTHING:
            return Key(words[:-count], _ROLES[last], False)
    return Key((), Role.NAME, False) if words == ("name",) else None


@lru_cache(maxsize=4096)
def is_head(key: str) -> bool:
    """Whether a key says which image is meant; `tag`, or a plain `name`, does not."""
    found = key_of(key)
    return found is not None and (found.says_image or found.role is Role.REPOSITORY)


@lru_cache(maxsize=4096)
def is_image_key(key: str) -> bool:
    """Whether a key's value is an image, or the parts of one: `image`, `proxyImage`."""
    found = key_of(key)
    return found is not None and found.says_image and found.role is Role.NAME


@lru_cache(maxsize=4096)
def is_images_key(key: str) -> bool:
    """Whether a key's value is a list or a map of images: `images`, `system_images`."""
    words = words_of(key)
    return bool(words) and words[-1].endswith("images")


@lru_cache(maxsize=4096)
def mentions_image(key: str) -> bool:
    """Whether a key has the word image anywhere: `RELATED_IMAGE_ETCD`."""
    return any(word.endswith(("image", "images")) for word in words_of(key))


@lru_cache(maxsize=4096)
def is_of_pictures(key: str) -> bool:
    """Whether a key speaks of pictures, or of a machine's disk: `backgroundImage`, `vmImage`."""
    words = words_of(key)
    return any(word in _WORDS_OF_PICTURES for word in words[:-1]) and mentions_image(key)
