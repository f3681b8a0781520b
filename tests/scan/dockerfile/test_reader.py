"""The reader as the scan and other readers use it."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from prewarm.oci import Platform
from prewarm.scan.dockerfile import Build, read, read_build
from prewarm.scan.finding import Class, Finding, Place
from prewarm.scan.formats import format_of
from prewarm.scan.reader import Document, Inputs, NoFiles, Scope
from tests.scan.dockerfile.reading import images, is_refused, read_text, skipped, unresolved

KINDS = """\
# syntax=docker/dockerfile:1
FROM base AS one
COPY --from=copied / /
RUN --mount=from=mounted,target=/x true
ONBUILD COPY --from=later / /
ONBUILD RUN --mount=from=latest,target=/y true
FROM one
"""

TYPICAL = """\
# syntax=docker/dockerfile:1
ARG NODE=20
FROM --platform=$BUILDPLATFORM node:${NODE}-alpine AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm \\
    npm ci && \\
    npm cache clean --force
COPY . .
ENV NODE_ENV=production PATH="/app/bin:$PATH"
LABEL org.opencontainers.image.title="a b" \\
      org.opencontainers.image.licenses="Apache-2.0"
RUN npm run build
FROM nginx:1.27-alpine
COPY --from=build /app/dist /usr/share/nginx/html
EXPOSE 80
HEALTHCHECK --interval=30s CMD curl -f http://localhost/ || exit 1
CMD ["nginx", "-g", "daemon off;"]
"""


def test_kinds() -> None:
    found = [result for result in read_text(KINDS) if isinstance(result, Finding)]
    assert {(finding.written, finding.kind) for finding in found} == {
        ("docker/dockerfile:1", "syntax frontend"),
        ("base", "base image"),
        ("copied", "stage copy"),
        ("mounted", "build mount"),
        ("later", "onbuild copy"),
        ("latest", "onbuild mount"),
    }
    assert {finding.class_ for finding in found} == {Class.PULL}


def test_the_scan_gives_arguments_target_and_platform() -> None:
    text = "ARG V=1\nFROM a:$V-$TARGETARCH AS x\nFROM b AS y\n"
    inputs = Inputs({"V": "2"}, target="x", platform=Platform("linux", "arm64"))
    results = list(read(Document("Dockerfile", text), Scope(NoFiles(), inputs)))
    assert images(results) == ["docker.io/library/a:2-arm64"]


def test_without_a_target_every_stage_counts() -> None:
    text = "FROM a\nFROM b AS x\nFROM c\n"
    assert len(images(read_text(text))) == 3
    assert images(read_text(text, target="")) == ["docker.io/library/c:latest"]


def test_what_led_to_a_build_goes_along() -> None:
    via = (Place("compose.yaml", 3, 5),)
    document = Document("Dockerfile", "# syntax=d/f\nFROM a\nFROM $B\n")
    results = list(read_build(document, Build(via=via)))
    assert [getattr(result, "via", None) for result in results] == [via, via, via]


def test_a_place_is_found_once() -> None:
    text = "FROM a AS b\nONBUILD COPY --from=c / /\nFROM b AS d\nFROM b AS e\n"
    assert len(images(read_text(text))) == 2


def test_a_frontend_of_the_command_line() -> None:
    results = read_text("# syntax=a/b\nFROM scratch\n", {"BUILDKIT_SYNTAX": "x/y:1 --flag"})
    assert images(results) == ["docker.io/x/y:1"]


def test_a_frontend_of_a_context() -> None:
    results = read_text("# syntax=a/b:1\nFROM scratch\n", contexts={"a/b:1": "./folder"})
    assert not results


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1: there is no instruction"),
        ("RUN x\n", "line 1: RUN stands before the first FROM"),
        ("FROM a\nRUN x\n  && y\n", "line 3: there is no instruction '&&'"),
        ("FROM a\nRUN <<EOF\n", "line 2: the heredoc 'EOF' has no end"),
        ("FROM a AS b\nCOPY --from=b / /\n", "line 1: the stage needs itself"),
        ("FROM a\nCOPY --from=1 / /\n", "line 2: COPY --from=1: there is no stage"),
        ("FROM a # b\n", "line 1: FROM wants one image, or an image AS a name"),
    ],
)
def test_a_refused_file(text: str, reason: str) -> None:
    results = read_text(text)
    assert is_refused(results)
    assert skipped(results)[0].startswith(reason)


def test_no_such_target() -> None:
    results = read_text("FROM a\n", target="x")
    assert not images(results)
    assert skipped(results)[0].startswith("no stage is named 'x'")


def test_what_a_newer_buildkit_may_know_is_passed_over() -> None:
    results = read_text("FROM a\nCOPY --shiny --from=b / /\n")
    assert len(images(results)) == 2
    assert skipped(results) == ["line 2: COPY has no flag --shiny: it was passed over"]


@pytest.mark.parametrize(
    "name",
    [
        "Dockerfile",
        "a/dockerfile",
        "Dockerfile.dev",
        "Dockerfile-alpine",
        "Dockerfile_windows",
        "api.Dockerfile",
        "api-dockerfile",
        "Containerfile",
        "Containerfile.ubi",
        "x.containerfile",
        "Dockerfile.go",
        "base.Dockerfile.j2",
        "Dockerfile2",
    ],
)
def test_names_of_dockerfiles(name: str) -> None:
    form = format_of(name)
    assert form is not None
    assert form.module == "dockerfile"


@pytest.mark.parametrize(
    "name",
    [
        "Dockerfile.md",
        "Dockerfile.dockerignore",
        "Dockerfile.yaml",
        "dockerfile.go",
        "dockerfile_test.go",
        "parse-dockerfile.ts",
        "mydockerfile",
        "Dockerfiles",
        "dockerfiles/readme",
    ],
)
def test_names_of_other_files(name: str) -> None:
    form = format_of(name)
    assert form is None or form.module != "dockerfile"


@pytest.mark.parametrize(
    "text",
    [
        "ARG A=" + "${A:-" * 20_000 + "\nFROM $A\n",
        "ARG A0=xxxxxxxxxx\n"
        + "".join(f"ARG A{n + 1}={f'$A{n}' * 10}\n" for n in range(40))
        + "FROM $A40\n",
        f"ARG A={'a' * 60_000}\nFROM ${{A//*a*a*a*a*b/}}\n",
        "FROM a AS s0\n" + "".join(f"FROM s{n} AS s{n + 1}\n" for n in range(3_000)),
        "".join(f"FROM a AS s{n}\nCOPY --from=s{n + 1} / /\n" for n in range(3_000)),
        "FROM a\nRUN " + "[" * 30_000 + "\n",
        "FROM a\nRUN cat " + "<<A " * 5_000 + "\n",
        "FROM a\nRUN x \\\n" + " y \\\n" * 20_000 + "FROM b\n",
    ],
    ids=["nesting", "growth", "pattern", "chain", "copies", "array", "heredocs", "continued"],
)
def test_hostile_files_end(text: str) -> None:
    begin = time.monotonic()
    results = read_text(text)
    assert results
    assert time.monotonic() - begin < 10


def test_a_typical_file_is_read_in_no_time() -> None:
    """Some 0.4 ms on a machine of 2024; the bound is wide, for others may be at work on it."""
    times: list[float] = []
    for _ in range(20):
        begin = time.perf_counter()
        assert not unresolved(read_text(TYPICAL))
        times.append(time.perf_counter() - begin)
    assert min(times) < 0.005


def test_importing_it_brings_no_other_package_along() -> None:
    code = "import sys, prewarm.scan.dockerfile; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    names = {name.partition(".")[0] for name in loaded.stdout.split()}
    assert names.isdisjoint({"yaml", "requests", "click", "pathspec", "urllib3", "asyncio"})
