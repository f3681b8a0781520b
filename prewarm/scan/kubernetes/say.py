"""From a text or the parts that name an image to the finding, or to why it cannot be named."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prewarm.scan.finding import Class, Result, Unresolved, found
from prewarm.scan.imageparts import Parts, join
from prewarm.scan.imagetext import (
    Look,
    bare,
    can_be_given,
    has_fixed_name,
    is_of_known_registry,
    is_pattern,
    look_at,
    open_parts,
)
from prewarm.scan.kubernetes.parameters import expand
from prewarm.scan.kubernetes.setting import Completed, Path, Setting, Trust
from prewarm.scan.naming import missing
from prewarm.scan.values import Text

_NO_IMAGES = {"auto", "none", "null", "default", "true", "false", "latest", "scratch"}
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_LONGEST = 1000
"""Letters of a text that may still be a name; Docker's own limit is lower."""

_LOCAL_HOSTS = {"localhost", "dev.local", "ko.local", "kind.local"}


def text_says(
    text: Text, setting: Setting, least: Look, *, use: str = "", pinned: bool = False
) -> Iterator[Result]:
    """The results for a text that stands where an image may; nothing if it looks less than `least`.

    `pinned` asks for a tag or digest besides.
    """
    written = text.value.strip()
    if text.type != "str" or not 0 < len(written) <= _LONGEST or "\n" in written:
        return
    if setting.file and text.place.file != setting.file:
        return
    for name in expand(bare(written), setting):
        yield from _named(name, written, text, setting, least, use, pinned)


def _named(
    name: str, written: str, text: Text, setting: Setting, least: Look, use: str, pinned: bool
) -> Iterator[Result]:
    holes = open_parts(name)
    defined = least is Look.NOT
    if holes is not None:
        if defined or (least <= Look.BARE and has_fixed_name(name)):
            yield Unresolved(written, text.place, _left_open(name, holes), holes)
    elif name.startswith("ko://"):
        if least <= Look.BARE:
            reason = "ko builds it from Go source: what it is called is known after the build"
            yield Unresolved(written, text.place, reason)
    elif name.lower() in _NO_IMAGES or is_pattern(name):
        return
    elif defined or (
        look_at(name) >= least and (not pinned or is_of_known_registry(name) or is_pinned(name))
    ):
        yield found(
            name,
            text.place,
            use or setting.use,
            written=written,
            class_=_class_of(name, setting),
        )


def parts_say(parts: Parts, path: Path, setting: Setting, least: Look) -> Iterator[Result]:
    """The results for an image that a mapping names in parts, or whole under one key.

    What stands whole under its key must look like `least`.
    """
    head, shown = parts.head, _shown(parts, setting.file)
    completed = setting.complete(parts, path)
    if head is None or shown is None or completed is None:
        return
    if completed.names == (head.value.strip(),) and not parts.structured:
        yield from text_says(head, setting, least)
        return
    written = shown.value.strip()
    if completed.reason:
        yield Unresolved(written, shown.place, completed.reason)
        return
    for given in completed.names:
        for name in expand(bare(given), setting):
            holes = open_parts(name)
            if holes is not None:
                yield Unresolved(written, shown.place, _left_open(name, holes), holes)
            elif look_at(name) > Look.NOT:
                class_ = _class_of(name, setting)
                yield found(name, shown.place, setting.use, written=written, class_=class_)


def _shown(parts: Parts, file: str) -> Text | None:
    """The part that a result points to: the name, else whatever of it this file sets."""
    if not file or (parts.head is not None and parts.head.place.file == file):
        return parts.head
    return next((text for text in parts.values.values() if text.place.file == file), None)


def as_they_stand(parts: Parts, path: Path) -> Completed | None:
    """Parts put together with nothing to fill a gap: a tag that is not there is unknown."""
    name = join(parts.name, parts.tag, parts.digest)
    if not name or is_host_alone(name):
        return None
    if parts.structured and not is_pinned(name) and not names_whole(parts):
        return Completed(reason="its tag is set elsewhere: give the tag beside the repository")
    return Completed((name,))


def is_host_alone(name: str) -> bool:
    """Whether a name is only a registry's, as a place that names are put behind."""
    return _HOST.fullmatch(name.partition(":")[0]) is not None


def names_whole(parts: Parts) -> bool:
    """Whether one key has the whole name, so that no tag means `latest`."""
    return len(parts.values) == 1 and "repo" not in next(iter(parts.keys.values())).lower()


def is_pinned(name: str) -> bool:
    """Whether a name says which one it means, by tag or digest."""
    return "@" in name or ":" in name.rpartition("/")[2]


def _left_open(name: str, holes: tuple[str, ...]) -> str:
    if holes and can_be_given(name):
        return missing(holes)
    return f"{', '.join(holes) or 'a part of it'} is left open: write the image's name out"


def _class_of(name: str, setting: Setting) -> Class:
    host = name.partition("/")[0]
    local = setting.never_pulled or host in _LOCAL_HOSTS
    return Class.LOCAL if local and setting.trust > Trust.LOOSE else Class.PULL
