"""What a fetch would cost, the pulls it may spend, and what the policy refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from prewarm.cli import cli
from prewarm.demo.images import Image, Layer, build
from prewarm.errors import ContentError
from prewarm.policy import Policy
from prewarm.reference import Reference
from prewarm.registry.quota import Quota, parse_quota
from tests.fake_registry import FakeRegistry
from tests.fake_registry import Quota as Allowed

BASE = Layer("base", 30_000)
IMAGES = [
    Image("docker.io/library/a:1", (BASE, Layer("a", 9000)), ("linux/amd64", "linux/arm64")),
    Image("docker.io/library/b:1", (BASE, Layer("b", 7000))),
    Image("docker.io/library/c:1", (BASE, Layer("c", 5000))),
]
NAMES = ("a:1", "b:1", "c:1")


@pytest.fixture
def free() -> Iterator[FakeRegistry]:
    with FakeRegistry(build(IMAGES), host="docker.io") as registry:
        yield registry


@pytest.fixture
def counted() -> Iterator[FakeRegistry]:
    with FakeRegistry(build(IMAGES), host="docker.io", quota=Allowed(3)) as registry:
        yield registry


def fetch(registry: FakeRegistry, folder: Path, *arguments: str) -> Result:
    settings = folder / "prewarm.toml"
    extra = settings.read_text() if settings.exists() else ""
    if "endpoints" not in extra:
        settings.write_text(
            f'store = "store"\n{extra}\n[registry."docker.io"]\nendpoints = ["{registry.url}"]\n'
        )
    command = ["fetch", "--quiet", "--config", str(settings), "--platform", "linux/amd64"]
    return CliRunner().invoke(cli, [*command, *arguments], standalone_mode=False)


def test_a_plan_counts_every_blob_once_and_writes_nothing(
    free: FakeRegistry, tmp_path: Path
) -> None:
    cost = json.loads(fetch(free, tmp_path, "--plan", "--format", "json", *NAMES).stdout)
    assert [image["blobs"] for image in cost["images"]] == [3, 3, 3]
    assert cost["blobs"] == 7
    assert cost["bytes"] < sum(image["bytes"] for image in cost["images"])
    assert (cost["held"], cost["pulls"], cost["unknown"], cost["quotas"]) == (0, 0, 0, {})
    assert free.count("GET", "/blobs/") == 0
    assert not (tmp_path / "store").exists()


def test_what_is_held_costs_nothing(free: FakeRegistry, tmp_path: Path) -> None:
    fetch(free, tmp_path, "a:1")
    cost = json.loads(fetch(free, tmp_path, "--plan", "--format", "json", *NAMES).stdout)
    assert cost["images"][0]["bytes"] == 0
    assert cost["blobs"] == 4
    assert cost["held"] > 39_000


def test_where_pulls_count_a_plan_spends_none(counted: FakeRegistry, tmp_path: Path) -> None:
    plan = fetch(counted, tmp_path, "--plan", *NAMES)
    assert counted.count("GET", "/manifests/") == 0
    assert "3 pulls that count" in plan.stdout
    assert "3 of 100 pulls left in 6 h" in plan.stdout
    assert "3 images not looked into" in plan.stdout


@pytest.mark.parametrize("option", [("--max-pulls", "2"), ("--quota-floor", "1")], ids=str)
def test_a_run_spends_no_more_than_it_may(
    counted: FakeRegistry, tmp_path: Path, option: tuple[str, str]
) -> None:
    done = fetch(counted, tmp_path, "--jobs", "1", *option, "--format", "json", "b:1", "c:1", "a:1")
    assert counted.count("GET", "/manifests/") == 2
    outcomes = json.loads(done.stdout)["images"]
    assert [bool(outcome["error"]) for outcome in outcomes] == [False, False, True]
    assert outcomes[2]["phase"] == "resolve"
    assert "pulls" in outcomes[2]["error"]


def test_a_report_is_an_account_of_every_image(free: FakeRegistry, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    fetch(free, tmp_path, "--report", str(report), "a:1", "nothere:1")
    found, lost = json.loads(report.read_text())["images"]
    assert found["error"] is None
    assert found["moved"] > 39_000
    assert found["seconds"] > 0
    assert (lost["phase"], lost["status"]) == ("resolve", 404)


@pytest.mark.parametrize(
    ("headers", "quota"),
    [
        (
            {
                "ratelimit-limit": "100;w=21600",
                "ratelimit-remaining": "20;w=21600",
                "docker-ratelimit-source": "192.0.2.7",
            },
            Quota(100, 20, 21600, "192.0.2.7"),
        ),
        ({"ratelimit-limit": "100", "ratelimit-remaining": "7"}, Quota(100, 7, 0)),
        ({}, None),
        ({"ratelimit-limit": "many", "ratelimit-remaining": "7"}, None),
        ({"ratelimit-limit": "100;w=21600"}, None),
    ],
)
def test_quotas(headers: dict[str, str], quota: Quota | None) -> None:
    assert parse_quota(headers) == quota


@pytest.mark.parametrize(
    ("policy", "reference", "said"),
    [
        (Policy(), "nginx", None),
        (Policy(allow=("docker.io/library/*",)), "nginx", None),
        (Policy(allow=("docker.io/library/*",)), "bitnami/nginx", "allows no such"),
        (Policy(allow=("quay.io",)), "quay.io/a/b/c:1", None),
        (Policy(deny=("docker.io/evil/*",)), "evil/x", "denies docker.io/evil"),
        (Policy(allow=("docker.io",), deny=("docker.io",)), "nginx", "denies"),
        (Policy(require_digest=True), "nginx", "digest"),
    ],
)
def test_policies(policy: Policy, reference: str, said: str | None) -> None:
    if said is None:
        policy.check(Reference.parse(reference), pinned=False)
    else:
        with pytest.raises(ContentError, match=said):
            policy.check(Reference.parse(reference), pinned=False)


def test_what_the_policy_refuses_is_never_asked_for(free: FakeRegistry, tmp_path: Path) -> None:
    (tmp_path / "prewarm.toml").write_text('[policy]\ndeny = ["docker.io/library/a"]\n')
    done = fetch(free, tmp_path, "--format", "json", "a:1", "b:1")
    refused, fetched = json.loads(done.stdout)["images"]
    assert "policy denies" in refused["error"]
    assert fetched["error"] is None
    assert free.count("", "library/a/") == 0


def test_an_image_that_is_too_large_moves_no_blob(free: FakeRegistry, tmp_path: Path) -> None:
    (tmp_path / "prewarm.toml").write_text('[policy]\nmax-size = "20kB"\n')
    done = fetch(free, tmp_path, "--format", "json", "a:1")
    (refused,) = json.loads(done.stdout)["images"]
    assert "more than the policy's 20000" in refused["error"]
    assert free.count("GET", "/blobs/") == 0
