"""The platform that a FROM asks for, read as containerd reads it."""

from __future__ import annotations

import re

from prewarm.oci import Platform

_SYSTEM = re.compile(r"([A-Za-z0-9_-]+)(?:\([A-Za-z0-9_.%-]*(?:\+[A-Za-z0-9_.%-]+)*\))?")
_PART = re.compile(r"[A-Za-z0-9_.-]+")
_SYSTEMS = {
    *("aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "linux"),
    *("nacl", "netbsd", "openbsd", "plan9", "solaris", "windows", "zos"),
}
_ARCHITECTURES = {
    *("386", "amd64", "amd64p32", "arm", "armbe", "arm64", "arm64be", "loong64", "mips", "mipsle"),
    *("mips64", "mips64le", "mips64p32", "mips64p32le", "ppc", "ppc64", "ppc64le", "riscv"),
    *("riscv64", "s390", "s390x", "sparc", "sparc64", "wasm"),
}


def parse_platform(text: str, builder: Platform) -> Platform | None:
    """The platform that `os`, `architecture` or `os/architecture[/variant]` means; None if none.

    What is left out is the builder's. The version of an operating system is dropped.
    """
    first, *others = text.split("/", 3)
    system = _SYSTEM.fullmatch(first)
    if system is None or len(others) > 2 or not all(_PART.fullmatch(part) for part in others):
        return None
    os = _system(system[1])
    if others:
        return Platform(os, *_architecture(*others))
    if os in _SYSTEMS:
        return Platform(os, builder.architecture, builder.variant)
    architecture, variant = _architecture(first)
    if architecture not in _ARCHITECTURES:
        return None
    return Platform(builder.os, architecture, variant)


def _system(name: str) -> str:
    name = name.lower()
    return "darwin" if name == "macos" else name


def _architecture(name: str, variant: str = "") -> tuple[str, str]:
    name, variant = name.lower(), variant.lower()
    if name == "i386":
        return "386", ""
    if name in ("x86_64", "x86-64", "amd64"):
        return "amd64", "" if variant == "v1" else variant
    if name in ("aarch64", "arm64"):
        variant = {"8": "", "v8": "", "v8.0": "", "9": "v9", "9.0": "v9", "v9.0": "v9"}.get(
            variant, variant
        )
        return "arm64", variant
    if name in ("armhf", "armel"):
        return "arm", "v7" if name == "armhf" else "v6"
    if name == "arm":
        return "arm", f"v{variant or '7'}" if variant in ("", "5", "6", "7", "8") else variant
    return name, variant
