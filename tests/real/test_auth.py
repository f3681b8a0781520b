"""Registries that want to know who asks: Basic and Bearer, right, wrong and missing passwords."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .command import Prewarm
from .images import image, layer
from .programs import Outcome
from .publish import publish
from .registry import PASSWORD, USER, Registry, basic_auth
from .soundness import names_in, problems_of
from .tokens import TokenServer

pytestmark = pytest.mark.real

PRIVATE, PUBLIC = "team/private", "public/image"
CONTENT = image(layer("for those who may"), layer("and no one else"))
WRONG = "a wrong one"


@dataclass(frozen=True, slots=True)
class Door:
    """A registry that asks for credentials; `tokens` gives them out where it wants Bearer."""

    registry: Registry
    tokens: TokenServer | None = None

    @property
    def variable(self) -> str:
        return "PREWARM_AUTH_" + self.registry.address.replace(".", "_").replace(":", "_")

    def reference(self, repository: str = PRIVATE) -> str:
        return f"{self.registry.address}/{repository}:1"

    def settings(self) -> str:
        return f'[registry."{self.registry.address}"]\nendpoints = ["{self.registry.url}"]\n'


@pytest.fixture(scope="module")
def basic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("basic")
    registry = Registry(folder, basic_auth(folder)).start()
    publish(registry, PRIVATE, "1", CONTENT, folder, credentials=f"{USER}:{PASSWORD}")
    yield Door(registry)
    registry.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def bearer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("bearer")
    tokens = TokenServer(folder, {USER: PASSWORD})
    registry = Registry(folder / "registry", tokens.auth()).start()
    for repository in (PRIVATE, PUBLIC):
        publish(registry, repository, "1", CONTENT, folder, credentials=f"{USER}:{PASSWORD}")
    yield Door(registry, tokens)
    registry.stop()
    tokens.stop()
    shutil.rmtree(folder)


@pytest.fixture(params=["basic", "bearer"])
def door(request: pytest.FixtureRequest) -> Door:
    chosen: Door = request.getfixturevalue(request.param)
    return chosen


def test_the_environment_opens(door: Door, tmp_path: Path) -> None:
    prewarm = Prewarm(tmp_path, door.settings(), **{door.variable: f"{USER}:{PASSWORD}"})
    outcome = prewarm.fetch(door.reference()).ok()
    assert_fetched(prewarm, door.reference())
    assert_secret(outcome, prewarm, PASSWORD)


def test_docker_config_opens(door: Door, tmp_path: Path) -> None:
    folder = write_docker_config(tmp_path / "docker", door.registry.address, PASSWORD)
    prewarm = Prewarm(tmp_path, door.settings(), DOCKER_CONFIG=str(folder))
    outcome = prewarm.fetch(door.reference()).ok()
    assert_fetched(prewarm, door.reference())
    assert_secret(outcome, prewarm, PASSWORD)


def test_the_environment_comes_before_docker_config(door: Door, tmp_path: Path) -> None:
    folder = write_docker_config(tmp_path / "docker", door.registry.address, WRONG)
    right = {door.variable: f"{USER}:{PASSWORD}", "DOCKER_CONFIG": str(folder)}
    prewarm = Prewarm(tmp_path, door.settings(), **right)
    prewarm.fetch(door.reference()).ok()
    assert_fetched(prewarm, door.reference())


def test_a_wrong_password_is_an_error_that_names_its_source(door: Door, tmp_path: Path) -> None:
    prewarm = Prewarm(tmp_path, door.settings(), **{door.variable: f"{USER}:{WRONG}"})
    door.registry.forget()
    outcome = prewarm.fetch(door.reference())
    assert_refused(outcome, prewarm)
    assert door.variable in outcome.out + outcome.err
    assert_secret(outcome, prewarm, WRONG)
    assert [r.status for r in door.registry.requests() if r.status != 401] == []
    assert len(door.registry.requests()) <= 2, "a refusal is final and not asked for again"


def test_no_credentials_is_an_error_that_says_what_to_set(door: Door, tmp_path: Path) -> None:
    prewarm = Prewarm(tmp_path, door.settings())
    outcome = prewarm.fetch(door.reference())
    assert_refused(outcome, prewarm)
    assert "PREWARM_AUTH_" in outcome.out + outcome.err


def test_credentials_of_another_host_stay_home(door: Door, tmp_path: Path) -> None:
    folder = write_docker_config(tmp_path / "docker", "quay.io", PASSWORD)
    others = {"PREWARM_AUTH_QUAY_IO": f"{USER}:{PASSWORD}", "DOCKER_CONFIG": str(folder)}
    prewarm = Prewarm(tmp_path, door.settings(), **others)
    assert_refused(prewarm.fetch(door.reference()), prewarm)


def test_the_open_image_comes_beside_the_refused_one(bearer: Door, tmp_path: Path) -> None:
    prewarm = Prewarm(tmp_path, bearer.settings())
    outcome = prewarm.fetch(bearer.reference(), bearer.reference(PUBLIC))
    assert outcome.status == 3, str(outcome)
    assert_fetched(prewarm, bearer.reference(PUBLIC))


def test_a_public_image_needs_a_token_but_nobody(bearer: Door, tmp_path: Path) -> None:
    prewarm = Prewarm(tmp_path, bearer.settings())
    prewarm.fetch(bearer.reference(PUBLIC)).ok()
    assert_fetched(prewarm, bearer.reference(PUBLIC))


def test_one_token_serves_a_whole_image(bearer: Door, tmp_path: Path) -> None:
    prewarm = Prewarm(tmp_path, bearer.settings(), **{bearer.variable: f"{USER}:{PASSWORD}"})
    assert bearer.tokens is not None
    bearer.tokens.requests.clear()
    bearer.registry.forget()
    prewarm.fetch(bearer.reference()).ok()
    assert [request.status for request in bearer.registry.requests()].count(401) == 1
    assert [(r.user, r.scopes, r.status) for r in bearer.tokens.requests] == [
        (USER, (f"repository:{PRIVATE}:pull",), 200)
    ]


def write_docker_config(folder: Path, host: str, password: str) -> Path:
    """A folder for DOCKER_CONFIG with one host's credentials, as `docker login` writes them."""
    folder.mkdir()
    auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))
    return folder


def assert_fetched(prewarm: Prewarm, reference: str) -> None:
    assert names_in(prewarm.store) == [reference]
    assert problems_of(prewarm.store) == []


def assert_refused(outcome: Outcome, prewarm: Prewarm) -> None:
    assert outcome.status == 1, str(outcome)
    assert "Traceback" not in outcome.err
    assert "denied" in outcome.out + outcome.err
    assert names_in(prewarm.store) == []


def assert_secret(outcome: Outcome, prewarm: Prewarm, secret: str) -> None:
    """Neither the words nor the store hold the secret, plain or encoded."""
    encoded = base64.b64encode(f"{USER}:{secret}".encode()).decode()
    for needle in (secret, encoded):
        assert needle not in outcome.out + outcome.err
        for path in prewarm.store.rglob("*"):
            assert not path.is_file() or needle.encode() not in path.read_bytes()
