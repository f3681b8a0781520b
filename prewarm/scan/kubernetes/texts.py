"""Scalars that are no container's `image`: variables, arguments, lists and maps of images."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prewarm.scan.finding import Result
from prewarm.scan.imagekeys import is_image_key, is_images_key, key_of, mentions_image, words_of
from prewarm.scan.imagetext import Look, is_of_known_registry
from prewarm.scan.kubernetes.kinds import group_of
from prewarm.scan.kubernetes.say import text_says
from prewarm.scan.kubernetes.setting import Path, Setting, Trust
from prewarm.scan.values import Text

PROSE = {"description", "descriptions", "message", "summary", "notes", "readme", "documentation"}
_OUTPUTS = {
    *("output", "outputs", "destination", "dest", "target", "push", "pushed", "built", "result"),
    *("cache", "tag", "tags", "to", "publish", "upload", "final", "new"),
}
_FLAG = re.compile(r"--?([A-Za-z][\w.-]*)=['\"]?([^\s'\"]+)['\"]?")
_LONE_FLAG = re.compile(r"--?[A-Za-z][\w.-]*")
_FLAG_INSIDE = re.compile(r"(?<=\s)--image[= ]['\"]?([^\s'\"\\;|&]+)")
_ASSIGNED = re.compile(r"^[ \t]*[\w.-]+=(\S+)[ \t]*$", re.MULTILINE)
_PARAMETERS = {"params", "parameters"}


def is_lone_flag(text: str) -> bool:
    """Whether an argument is a flag whose value is the next argument."""
    return _LONE_FLAG.fullmatch(text.strip()) is not None


def says(text: Text, path: Path, setting: Setting) -> Iterator[Result]:
    """What a scalar says that its mapping has not already said."""
    if path and path[-1] in PROSE:
        return
    for result in _says(text, path, setting):
        if _is_output(path):
            return
        yield result


def _says(text: Text, path: Path, setting: Setting) -> Iterator[Result]:
    value, key = text.value, path[-1] if path else ""
    if "\n" in value and mentions_image(key):
        yield from _assigned(text, setting)
    elif value.startswith("-") and (flag := _FLAG.fullmatch(value.strip())):
        if not _is_output((flag[1],)):
            yield from _keyed(_part(text, flag[2]), (*path, flag[1]), setting, "argument")
    else:
        yield from _keyed(text, path, setting, "")
    if "--image" in value:
        for inside in _FLAG_INSIDE.finditer(value):
            part = text.part(inside.start(1), inside.end(1))
            yield from text_says(part, setting, Look.TAGGED, use="argument")


def _keyed(text: Text, path: Path, setting: Setting, use: str) -> Iterator[Result]:
    key = path[-1] if path else ""
    use = use or _use(path, setting)
    if is_image_key(key):
        if not _is_passed_on(key, path, setting):
            least = Look.PLAIN if setting.trust > Trust.LOOSE else Look.TAGGED
            yield from text_says(text, setting, least, use=use)
    elif mentions_image(key) and not is_images_key(key):
        yield from text_says(text, setting, Look.SURE, use=use, pinned=True)
    elif len(path) > 1 and is_images_key(path[-2]):
        least = Look.TAGGED if setting.trust > Trust.LOOSE else Look.SURE
        if "=" in text.value:
            text = text.part(text.value.index("=") + 1)
        yield from text_says(text, setting, least, pinned=setting.trust is Trust.LOOSE)
    elif setting.kind and is_of_known_registry(text.value.strip().removeprefix("docker://")):
        yield from text_says(text, setting, Look.SURE, use=use)


def _is_passed_on(key: str, path: Path, setting: Setting) -> bool:
    """Whether a parameter is only given here: it is reported where it is used."""
    given = any(name in _PARAMETERS for name in path)
    group = group_of(setting.api)
    if given and group == "argoproj.io":
        return True
    found = key_of(key)
    return given and group == "tekton.dev" and found is not None and not found.prefix


def _is_output(path: Path) -> bool:
    if any(key.lower() in ("output", "outputs", "destination", "destinations") for key in path):
        return True
    return bool(path) and not _OUTPUTS.isdisjoint(words_of(path[-1]))


def _assigned(text: Text, setting: Setting) -> Iterator[Result]:
    for match in _ASSIGNED.finditer(text.value):
        part = text.part(match.start(1), match.end(1))
        yield from text_says(part, setting, Look.SURE, use="environment variable", pinned=True)


def _part(text: Text, value: str) -> Text:
    start = text.value.index(value)
    return text.part(start, start + len(value))


def _use(path: Path, setting: Setting) -> str:
    keys = [key for key in path if key != "[]"]
    if "env" in keys[-3:]:
        return "environment variable"
    if {"args", "command"} & set(keys[-2:]):
        return "argument"
    if "annotations" in keys[-2:]:
        return "annotation"
    return setting.use
