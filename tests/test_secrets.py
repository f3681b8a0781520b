"""No secret is shown, stored, or sent to anybody but the registry and its token server."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from prewarm.demo.answer import Request, Response
from prewarm.errors import PrewarmError
from prewarm.registry.authfile import Credential
from prewarm.registry.client import Registry
from prewarm.registry.credentials import Credentials, variable_of
from prewarm.registry.endpoint import Endpoint
from prewarm.registry.http import Request as Sent
from tests.fake_registry import Basic, Bearer, FakeRegistry, Fault
from tests.fake_registry.auth import Auth
from tests.fake_registry.tls import make_certificate
from tests.registry.clients import QUICK, contents, reference
from tests.registry.programs import SYSTEM, helper, saying

USER, SECRET, WRONG = "somebody", "s3cr3t/of+ours=", "s3cr3t/but-wrong="
NETRC = "s3cr3t-of-netrc"
CONTENTS = contents()


class Recorder(FakeRegistry):
    """A fake registry that keeps all that it is sent."""

    def __init__(self, auth: Auth | None = None, tls: Path | None = None) -> None:
        super().__init__(CONTENTS, auth=auth, tls=tls)
        self.received: list[bytes] = []

    def refuse(self, request: Request) -> Response | None:
        said = f"{request.method} {request.path}\n{request.headers}\n".encode()
        self.received.append(said + (request.body or b""))
        return super().refuse(request)


def spellings(secret: str) -> set[bytes]:
    """Every form in which a secret could be found again."""
    texts = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}
    texts |= {f"{user}:{secret}" for user in (USER, "")}
    encoded = {base64.b64encode(text.encode()) for text in texts}
    return {text.encode() for text in texts} | encoded


NEEDLES = spellings(SECRET) | spellings(WRONG) | spellings(NETRC)


def leaks(data: bytes) -> list[bytes]:
    return [needle for needle in NEEDLES if needle in data]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to have a credential: variables, docker's file, a helper's script."""

    name: str
    variable: bool = False
    entry: dict[str, str] = field(default_factory=dict)
    script: str = ""

    def environ(self, folder: Path, address: str) -> dict[str, str]:
        """Write what this way needs into a folder."""
        document: dict[str, Any] = {"auths": {address: self.entry}} if self.entry else {}
        path = SYSTEM
        if self.script:
            document["credHelpers"] = {address: "x"}
            path = helper(folder, "x", self.script)
        (folder / "config.json").write_text(json.dumps(document))
        (folder / ".netrc").write_text(f"default login {USER} password {NETRC}\n")
        (folder / ".netrc").chmod(0o600)
        known = {"DOCKER_CONFIG": str(folder), "HOME": str(folder), "PATH": path}
        return {**known, variable_of(address): f"{USER}:{self.secret}"} if self.variable else known

    @property
    def secret(self) -> str:
        return WRONG if self.name.startswith("wrong") else SECRET


def ways(prefix: str, secret: str) -> Iterator[Way]:
    encoded = base64.b64encode(f"{USER}:{secret}".encode()).decode()
    yield Way(f"{prefix}variable", variable=True)
    yield Way(f"{prefix}entry", entry={"auth": encoded})
    yield Way(f"{prefix}identity token", entry={"identitytoken": secret})
    yield Way(f"{prefix}registry token", entry={"registrytoken": secret})
    yield Way(f"{prefix}helper", script=f"echo {secret} >&2; {saying(USER, secret)}")
    yield Way(f"{prefix}helper's token", script=saying("<token>", secret))


RIGHT = list(ways("", SECRET))
ALL = [*RIGHT, *ways("wrong ", WRONG), Way("failing helper", script=f"echo {SECRET}; exit 1")]
PASSWORDS = [way for way in ALL if "token" not in way.name]


def by_name(way: Way) -> str:
    return way.name


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def serve() -> Iterator[Any]:
    with ExitStack() as stack:

        def start(auth: Auth | None = None, tls: Path | None = None) -> Recorder:
            return stack.enter_context(Recorder(auth, tls))

        yield start


def bearer() -> Bearer:
    return Bearer(USER, SECRET, identity=SECRET, standing=SECRET, answer_key="access_token")


def prewarm(
    words: list[str], folder: Path, environ: dict[str, str]
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "prewarm", *words]
    environ = {**environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, check=False, capture_output=True, cwd=folder, env=environ)


def every_byte(folder: Path) -> bytes:
    """All names and contents below a folder."""
    paths = sorted(folder.rglob("*"))
    return b"\n".join(
        str(path).encode() + (path.read_bytes() if path.is_file() else b"") for path in paths
    )


# The command line, from end to end


@pytest.mark.parametrize(
    ("way", "auth"),
    [*((way, bearer()) for way in ALL), *((way, Basic(USER, SECRET)) for way in PASSWORDS)],
    ids=lambda value: value.name if isinstance(value, Way) else type(value).__name__,
)
def test_a_fetch_leaves_no_secret_behind(serve: Any, tmp_path: Path, way: Way, auth: Auth) -> None:
    registry, elsewhere = serve(auth), serve()
    registry.fault("GET", "/blobs/", Fault.redirect(f"{elsewhere.url}/"))
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    environ = way.environ(home, registry.address)
    name = f"{registry.address}/library/a:1"
    done = prewarm(["fetch", name, "--store", "store", "--platform", "all"], work, environ)
    assert (done.returncode == 0) is (way in RIGHT), done.stderr
    assert leaks(done.stdout + done.stderr + every_byte(work)) == []
    assert elsewhere.received if way in RIGHT else not elsewhere.received
    assert leaks(b"".join(elsewhere.received)) == []
    assert NETRC.encode() not in b"".join(registry.received)
    assert NETRC.encode() not in users_and_passwords(registry.received)


def users_and_passwords(received: list[bytes]) -> bytes:
    """What the headers of Basic authentication say."""
    words = b" ".join(received).split()
    basic = [after for before, after in pairwise(words) if before == b"Basic"]
    return b" ".join(map(base64.b64decode, basic))


@pytest.mark.parametrize("way", ALL, ids=by_name)
def test_asking_who_we_are_shows_no_secret(serve: Any, tmp_path: Path, way: Way) -> None:
    registry = serve(bearer())
    environ = way.environ(tmp_path, registry.address)
    done = prewarm(["auth", "--check", registry.address], tmp_path, environ)
    assert done.returncode == (way not in RIGHT), done.stderr
    assert registry.address.encode() in done.stdout
    assert leaks(done.stdout + done.stderr) == []


# Who must not get it


def source(way: Way, folder: Path, registry: Recorder, tls: Path | None = None) -> Registry:
    credentials = Credentials.of_environment(way.environ(folder, registry.address))
    endpoint = Endpoint.parse(registry.url, tls)
    return Registry(lambda _: (endpoint,), credentials, QUICK)


@pytest.mark.parametrize("way", RIGHT, ids=by_name)
def test_a_realm_that_is_less_safe_is_not_asked(
    serve: Any, tmp_path: Path, way: Way, certificate: Path
) -> None:
    auth = bearer()
    thief, registry = serve(), serve(auth, certificate)
    auth.realm = f"{thief.url}/token"
    if "registrytoken" in way.entry:
        source(way, tmp_path, registry, certificate).resolve(reference())
    else:
        with pytest.raises(PrewarmError, match="is not https as the registry is") as caught:
            source(way, tmp_path, registry, certificate).resolve(reference())
        assert leaks(str(caught.value).encode()) == []
    assert thief.received == []


@pytest.mark.parametrize("way", RIGHT, ids=by_name)
@pytest.mark.parametrize("status", [303, 307])
def test_a_redirect_takes_no_secret_along(
    serve: Any, tmp_path: Path, way: Way, status: int
) -> None:
    """Not to the host it leads to, nor to the token server that this one names."""
    named, registry = bearer(), serve(bearer())
    thief, elsewhere = serve(), serve(named)
    named.realm = f"{thief.url}/token"
    for path in ("/manifests/", "^/token"):
        registry.fault("", path, Fault.redirect(f"{elsewhere.url}/", status))
    with pytest.raises(PrewarmError) as caught:
        source(way, tmp_path, registry).resolve(reference())
    assert leaks(str(caught.value).encode()) == []
    assert elsewhere.received
    assert leaks(b"".join(elsewhere.received + thief.received)) == []


@pytest.mark.parametrize("auth", [Basic(USER, SECRET), bearer()], ids=["Basic", "Bearer"])
def test_a_host_that_a_redirect_leads_to_does_not_even_get_its_own(serve: Any, auth: Auth) -> None:
    registry, elsewhere = serve(), serve(auth)
    registry.fault("", "/manifests/", Fault.redirect(f"{elsewhere.url}/"))
    known = {variable_of(elsewhere.address): f"{USER}:{SECRET}"}
    endpoint = Endpoint.parse(registry.url)
    with pytest.raises(PrewarmError, match="access denied without credentials"):
        Registry(lambda _: (endpoint,), Credentials(known, ()), QUICK).resolve(reference())
    assert elsewhere.received
    assert leaks(b"".join(elsewhere.received)) == []


@pytest.mark.parametrize("way", RIGHT, ids=by_name)
def test_a_mirror_does_not_get_what_is_for_the_upstream(
    serve: Any, tmp_path: Path, way: Way
) -> None:
    registry, mirror = serve(bearer()), serve(Basic("any", "body"))
    credentials = Credentials.of_environment(way.environ(tmp_path, registry.address))
    endpoints = tuple(Endpoint.parse(server.url) for server in (mirror, registry))
    Registry(lambda _: endpoints, credentials, QUICK).resolve(reference())
    assert mirror.received
    assert leaks(b"".join(mirror.received)) == []


def test_a_registry_token_is_sent_as_it_is_and_to_no_token_server(
    serve: Any, tmp_path: Path
) -> None:
    registry = serve(bearer())
    way = Way("registry token", entry={"registrytoken": SECRET})
    source(way, tmp_path, registry).resolve(reference())
    assert [seen.headers["Authorization"] for seen in registry.requests] == [
        None,
        f"Bearer {SECRET}",
    ]
    assert registry.count("", "^/token") == 0


def test_an_identity_token_is_exchanged_as_oauth_has_it(serve: Any, tmp_path: Path) -> None:
    registry = serve(bearer())
    source(Way("", script=saying("<token>", SECRET)), tmp_path, registry).resolve(reference())
    assert [seen.method for seen in registry.requests] == ["HEAD", "POST", "HEAD"]
    posted = registry.received[1].rpartition(b"\n")[2].decode()
    assert dict(part.split("=") for part in posted.split("&")) == {
        "grant_type": "refresh_token",
        "service": "fake",
        "client_id": "prewarm",
        "scope": quote_plus("repository:library/a:pull"),
        "refresh_token": quote_plus(SECRET),
    }


def test_no_representation_shows_a_secret() -> None:
    endpoint = Endpoint.parse("https://q.io")
    credential = Credential(USER, SECRET, SECRET, SECRET)
    headers, form = {"Authorization": credential.basic}, {"refresh_token": SECRET}
    for value in (credential, Sent("GET", "https://q.io/v2/", endpoint, "q.io", headers, form)):
        assert leaks(repr(value).encode()) == []
