"""Platforms as containerd reads them."""

from __future__ import annotations

import pytest

from prewarm.oci import Platform
from prewarm.scan.dockerfile.platform import parse_platform
from prewarm.scan.finding import Finding
from tests.scan.dockerfile.reading import read_text

ARM = Platform("linux", "arm", "v7")


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("linux/amd64", "linux/amd64"),
        ("Linux/X86_64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("linux/aarch64/v8", "linux/arm64"),
        ("linux/arm64/9", "linux/arm64/v9"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/6", "linux/arm/v6"),
        ("linux/armel", "linux/arm/v6"),
        ("linux/armhf", "linux/arm/v7"),
        ("linux/i386", "linux/386"),
        ("linux/riscv64", "linux/riscv64"),
        ("linux", "linux/arm/v7"),
        ("windows", "windows/arm/v7"),
        ("macos/arm64", "darwin/arm64"),
        ("arm64", "linux/arm64"),
        ("s390x", "linux/s390x"),
        ("any/thing", "any/thing"),
        ("windows(10.0.17763+win32k)/amd64", "windows/amd64"),
    ],
)
def test_platforms(text: str, platform: str) -> None:
    assert str(parse_platform(text, ARM)) == platform


@pytest.mark.parametrize("text", ["", "*", "z80", "linux/", "/amd64", "a/b/c/d", "li nux/amd64"])
def test_none(text: str) -> None:
    assert parse_platform(text, ARM) is None


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("FROM a\n", None),
        ("FROM --platform=linux/arm64 a\n", "linux/arm64"),
        ("FROM --platform=$BUILDPLATFORM a\n", "linux/amd64"),
        ("FROM --platform=$TARGETPLATFORM a\n", "linux/arm/v7"),
        ("FROM --platform=linux/arm64 scratch\nCOPY --from=a / /\n", None),
    ],
)
def test_a_finding_has_the_platform_that_the_file_names(text: str, platform: str | None) -> None:
    (finding,) = read_text(text, platform="linux/arm/v7")
    assert isinstance(finding, Finding)
    assert finding.platform == platform
