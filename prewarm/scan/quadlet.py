"""Quadlet: the images of Podman's systemd units: containers, images, volumes, builds."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from prewarm.scan.building import beside, built
from prewarm.scan.expansion import Expanded, Syntax, expand, flat
from prewarm.scan.finding import Class, Place, Result
from prewarm.scan.naming import named, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Text

_SECTION = re.compile(r"\[([^\]\n]*)\]\s*")
_SETTING = re.compile(r"\s*([A-Za-z][\w-]*)\s*=[ \t]*")
_SPECIFIER = re.compile(r"%(.)")
_OTHER_UNITS = (".image", ".build")
_OTHER_TRANSPORTS = re.compile(
    r"(?:containers-storage|dir|docker-archive|docker-daemon|oci|oci-archive|ostree|sif|https?):"
)
_SCHEME = "docker://"
_BARE = Syntax(bare=True, doubled=True)


@dataclass(frozen=True, slots=True)
class _Setting:
    section: str
    key: str
    value: Text


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """What starting the unit pulls."""
    yield from settled(_Unit(document, scope).results())


class _Unit:
    """One unit file; of several settings of a name the last one counts."""

    def __init__(self, document: Document, scope: Scope) -> None:
        self._document = document
        self._scope = scope
        self._settings = list(_settings(document))
        self._environment = {**self._assigned(), **scope.inputs.variables}

    def results(self) -> Iterator[Result]:
        pulled = Class.LOCAL if self._value("Container", "Pull") == "never" else Class.PULL
        yield from self._image(self._last("Container", "Image"), "container", pulled)
        pulled = Class.LOCAL if self._value("Image", "Policy") == "never" else Class.PULL
        yield from self._image(self._last("Image", "Image"), "image", pulled)
        yield from self._image(self._last("Volume", "Image"), "volume")
        for setting in self._all("Container", "Mount"):
            yield from self._image(_mounted(setting), "mounted image")
        yield from self._build()

    def _image(
        self, source: Text | None, kind: str, class_: Class = Class.PULL
    ) -> Iterator[Result]:
        if source is None or source.value.endswith(_OTHER_UNITS):
            return
        if _OTHER_TRANSPORTS.match(source.value):
            return
        if source.value.startswith(_SCHEME):
            source = source.part(len(_SCHEME))
        name = self._expanded(source.value)
        yield from named(name, source, kind, platform=self._platform(), class_=class_)

    def _expanded(self, value: str) -> Expanded:
        """A value with systemd's specifiers and the unit's environment put in."""
        specifiers = tuple(f"%{m[1]}" for m in _SPECIFIER.finditer(value) if m[1] != "%")
        if specifiers:
            return Expanded("", specifiers)
        return expand(value.replace("%%", "%"), flat(self._environment), _BARE)

    def _platform(self) -> str | None:
        names = ("OS", "Arch", "Variant")
        os, arch, variant = (self._value("Image", name) for name in names)
        if arch is None:
            return None
        return "/".join(part for part in (os or "linux", arch, variant) if part)

    def _build(self) -> Iterator[Result]:
        tag, file = self._last("Build", "ImageTag"), self._last("Build", "File")
        if tag is not None:
            yield from self._image(tag, "image", Class.PRODUCT)
        folder = self._last("Build", "SetWorkingDirectory")
        path = self._dockerfile(file, folder)
        named_by = file or folder
        if path is not None and named_by is not None:
            target = self._value("Build", "Target")
            yield from built(path, named_by.place, self._scope, target=target, args=self._args())

    def _dockerfile(self, file: Text | None, folder: Text | None) -> str | None:
        if any(part is not None and "://" in part.value for part in (file, folder)):
            return None
        own = folder is not None and folder.value not in ("unit", "file")
        base = folder.value if folder is not None and own else "."
        if file is None:
            return beside(self._document.path, posixpath.join(base, "Containerfile"))
        return beside(self._document.path, posixpath.join(base, file.value))

    def _args(self) -> dict[str, str]:
        pairs = [s.value.partition("=") for s in self._all("Build", "BuildArg")]
        return {name: value for name, equals, value in pairs if equals}

    def _all(self, section: str, key: str) -> Iterator[Text]:
        for setting in self._settings:
            if (setting.section, setting.key) == (section, key):
                yield setting.value

    def _last(self, section: str, key: str) -> Text | None:
        last = None
        for value in self._all(section, key):
            last = value if value.value else None
        return last

    def _value(self, section: str, key: str) -> str | None:
        last = self._last(section, key)
        return last.value if last is not None else None

    def _assigned(self) -> dict[str, str]:
        """The variables that `Environment=` of the service sets."""
        found: dict[str, str] = {}
        for setting in self._all("Service", "Environment"):
            try:
                words = shlex.split(setting.value)
            except ValueError:
                continue
            for word in words:
                name, equals, value = word.partition("=")
                if equals:
                    found[name] = value
        return found


def _settings(document: Document) -> Iterator[_Setting]:
    """All settings in order; a line that ends in a backslash goes on in the next."""
    section = ""
    lines = iter(enumerate(document.text.replace("\r\n", "\n").split("\n"), start=1))
    for number, line in lines:
        stripped = line.strip()
        if not stripped or stripped.startswith(("#", ";")):
            continue
        if header := _SECTION.fullmatch(stripped):
            section = header[1]
            continue
        setting = _SETTING.match(line)
        value = line[setting.end() :] if setting else ""
        while value.endswith("\\"):
            _, following = next(lines, (0, ""))
            if not following.lstrip().startswith(("#", ";")):
                value = f"{value[:-1]} {following.lstrip()}"
        if setting:
            place = Place(document.path, number, setting.end() + 1)
            yield _Setting(section, setting[1], _unquoted(Text(value.rstrip(), place)))


def _unquoted(text: Text) -> Text:
    if len(text.value) > 1 and text.value[0] == text.value[-1] == '"':
        return text.part(1, -1)
    return text


def _mounted(mount: Text) -> Text | None:
    """The source of a mount of type image."""
    fields = mount.value.split(",")
    if "type=image" not in fields:
        return None
    at = 0
    for field in fields:
        name, equals, value = field.partition("=")
        if name in ("source", "src") and equals:
            start = at + len(name) + 1
            return mount.part(start, start + len(value))
        at += len(field) + 1
    return None
