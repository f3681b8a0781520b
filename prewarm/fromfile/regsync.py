"""The configuration that `regsync` copies from: its `sync` entries with their sources."""

from __future__ import annotations

from prewarm.errors import UsageError
from prewarm.fromfile.content import (
    Content,
    Listed,
    TagRules,
    list_at,
    mapping_at,
    pattern_at,
    platform_at,
    range_at,
    reference_at,
    repository_at,
    text_at,
    wrong,
)
from prewarm.oci import Platform
from prewarm.scan.values import Mapping, Text, get

_LIST = "list its repositories, each with type: repository"


def parse(root: Mapping) -> Content:
    """Read the list; raises UsageError naming file, line and key."""
    images: list[Listed] = []
    rules: list[TagRules] = []
    notes: list[str] = []
    for item in list_at(root, "sync"):
        entry = mapping_at(item, "sync")
        source, type_ = _text(entry, "source"), _text(entry, "type")
        if source.value.startswith("ocidir://"):
            notes.append(f"{source.place}: source is a folder, left out")
        elif "{{" in source.value:
            raise wrong(source.place, "source", "is a template", "write it out")
        elif type_.value == "image":
            reference = reference_at(source.value, source.place, "source")
            images.append(Listed(reference, _platforms(entry)))
        elif type_.value == "repository":
            rules.append(_repository(entry, source))
        else:
            raise _other(type_)
    return Content(tuple(images), tuple(rules), tuple(notes))


def _repository(entry: Mapping, source: Text) -> TagRules:
    found = get(entry, "tags")
    tags = Mapping({}, {}, entry.place) if found is None else mapping_at(found, "tags")
    return TagRules(
        repository_at(source.value, source.place, "source"),
        tuple(pattern_at(v, "tags.allow", whole=True) for v in list_at(tags, "allow")),
        tuple(pattern_at(v, "tags.deny", whole=True) for v in list_at(tags, "deny")),
        tuple(range_at(v, "tags.semverRange") for v in list_at(tags, "semverRange")),
        _platforms(entry),
    )


def _platforms(entry: Mapping) -> tuple[Platform, ...]:
    listed = [platform_at(value, "platforms") for value in list_at(entry, "platforms")]
    one = get(entry, "platform")
    return (*listed, platform_at(one, "platform")) if one is not None else tuple(listed)


def _text(entry: Mapping, key: str) -> Text:
    value = get(entry, key)
    if value is None:
        raise wrong(entry.place, f"sync.{key}", "is missing")
    return text_at(value, f"sync.{key}")


def _other(type_: Text) -> UsageError:
    if type_.value == "registry":
        return wrong(type_.place, "type", "registry would fetch all that a registry has", _LIST)
    return wrong(type_.place, "type", f"{type_.value!r} is not known", "write image or repository")
