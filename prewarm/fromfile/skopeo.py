"""The YAML that `skopeo sync` copies from: registries with their images, tags and patterns."""

from __future__ import annotations

from collections.abc import Iterator

from prewarm.fromfile.content import (
    Content,
    Listed,
    TagRules,
    mapping_at,
    pattern_at,
    range_at,
    reference_at,
    repository_at,
    text_at,
    wrong,
)
from prewarm.scan.values import Mapping, Sequence, Text, Value, get

_REGEX, _SEMVER = "images-by-tag-regex", "images-by-semver"
_UNUSED = {
    "credentials": "are not taken from here: log in, or see PREWARM_AUTH_<HOST>",
    "cert-dir": "is not used: name ca-file under [registry] in prewarm.toml",
    "tls-verify": "false is not obeyed: name ca-file or plain-http under [registry] in "
    "prewarm.toml",
}
_KNOWN = {"images", _REGEX, _SEMVER, *_UNUSED}


def parse(root: Mapping) -> Content:
    """Read the list; raises UsageError naming file, line and key."""
    images: list[Listed] = []
    rules: list[TagRules] = []
    notes: list[str] = []
    for host, value in root.entries.items():
        settings = mapping_at(value, host)
        _check_keys(settings, host)
        for item in _images(settings, host):
            (images if isinstance(item, Listed) else rules).append(item)  # type: ignore[arg-type]
        rules += _patterns(settings, host)
        notes += _notes(settings, host)
    return Content(tuple(images), tuple(rules), tuple(notes))


def _check_keys(settings: Mapping, host: str) -> None:
    for name, key in settings.keys.items():
        if name not in _KNOWN:
            known = ", ".join(sorted(_KNOWN))
            raise wrong(key.place, f"{host}.{name}", "is not known", f"known: {known}")
    if not any(key in settings.entries for key in ("images", _REGEX, _SEMVER)):
        raise wrong(settings.place, host, "has no images", "write images: {app: ['1.0']}")


def _images(settings: Mapping, host: str) -> Iterator[Listed | TagRules]:
    for key, value in _repositories(settings, "images", host):
        if isinstance(value, Text) and value.type == "null":
            tags: tuple[Value, ...] = ()
        elif isinstance(value, Sequence):
            tags = value.items
        else:
            raise wrong(value.place, f"images.{key.value}", "must be a list of tags")
        if not tags:
            yield TagRules(repository_at(f"{host}/{key.value}", key.place, "images"))
        for item in tags:
            tag = text_at(item, f"images.{key.value}")
            mark = "@" if ":" in tag.value else ":"
            name = f"{host}/{key.value}{mark}{tag.value}"
            yield Listed(reference_at(name, tag.place, f"images.{key.value}"))


def _patterns(settings: Mapping, host: str) -> Iterator[TagRules]:
    for key, value in _repositories(settings, _REGEX, host):
        pattern = pattern_at(value, f"{_REGEX}.{key.value}", whole=False)
        repository = repository_at(f"{host}/{key.value}", key.place, _REGEX)
        yield TagRules(repository, allow=(pattern,))
    for key, value in _repositories(settings, _SEMVER, host):
        versions = range_at(value, f"{_SEMVER}.{key.value}")
        repository = repository_at(f"{host}/{key.value}", key.place, _SEMVER)
        yield TagRules(repository, ranges=(versions,))


def _repositories(settings: Mapping, kind: str, host: str) -> Iterator[tuple[Text, Value]]:
    found = get(settings, kind)
    if found is None:
        return
    repositories = mapping_at(found, f"{host}.{kind}")
    for name, value in repositories.entries.items():
        yield repositories.keys[name], value


def _notes(settings: Mapping, host: str) -> Iterator[str]:
    for name, said in _UNUSED.items():
        value = get(settings, name)
        if value is None or (name == "tls-verify" and _is_true(value)):
            continue
        yield f"{settings.keys[name].place}: {host}.{name} {said}"


def _is_true(value: Value) -> bool:
    return isinstance(value, Text) and value.value.lower() == "true"
