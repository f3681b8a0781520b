"""From a model of services and jobs to findings: images, image volumes, hooks, builds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from prewarm.scan.compose.interpolation import BLANK
from prewarm.scan.compose.nodes import SECTIONS
from prewarm.scan.compose.values import Leaf, Table, items, leaf, table
from prewarm.scan.finding import Class, Result, Skipped, Unresolved, found

_NEVER_PULLED = ("build", "never")


@dataclass(frozen=True, slots=True)
class Container:
    """A service or a job after everything was merged."""

    kind: str
    path: str
    spec: Table

    @property
    def profiles(self) -> tuple[str, ...]:
        """The profiles that switch it on; none means that it is always on."""
        listed = items(self.spec.get("profiles"))
        return tuple(item.text for item in listed if isinstance(item, Leaf))

    @property
    def suffix(self) -> str:
        """How its profiles show in the kind of a finding."""
        names = self.profiles
        return f" (profile{'s' if len(names) > 1 else ''} {', '.join(names)})" if names else ""

    @property
    def image(self) -> Leaf | None:
        return leaf(self.spec.get("image"))

    @property
    def build(self) -> Table:
        return table(self.spec.get("build"))

    @property
    def platform(self) -> str | None:
        """The platform as compose would pass it on; None where none is named."""
        platform = leaf(self.spec.get("platform"))
        return (platform.text or None) if platform else None

    @property
    def is_empty(self) -> bool:
        """Whether it says neither what to run nor how to build it."""
        return self.image is None and not self.build and "provider" not in self.spec

    @property
    def has_context(self) -> bool:
        """Whether its build names its own context."""
        context = leaf(self.build.get("context"))
        return (
            context is not None and bool(context.place.line)
        ) or "dockerfile_inline" in self.build

    def is_active(self, profiles: Iterable[str]) -> bool:
        """Whether it counts under these profiles; without any, everything counts."""
        wanted = set(profiles)
        return not wanted or not self.profiles or "*" in wanted or bool(wanted & {*self.profiles})


def containers(model: Table) -> tuple[Container, ...]:
    """The services and jobs of a model, in the order of their files."""
    return tuple(
        Container(kind, f"{section}.{name}", spec)
        for section, kind in SECTIONS.items()
        for name, spec in table(model.get(section)).items()
        if isinstance(spec, Mapping)
    )


def built(parts: Iterable[Container]) -> dict[str, Class]:
    """The images that builds of the same model make, by their name."""
    return {part.image.text: class_of(part, {}) for part in parts if part.image and part.build}


def class_of(container: Container, made: Mapping[str, Class]) -> Class:
    """What becomes of a container's image."""
    policy = leaf(container.spec.get("pull_policy"))
    never = policy is not None and policy.text in _NEVER_PULLED
    if container.build:
        return Class.PRODUCT if never else Class.BUILDABLE
    if never:
        return Class.LOCAL
    return made.get(container.image.text, Class.PULL) if container.image else Class.PULL


def images(container: Container, made: Mapping[str, Class], file: str) -> Iterator[Result]:
    """The images that a container names itself; what it builds stands in `builds`."""
    kind, suffix = container.kind, container.suffix
    if "provider" in container.spec:
        return
    image = container.image
    if image is not None:
        class_ = class_of(container, made)
        yield from image_result(image, f"{kind}{suffix}", container.platform, class_)
    elif not container.build:
        yield Skipped(
            file, f"{container.path}: neither an image nor a build, so compose refuses it"
        )
    for hook in items(container.spec.get("pre_start")):
        image = leaf(table(hook).get("image"))
        if image is not None:
            class_ = made.get(image.text, Class.PULL)
            platform = leaf(table(hook).get("platform"))
            named = platform.text if platform else container.platform
            yield from image_result(image, f"pre-start hook{suffix}", named, class_)
    for volume in items(container.spec.get("volumes")):
        source, type_ = leaf(table(volume).get("source")), leaf(table(volume).get("type"))
        if source is not None and type_ is not None and type_.text == "image":
            class_ = made.get(source.text, Class.PULL)
            yield from image_result(source, f"image volume{suffix}", None, class_)


def image_result(
    image: Leaf, kind: str, platform: str | None = None, class_: Class = Class.PULL
) -> Iterator[Result]:
    """What one text that names an image says."""
    if not image.fault and not isinstance(image.value, str):
        reason = "an image is a text: put it in quotes"
        yield Skipped(image.place.file, f"line {image.place.line}: {reason}")
    elif image.fault or _tag_is_blank(image) or not image.text:
        yield unresolved(image)
    else:
        result = found(
            image.text,
            image.place,
            kind,
            written=image.written,
            platform=platform,
            class_=class_,
        )
        if isinstance(result, Unresolved) and image.empty:
            result = unresolved(image)
        yield result


def unresolved(image: Leaf) -> Unresolved:
    """Why there is no name, by the variables that are missing."""
    names = image.empty
    many = len(names) > 1
    how = f"set {'them' if many else 'it'} in the environment, in .env or with --env-file"
    if image.fault:
        reason = f"{image.fault}: {how}" if names else image.fault
    elif names:
        reason = f"{'the variables' if many else 'the variable'} {', '.join(names)} "
        reason += f"{'have' if many else 'has'} no value: {how}"
    else:
        reason = "the name of the image is empty"
    return Unresolved(image.written, image.place, reason, names)


def _tag_is_blank(image: Leaf) -> bool:
    """Whether a variable without value stands in the tag or digest: what is left is cut short."""
    name = image.marked.rpartition("/")[2]
    return BLANK in name.partition(":")[2] or BLANK in name.partition("@")[2]


def inside(image: Leaf, start: int, length: int) -> Leaf:
    """The end of a scalar as one of its own: the name in `docker-image://name`."""
    column = image.place.column + start
    return replace(
        image,
        value=image.text[length:],
        written=image.written[start:],
        place=replace(image.place, column=column),
        marked=image.marked[length:],
    )
