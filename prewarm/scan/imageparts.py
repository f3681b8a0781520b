"""Images that a mapping names in parts: registry, repository, tag and digest under keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from prewarm.reference import looks_like_host
from prewarm.scan.imagekeys import Role, is_image_key, is_of_pictures, key_of, words_of
from prewarm.scan.values import Text, Value

_NO_IMAGE = frozenset(
    ["branch", "revision", "chart", "url", "git", "ref", "path", "owner", "commit"]
)
_NO_IMAGE_OWNER = frozenset(
    ["git", "github", "gitlab", "chart", "charts", "helm", "source", "vcs", "scm"]
)
_HEX_DIGEST = re.compile(r"[a-f0-9]{64}")
_NUMBER = re.compile(r"(?:0|[1-9][0-9_]*)(?:\.[0-9_]*)?|\.[0-9_]+")
_OCTAL = re.compile(r"0[0-7]+")


@dataclass(frozen=True, slots=True)
class Parts:
    """One image of a mapping: the value for each part and the key that it stands under.

    `structured` says that the parts were meant to be put together, so that a tag that is not
    there comes from elsewhere.
    """

    values: Mapping[Role, Text]
    keys: Mapping[Role, str]
    structured: bool
    use_digest: bool = True
    prefix: tuple[str, ...] = field(default=())

    @property
    def head(self) -> Text | None:
        """The part that says which image it is."""
        return self.values.get(Role.REPOSITORY) or self.values.get(Role.NAME)

    def text(self, role: Role) -> str:
        """A part as the client would use it; empty where it is not given."""
        value = self.values.get(role)
        return as_used(value) if value is not None else ""

    @property
    def tag(self) -> str:
        return self.text(Role.TAG) or self.text(Role.VERSION)

    @property
    def digest(self) -> str:
        digest = self.text(Role.DIGEST)
        if not digest or not self.use_digest:
            return ""
        return f"sha256:{digest}" if _HEX_DIGEST.fullmatch(digest) else digest

    @property
    def name(self) -> str:
        """Registry, repository and name put together; a tag may stand in it."""
        repository = self.text(Role.REPOSITORY).rstrip("/")
        name = self.text(Role.NAME)
        if not repository or not name or _is_whole(name, repository):
            joined = name if repository and _is_whole(name, repository) else repository or name
        else:
            joined = f"{repository}/{name.lstrip('/')}"
        return with_registry(self.text(Role.REGISTRY), joined)


def with_registry(registry: str, name: str) -> str:
    """A name on a registry, unless it says itself where it is."""
    registry = registry.removeprefix("https://").removeprefix("http://").rstrip("/")
    first, slash, _ = name.partition("/")
    if not registry or name.startswith(f"{registry}/"):
        return name
    if slash and "." in first and looks_like_host(first):
        return name
    return f"{registry}/{name.lstrip('/')}"


def join(name: str, tag: str, digest: str) -> str:
    """A reference's text from its parts; what a name has itself, the others do not replace."""
    if "@" in name:
        return name
    if tag and ":" not in name.rpartition("/")[2]:
        name = f"{name}:{tag}"
    return f"{name}@{digest}" if digest else name


def as_used(value: Text) -> str:
    """A scalar as Helm prints it: a tag written 1.10 without quotes is the number 1.1."""
    text = value.value.strip()
    if value.type == "null":
        return ""
    if value.type == "bool":
        return "true" if text.lower() in ("true", "yes", "on") else "false"
    if value.type == "int" and _OCTAL.fullmatch(text):
        return str(int(text, 8))
    if value.type in ("float", "int") and _NUMBER.fullmatch(text):
        return _number(text.replace("_", ""))
    return text


def _number(digits: str) -> str:
    whole, dot, fraction = digits.partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole or '0'}.{fraction}" if dot and fraction else whole


def images_in(
    entries: Mapping[str, Value],
    owner: str,
    *,
    owned: bool = False,
    loose: bool = False,
    versioned: bool = False,
) -> Iterator[Parts]:
    """Every image that a mapping names, in parts or whole; `owner` is the mapping's own key.

    `owned` says that the mapping is an image, `loose` asks for more signs that one is meant at
    all; `versioned` takes a plain `version` beside any image for its tag.
    """
    groups = _groups(entries)
    _lend_plain_tag(groups, versioned)
    for prefix, group in groups.items():
        parts = _parts(prefix, group, entries, owner, owned, versioned)
        if parts is not None and (owned or _is_meant(parts, entries, owner, loose)):
            yield parts


_Group = dict[Role, tuple[str, Text, bool]]


def _groups(entries: Mapping[str, Value]) -> dict[tuple[str, ...], _Group]:
    groups: dict[tuple[str, ...], _Group] = {}
    for key, value in entries.items():
        found = key_of(key) if isinstance(value, Text) else None
        if found is None or not isinstance(value, Text):
            continue
        group = groups.setdefault(found.prefix, {})
        held = group.get(found.role)
        if held is None or (found.says_image and not held[2]) or key == "image":
            group[found.role] = (key, value, found.says_image)
    return groups


def _lend_plain_tag(groups: dict[tuple[str, ...], _Group], versioned: bool) -> None:
    """A lone `tag` belongs to the one image beside it: `dockerImage: a`, `tag: b`."""
    plain = groups.get((), {})
    heads = [
        group
        for group in groups.values()
        if Role.REPOSITORY in group or (Role.NAME in group and group[Role.NAME][2])
        if not any(is_of_pictures(held[0]) for held in group.values())
    ]
    roles = (Role.TAG, Role.VERSION) if versioned else (Role.TAG,)
    for role in roles:
        if role in plain and len(heads) == 1 and role not in heads[0]:
            heads[0][role] = plain[role]


def _parts(
    prefix: tuple[str, ...],
    group: _Group,
    entries: Mapping[str, Value],
    owner: str,
    owned: bool,
    versioned: bool,
) -> Parts | None:
    named = group.get(Role.NAME)
    if named is not None and not named[2] and not (owned and _is_name(group, owner, prefix)):
        group = {role: held for role, held in group.items() if role is not Role.NAME}
    if not {Role.NAME, Role.REPOSITORY} & group.keys():
        return None
    says_image = owned or any(held[2] for held in group.values())
    version = group.get(Role.VERSION)
    if version and not (version[2] or versioned or _is_versioned(group, owned)):
        group = {role: held for role, held in group.items() if role is not Role.VERSION}
    if not (says_image or _is_pulled(entries) or group.keys() - {Role.REPOSITORY, Role.VERSION}):
        return None
    use = entries.get("useDigest")
    return Parts(
        {role: held[1] for role, held in group.items()},
        {role: held[0] for role, held in group.items()},
        structured=Role.REPOSITORY in group or len(group) > 1 or owned,
        use_digest=not (isinstance(use, Text) and use.value.lower() == "false"),
        prefix=prefix,
    )


def _is_name(group: _Group, owner: str, prefix: tuple[str, ...]) -> bool:
    """Whether a plain `name` inside an image is a part of the image's name, not a label."""
    if prefix or Role.REPOSITORY not in group:
        return not prefix
    return is_image_key(owner) and _lacks_name(group[Role.REPOSITORY][1].value)


def _is_versioned(group: _Group, owned: bool) -> bool:
    """Whether a plain `version` beside an image is the image's tag."""
    return owned or {Role.NAME, Role.REPOSITORY} <= group.keys()


def _is_meant(parts: Parts, entries: Mapping[str, Value], owner: str, loose: bool) -> bool:
    """Whether a repository with a tag is an image's, and not that of sources or of charts."""
    if Role.NAME in parts.values or "image" in parts.keys[Role.REPOSITORY].lower():
        return True
    if _NO_IMAGE & entries.keys() or _NO_IMAGE_OWNER & set(words_of(owner)):
        return False
    return not loose or Role.REGISTRY in parts.values or _is_pulled(entries)


def _is_pulled(entries: Mapping[str, Value]) -> bool:
    return any(key.lower().endswith("pullpolicy") for key in entries)


def _lacks_name(repository: str) -> bool:
    """Whether a repository is only a place that a name follows: a host, an organisation on it."""
    parts = repository.rstrip("/").split("/")
    return repository.endswith("/") or len(parts) <= (2 if looks_like_host(parts[0]) else 1)


def _is_whole(name: str, repository: str) -> bool:
    first, slash, _ = name.partition("/")
    hosted = bool(slash) and "." in first
    return hosted or repository.rpartition("/")[2] == name or name.startswith(f"{repository}/")
