"""What says something of an image: its signatures, SBOMs and attestations, found and brought in.

Asked are the referrers API, where an upstream has none the tag `sha256-HEX` in its place, and
cosign's tags `sha256-HEX.sig`, `.att` and `.sbom`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from prewarm.errors import PrewarmError, TransferError
from prewarm.fetch.plan import Planner, Wanted
from prewarm.fetch.ports import Holdings, Source
from prewarm.fetch.run import each
from prewarm.fetch.tally import Outcome
from prewarm.oci import Descriptor, Index, parse_manifest
from prewarm.reference import Reference

MAX_LEVELS = 3
"""A signature of an attestation of an image is level 2."""

_COSIGN = (".sig", ".att", ".sbom")


class ReferrerSource(Source, Protocol):
    """A source that knows what refers to a digest."""

    def list_referrers(self, reference: Reference, digest: str) -> Sequence[Descriptor] | None:
        """What refers to a digest in the reference's repository; None where nobody can say."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A manifest of which something may be said; `repository` is any reference into its own."""

    repository: Reference
    digest: str

    @property
    def key(self) -> tuple[str, str]:
        return self.repository.name, self.digest


Bring = Callable[[Sequence[Wanted]], Iterable[Outcome]]
"""One run of a fetch."""


def fetch_referrers(
    bring: Bring, source: ReferrerSource, held: Holdings, images: Iterable[Outcome], jobs: int
) -> tuple[Outcome, ...]:
    """Bring in what refers to images that were fetched, and what refers to that, in levels.

    A subject that cannot be asked about gives an outcome with its error.
    """
    finder = _Finder(source, Planner(source, held))
    outcomes: list[Outcome] = []
    subjects = [subject for image in images for subject in subjects_of(image, held)]
    met: set[tuple[str, str]] = set()
    for _ in range(MAX_LEVELS):
        subjects = [s for s in {s.key: s for s in subjects}.values() if s.key not in met]
        met.update(subject.key for subject in subjects)
        wanted: dict[Wanted, None] = {}
        for subject, found in _find_all(finder, subjects, jobs):
            if isinstance(found, PrewarmError):
                reference = subject.repository.with_digest(subject.digest)
                outcomes.append(Outcome(reference, error=found, phase="referrers"))
            else:
                wanted.update(dict.fromkeys(found))
        if not wanted:
            break
        brought = tuple(bring(tuple(wanted)))
        outcomes += brought
        subjects = [
            Subject(outcome.reference, outcome.root.digest)
            for outcome in brought
            if outcome.root is not None and outcome.error is None
        ]
    return tuple(outcomes)


def subjects_of(image: Outcome, held: Holdings) -> Iterator[Subject]:
    """The root of an image that was fetched, and its platforms' manifests that are held."""
    if image.root is None or image.error is not None:
        return
    yield Subject(image.reference, image.root.digest)
    if not image.root.is_index:
        return
    try:
        manifest = parse_manifest(held.read_blob(image.root), image.root.media_type)
    except PrewarmError:
        return  # it was whole a moment ago: whoever spoils the store has more to hear of it
    for child in manifest.children if isinstance(manifest, Index) else ():
        if not child.is_attestation and held.has(child):
            yield Subject(image.reference, child.digest)


def _find_all(
    finder: _Finder, subjects: Sequence[Subject], jobs: int
) -> Iterator[tuple[Subject, tuple[Wanted, ...] | PrewarmError]]:
    pool = ThreadPoolExecutor(jobs, "referrers")
    try:
        yield from each(pool, finder.find, subjects)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Finder:
    source: ReferrerSource
    planner: Planner

    def find(self, subject: Subject) -> tuple[Wanted, ...]:
        """What refers to a subject, by digest and under the tags where it was found by one."""
        listed = self.source.list_referrers(subject.repository, subject.digest)
        found = self._indexed(subject) if listed is None else _by_digest(subject, listed)
        for suffix in _COSIGN:
            tagged = self._tagged(subject, suffix)
            if tagged is not None:
                found += [tagged, Wanted(tagged.reference.with_digest(tagged.pinned or ""))]
        return tuple(found)

    def _indexed(self, subject: Subject) -> list[Wanted]:
        """What the index lists that registries without the API keep under a tag."""
        tagged = self._tagged(subject, "")
        if tagged is None:
            return []
        root, raw = self.planner.read_root(tagged)
        index = parse_manifest(raw, root.media_type, tagged.reference)
        listed = index.manifests if isinstance(index, Index) else ()
        return [tagged, *_by_digest(subject, listed)] if listed else []

    def _tagged(self, subject: Subject, suffix: str) -> Wanted | None:
        repository, tag = subject.repository, tag_of(subject.digest) + suffix
        reference = Reference(repository.host, repository.repository, tag)
        try:
            return Wanted(reference, digest=self.source.resolve(reference).digest)
        except TransferError as error:
            if error.status == 404:
                return None
            raise


def tag_of(digest: str) -> str:
    """The tag that stands for a digest, as the distribution spec has it."""
    algorithm, _, encoded = digest.partition(":")
    return f"{algorithm[:32]}-{encoded[:64]}"


def _by_digest(subject: Subject, listed: Iterable[Descriptor]) -> list[Wanted]:
    digests = dict.fromkeys(descriptor.digest for descriptor in listed)
    return [Wanted(subject.repository.with_digest(digest)) for digest in digests]
