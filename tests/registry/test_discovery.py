"""Lists that come page by page: tags and referrers, their limits, and what is not followed."""

from __future__ import annotations

import json

import pytest

from prewarm.demo.images import Contents, Image, Layer, build
from prewarm.errors import ContentError, PrewarmError, TransferError
from prewarm.oci import OCI_INDEX, OCI_MANIFEST, Descriptor
from prewarm.reference import Reference
from prewarm.registry import discovery
from prewarm.registry.discovery import parse_next, parse_referrers, parse_tags
from tests.fake_registry import Bearer, FakeRegistry, Fault
from tests.fake_registry.documents import index_of
from tests.registry.clients import asked, client

APP = Reference("docker.io", "library/app")
DIGEST = "sha256:" + "a" * 64
PATH = "/v2/library/app"


def tagged(count: int) -> Contents:
    contents = build([Image("app:t0", (Layer("base", 100),))])
    tags = contents.repositories["docker.io/library/app"].tags
    tags.update({f"t{number}": tags["t0"] for number in range(count)})
    return contents


def test_tags_come_from_all_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "_TAGS_A_PAGE", 40)
    with FakeRegistry(tagged(100), auth=Bearer()) as registry:
        assert set(client(registry).list_tags(APP)) == {f"t{number}" for number in range(100)}
    assert asked(registry).count(f"GET {PATH}/tags/list 200") == 3


def test_a_page_that_fails_is_asked_again_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "_TAGS_A_PAGE", 40)
    with FakeRegistry(tagged(100)) as registry:
        registry.fault("GET", "last=", Fault.status(503), times=1)
        assert len(client(registry).list_tags(APP)) == 100
    assert [seen.status for seen in registry.requests] == [200, 503, 200, 200]


def page(tags: object, link: str = "") -> Fault:
    headers = {"Link": link} if link else {}
    return Fault.status(200, json.dumps({"name": "app", "tags": tags}).encode(), **headers)


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("<http://other.example/v2/library/app/tags/list>", "goes on at http://other.example"),
        ("<//127.0.0.1:1/v2/x/tags/list>", "goes on at http://127.0.0.1:1"),
        ("<https://[>", "is no URL"),
        (f"<{PATH}/tags/list?n=1000>", "leads back"),
    ],
)
def test_a_list_goes_on_at_its_own_registry_alone(link: str, said: str) -> None:
    with FakeRegistry(tagged(1)) as registry:
        registry.fault("GET", "tags/list", page(["a"], f'{link}; rel="next"'))
        with pytest.raises(ContentError, match=said):
            client(registry).list_tags(APP)
    assert len(registry.requests) == 1


def test_a_list_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "MAX_PAGES", 3)
    monkeypatch.setattr(discovery, "_TAGS_A_PAGE", 1)
    with FakeRegistry(tagged(9)) as registry, pytest.raises(ContentError, match="more than 3 page"):
        client(registry).list_tags(APP)
    assert len(registry.requests) == 3


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (page([f"t{n}" for n in range(100_001)]), "more than 100000 entries"),
        (Fault.status(200, b" " * (4 * 1024 * 1024 + 1)), "more than 4194304 bytes"),
        (Fault.status(200, b"<html>"), "not JSON"),
        (page(5), "is none"),
        (page([5]), "is none"),
        (Fault.status(404), "list of tags not found"),
    ],
    ids=["entries", "bytes", "html", "number", "numbers", "status"],
)
def test_a_bad_list_is_told_with_its_repository(fault: Fault, said: str) -> None:
    with FakeRegistry(tagged(1)) as registry:
        registry.fault("GET", "tags/list", fault)
        with pytest.raises(PrewarmError, match=said) as caught:
            client(registry).list_tags(APP)
    assert caught.value.subject == "docker.io/library/app"


def test_a_mirror_that_fails_leaves_the_list_to_the_next() -> None:
    with FakeRegistry(tagged(1)) as mirror, FakeRegistry(tagged(3)) as registry:
        mirror.fault("GET", "tags/list", Fault.status(404))
        assert len(client(mirror, registry).list_tags(APP)) == 3


@pytest.mark.parametrize(
    ("raw", "tags"),
    [
        (b'{"tags": null}', []),
        (b'{"tags": ["1.0", "../x", "", "a b", "1.0"]}', ["1.0", "1.0"]),
    ],
)
def test_only_what_a_client_can_ask_for_is_a_tag(raw: bytes, tags: list[str]) -> None:
    assert parse_tags(raw, APP) == tags


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("", None),
        ('</v2/a/tags/list?n=1&last=b>; rel="next"', "/v2/a/tags/list?n=1&last=b"),
        ("</x>; rel=next", "/x"),
        ('</first>; rel="first", </x>; title="a"; REL="Next"', "/x"),
        ('</x>; rel="nextish"', None),
        ("/x; rel=next", None),
    ],
)
def test_the_next_page_stands_in_the_link_header(header: str, target: str | None) -> None:
    assert parse_next(header) == target


def referrers(registry: FakeRegistry) -> tuple[Descriptor, ...] | None:
    return client(registry).list_referrers(Reference.parse("app:t0"), DIGEST)


def listed(count: int, link: str = "") -> Fault:
    headers = {"Content_Type": OCI_INDEX} | ({"Link": link} if link else {})
    return Fault.status(200, index_of(count), **headers)


def test_referrers_come_from_all_pages() -> None:
    with FakeRegistry(tagged(1)) as registry:
        link = f'<{PATH}/referrers/{DIGEST}?page=2>; rel="next"'
        registry.fault("GET", "page=2", listed(3))
        registry.fault("GET", "/referrers/", listed(2, link))
        found = referrers(registry)
    assert found is not None
    assert [descriptor.media_type for descriptor in found] == [OCI_MANIFEST] * 3


@pytest.mark.parametrize(
    "fault",
    [
        *(Fault.status(status) for status in (400, 404, 405, 501)),
        Fault.status(200, b"<html>", Content_Type="text/html"),
    ],
    ids=["400", "404", "405", "501", "a page for people"],
)
def test_an_upstream_without_the_api_is_no_failure(fault: Fault) -> None:
    with FakeRegistry(tagged(1)) as registry:
        registry.fault("GET", "/referrers/", fault)
        assert referrers(registry) is None


def test_a_mirror_without_the_api_leaves_it_to_the_next() -> None:
    with FakeRegistry(tagged(1)) as mirror, FakeRegistry(tagged(1)) as registry:
        mirror.fault("GET", "/referrers/", Fault.status(404))
        registry.fault("GET", "/referrers/", listed(1))
        found = client(mirror, registry).list_referrers(APP, DIGEST)
    assert found is not None
    assert len(found) == 1


@pytest.mark.parametrize(
    ("fault", "kind"), [(Fault.status(500), TransferError), (listed(1001), ContentError)]
)
def test_a_bad_answer_is_a_failure(fault: Fault, kind: type[PrewarmError]) -> None:
    with FakeRegistry(tagged(1)) as registry:
        registry.fault("GET", "/referrers/", fault)
        with pytest.raises(kind):
            referrers(registry)


def test_no_referrers_is_an_empty_list() -> None:
    assert parse_referrers(index_of(0), APP) == ()
