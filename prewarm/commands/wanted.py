"""What a fetch wants: references given, lists from files, selections, the lock, the scan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

from prewarm.config import Settings
from prewarm.errors import ContentError, PrewarmError, UsageError
from prewarm.fetch import Outcome, Wanted
from prewarm.fetch.run import each
from prewarm.lockfile import Lock, read_lock
from prewarm.oci import Platform
from prewarm.reference import Reference
from prewarm.report.text import count

_Command = TypeVar("_Command", bound=Callable[..., Any])


def wanted_options(command: _Command) -> _Command:
    """`--from FILE`, given on as `files`, and `--no-select`."""
    command = click.option(
        "--no-select", is_flag=True, help="Leave out the tags that prewarm.toml selects."
    )(command)
    return click.option(
        "files",
        "--from",
        metavar="FILE",
        multiple=True,
        type=click.Path(path_type=Path),
        help="Images from a list: one a line, skopeo sync's YAML, or regsync's; repeatable.",
    )(command)


class Tags(Protocol):
    """Who knows the tags of a repository."""

    def list_tags(self, repository: Reference) -> Sequence[str]:
        """All of them; raises PrewarmError."""


class Choice(Protocol):
    """Tags of one repository, by whatever rule; no platforms means those of the fetch."""

    @property
    def repository(self) -> Reference: ...

    @property
    def platforms(self) -> tuple[Platform, ...]: ...

    def choose(self, tags: Iterable[str]) -> list[Reference]:
        """The references wanted, of all tags that the repository has."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command line and its settings ask for; `lock_file` is None where no lock counts."""

    references: tuple[Reference, ...]
    files: tuple[Path, ...]
    platforms: tuple[Platform, ...]
    lock_file: Path | None
    settings: Settings
    select: bool = True


@dataclass(frozen=True, slots=True)
class Gathered:
    """The images wanted, and the repositories whose tags could not be had."""

    wanted: tuple[Wanted, ...]
    failed: tuple[Outcome, ...] = ()


def gather(asked: Asked, source: Tags, jobs: int) -> Gathered:
    """Everything that is asked for now: what is given, else the lock's or the scan's images and
    those that the settings select. An upstream is asked only for lists of tags.

    Raises UsageError for what cannot be understood, and when there is nothing at all.
    """
    lock = read_lock(asked.lock_file) if asked.lock_file else None
    images = [(reference, asked.platforms) for reference in asked.references]
    choices: list[Choice] = []
    for file in asked.files:
        listed, rules = _read(file, asked.platforms)
        images += listed
        choices += rules
    if not asked.references and not asked.files:
        images += [(reference, asked.platforms) for reference in _of_folder(lock, asked.settings)]
        choices += asked.settings.selections if asked.select else ()
    if not images and not choices:
        raise UsageError("fetch", "the scan found no image", "name images, or see prewarm scan")
    chosen, failed = _choose(choices, source, jobs)
    images += [(r, choice.platforms or asked.platforms) for choice, r in chosen]
    return Gathered(tuple(dict.fromkeys(_pinned(images, lock))), failed)


def parse_all(texts: Sequence[str]) -> tuple[Reference, ...]:
    """References as given; tells all that are none and raises UsageError for the last."""
    references, errors = [], []
    for text in texts:
        try:
            references.append(Reference.parse(text))
        except UsageError as error:
            errors.append(error)
    for earlier in errors[:-1]:
        click.echo(f"prewarm: {earlier}", err=True)
    if errors:
        raise errors[-1]
    return tuple(references)


_Image = tuple[Reference, tuple[Platform, ...]]


def _read(file: Path, platforms: tuple[Platform, ...]) -> tuple[list[_Image], Sequence[Choice]]:
    from prewarm.fromfile import read  # noqa: PLC0415

    content = read(file)
    for note in content.notes:
        click.echo(f"prewarm: {note}", err=True)
    return [(i.reference, i.platforms or platforms) for i in content.images], content.rules


def _of_folder(lock: Lock | None, settings: Settings) -> Iterable[Reference]:
    if lock:
        return lock.images
    from prewarm.commands.scan import scan_paths  # noqa: PLC0415

    found = scan_paths((), settings)
    if found.unresolved:
        lines = ", ".join(str(item.place) for item in found.unresolved[:3])
        more = ", …" if len(found.unresolved) > 3 else ""
        told = count(len(found.unresolved), "image")
        click.echo(
            f"prewarm: {told} that the scan cannot name: {lines}{more}: see prewarm scan", err=True
        )
    return found.images


def _choose(
    choices: Sequence[Choice], source: Tags, jobs: int
) -> tuple[list[tuple[Choice, Reference]], tuple[Outcome, ...]]:
    """The references of each choice; one list of tags serves all choices of its repository."""
    repositories = dict.fromkeys(_repository(choice) for choice in choices)
    tags = _list_all(list(repositories), source, jobs) if repositories else {}
    chosen: list[tuple[Choice, Reference]] = []
    failed: dict[tuple[Reference, str], Outcome] = {}
    for choice in choices:
        repository = _repository(choice)
        listed = tags[repository]
        if not isinstance(listed, PrewarmError):
            references = choice.choose(listed)
            chosen += [(choice, reference) for reference in references]
            if references:
                continue
            listed = _nothing(repository, len(listed))
        failed[repository, str(listed)] = Outcome(repository, error=listed, phase="select")
    return chosen, tuple(failed.values())


def _list_all(
    repositories: Sequence[Reference], source: Tags, jobs: int
) -> Mapping[Reference, Sequence[str] | PrewarmError]:
    pool = ThreadPoolExecutor(jobs, "tags")
    try:
        return dict(each(pool, source.list_tags, repositories))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _repository(choice: Choice) -> Reference:
    """The repository alone, as messages name it."""
    return Reference(choice.repository.host, choice.repository.repository)


def _nothing(repository: Reference, count: int) -> ContentError:
    problem = f"no tag is selected of the {count} that it has"
    return ContentError(repository, problem, "see what the selection says")


def _pinned(images: Iterable[_Image], lock: Lock | None) -> Iterator[Wanted]:
    """Each image by the digest that the lock has for it, where it has one."""
    locked = lock.images if lock else {}
    for reference, platforms in images:
        digest = locked[reference].root.digest if reference in locked else None
        yield Wanted(reference, platforms, digest)
