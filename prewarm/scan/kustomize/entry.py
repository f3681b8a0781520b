"""An entry of kustomize's `images`: which images it changes, and what it makes of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from prewarm.scan.finding import Place
from prewarm.scan.values import Text, Value, elements, get, scalar


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; `shown` is the text of it that names the image that results."""

    name: str
    new_name: str
    new_tag: str
    tag_suffix: str
    digest: str
    shown: Text

    @property
    def place(self) -> Place:
        return self.shown.place

    def apply(self, image: str) -> str | None:
        """The image that results from `image`; None where the entry does not match it."""
        match = _matcher(self.name).fullmatch(image)
        if match is None:
            return None
        name, tag, digest = _split(image)
        name = self.new_name or name
        if self.new_tag and self.digest:
            tag, digest = self.new_tag, self.digest
        elif self.new_tag:
            tag, digest = self.new_tag, ""
        elif self.digest:
            tag, digest = "", self.digest
        elif self.tag_suffix and not digest:
            tag = f"{tag}{self.tag_suffix}"
        return f"{name}{f':{tag}' if tag else ''}{f'@{digest}' if digest else ''}"

    @property
    def alone(self) -> str:
        """The image that the entry names by itself; empty if the rest of it stands elsewhere."""
        if not (self.new_tag or self.digest):
            return ""
        return self.apply(self.name) or ""


def entries_of(kustomization: Value | None, key: str = "images") -> Iterator[Entry]:
    """The entries of a kustomization, in the order in which they are applied."""
    for each in elements(get(kustomization, key)):
        name, new_name = scalar(get(each, "name")), scalar(get(each, "newName"))
        if name is None or not name.value.strip():
            continue
        tag, suffix, digest = (scalar(get(each, k)) for k in ("newTag", "tagSuffix", "digest"))
        yield Entry(
            name.value.strip(),
            _value(new_name),
            _value(tag),
            _value(suffix),
            _value(digest),
            new_name if new_name is not None and new_name.value.strip() else name,
        )


def _value(text: Text | None) -> str:
    return text.value.strip() if text is not None else ""


@lru_cache(maxsize=1024)
def _matcher(name: str) -> re.Pattern[str]:
    """kustomize takes the name for a regular expression; of those only the dot is meant so."""
    pattern = re.escape(name).replace(r"\.", ".")
    return re.compile(rf"{pattern}(?::[a-zA-Z0-9_.{{}}-]*)?(?:@sha256:[a-zA-Z0-9_.{{}}-]*)?")


def _split(image: str) -> tuple[str, str, str]:
    name, _, digest = image.partition("@")
    slash, colon = name.rfind("/"), name.rfind(":")
    return (name[:colon], name[colon + 1 :], digest) if colon > slash else (name, "", digest)
