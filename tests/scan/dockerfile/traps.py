"""Dockerfiles with a catch each, and how they are built.

BuildKit's answers to them stand in `answers.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import dedent


@dataclass(frozen=True)
class Trap:
    """A text and a build of it; without a target each stage is built in turn."""

    text: str
    args: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    platform: str = "linux/amd64"
    contexts: Mapping[str, str] = field(default_factory=dict)


_SIGNS = {"⏎": "\n", "⇥": "\t", "⟦BOM⟧": "\ufeff", "DIGEST": f"sha256:{'a' * 64}"}


def _lines(text: str) -> dict[str, Trap]:
    """One trap a line: a name, a colon, and the text, with ⏎ for line ends and ⇥ for tabs."""
    traps: dict[str, Trap] = {}
    for line in dedent(text).strip().splitlines():
        if line and not line.startswith("//"):
            name, _, body = line.partition(": ")
            assert name not in traps, name
            for sign, meaning in _SIGNS.items():
                body = body.replace(sign, meaning)
            traps[name] = Trap(f"{body}\n")
    return traps


_PLAIN = _lines(
    r"""
    // names
    plain: FROM alpine
    host and port: FROM localhost:5000/a/b:1
    tag and digest: FROM alpine:3@DIGEST
    old name of the hub: FROM index.docker.io/alpine
    upper case: FROM Alpine⏎FROM busybox
    a tag that is empty: FROM alpine:
    a number is an image: FROM a⏎FROM 0
    scratch is none: FROM scratch
    scratch with a tag is one: FROM scratch:1
    scratch in capitals: FROM SCRATCH
    lower case instructions: from a as b⏎copy --from=c / /
    tabs and blanks: FROM ⇥ alpine ⇥ AS ⇥x  ⏎FROM x
    a comment is no comment: FROM a # b
    two words: FROM a b
    three words without AS: FROM a is b
    nothing: FROM
    a stage name that starts with a digit: FROM a AS 1b
    a stage name with a slash: FROM a AS b/c

    // stages
    an earlier stage: FROM a AS b⏎FROM b
    a later stage: FROM b⏎FROM a AS b
    itself: FROM a AS a
    a name in capitals: FROM a AS Build⏎FROM build⏎COPY --from=BUILD / /
    after FROM only lower case: FROM a AS build⏎FROM Build
    two of one name: FROM a AS x⏎FROM x⏎FROM b AS x⏎FROM x⏎COPY --from=x / /
    a stage called scratch: FROM a AS scratch⏎FROM scratch
    a stage by a variable: ARG B=s⏎FROM a AS s⏎FROM $B
    an image like a stage with a tag: FROM a AS b⏎FROM b:latest

    // variables
    global and not: ARG V=1⏎FROM a:$V⏎ARG V=2⏎FROM a:$V
    only after FROM: FROM a⏎ARG V=1⏎FROM a:$V
    never declared: FROM $BASE⏎FROM b
    declared without a value: ARG TAG⏎FROM a:$TAG⏎FROM b
    declared with an empty value: ARG TAG=⏎FROM a:${TAG}
    empty prefix: ARG REG=⏎FROM ${REG}alpine
    prefix that nobody declares: FROM ${REG}alpine
    cut to a dot: FROM a:1.$MINOR
    cut to a v: ARG V⏎FROM a:v$V
    no slash before: FROM $REG/alpine
    a hole in the middle: FROM reg.io/$ORG/app
    chain: ARG A=1⏎ARG B=$A.2⏎ARG C=x:${B}⏎FROM $C
    chain from nothing: ARG A⏎ARG B=$A⏎FROM x:$B
    several on a line: ARG A=a B=1 C⏎FROM $A:$B$C
    declared twice: ARG A=1⏎ARG A⏎FROM a:$A
    redefined: ARG A=1⏎ARG A=$A.2⏎FROM a:$A
    ENV is no ARG: ARG V=1⏎FROM a⏎ENV V=2⏎FROM a:$V
    quotes vanish: ARG V="1.2"⏎ARG W='3'⏎FROM "a:$V"⏎FROM 'b:1'⏎FROM c:"$V"-'x'⏎FROM d:$W
    single quotes keep a dollar: ARG V='$X'⏎FROM a:$V
    blanks in quotes: ARG V="a b"⏎FROM $V
    quoted FROM with a blank: FROM "a b"
    escapes vanish: FROM al\pine:3\.20
    an escaped dollar: FROM a:\$V
    an escaped blank: ARG V=a\ b⏎FROM $V
    escape after a substitution: ARG V=1⏎FROM a:${V#x}\2
    no escape in single quotes: ARG A='1\' B=2⏎FROM a:$B
    a lone dollar: FROM a:1$
    braces side by side: ARG A=1⏎ARG B=2⏎FROM a:${A}${B}.$A.$B
    no brace: FROM ${A
    no name: FROM ${}
    two braces: FROM ${{A}}
    template braces: FROM {{ base }}
    template braces close: FROM {{base}}⏎FROM b
    unknown operator: FROM ${A^^}
    positional: FROM a:$1
    a flag before ARG: ARG --x V=1⏎FROM a:$V
    a value without a name: ARG =1⏎FROM a
    a quote without an end: ARG A="1⏎FROM a
    BOM inside: FROM ⟦BOM⟧alpine

    // operators
    default: FROM a:${V:-1}⏎FROM b:${V-2}
    default for empty: ARG V=⏎FROM a:${V:-1}⏎FROM b${V-2}
    default with a variable: ARG D=3⏎FROM a:${V:-x${D}}
    default in a default: FROM a:${V:-${W:-${X:-4}}}
    default with quotes: FROM a:${V:-"1.0"}⏎FROM b:${V:-'2'}
    alternative: ARG V=1⏎FROM a:${V:+yes}⏎FROM b:${V+yes}⏎FROM c${W:+no}
    error if unset: FROM ${V:?say which}⏎FROM b
    error if unset but set: ARG V=1⏎FROM a:${V:?no}⏎FROM b:${V?no}
    error if empty: ARG V=⏎FROM a:1${V:?}
    error in ARG: ARG A=${B:?}⏎FROM x:$A⏎FROM y
    error in an unused default: ARG V=1⏎FROM a:${V:-${W:?}}
    shortest prefix: ARG V=a/b/c:1⏎FROM ${V#*/}
    longest prefix: ARG V=a/b/c:1⏎FROM ${V##*/}
    shortest suffix: ARG V=1.2.3⏎FROM a:${V%.*}
    longest suffix: ARG V=1.2.3⏎FROM a:${V%%.*}
    one character: ARG V=1.2.3⏎FROM a:${V%??}⏎FROM b:${V#??}
    first replaced: ARG V=1.2.3⏎FROM a:${V/./-}
    all replaced: ARG V=1.2.3⏎FROM a:${V//./-}
    all of an empty match: ARG V=abc⏎FROM a:${V//*/x}
    replaced by nothing: ARG V=1.2⏎FROM a:${V/./}
    slash in a pattern: ARG V=a/b⏎FROM x:${V/\//-}
    star literally: ARG V=1*2⏎FROM x:${V/\*/-}
    quoted star: ARG V=1*2⏎FROM x:${V/"*"/-}
    bad escape in a pattern: ARG V=1⏎FROM x:${V#\a}
    group in a replacement: ARG V=1.2⏎FROM x:${V//./-\$0-}
    pattern with a variable: ARG V=v1.2⏎ARG P=v⏎FROM a:${V#$P}
    pattern does not match: ARG V=1⏎FROM a:${V#v}
    colon before hash: ARG V=1⏎FROM a:${V:#1}

    // predefined
    target architecture: FROM a-$TARGETARCH
    the family: FROM a:$TARGETOS-$TARGETARCH$TARGETVARIANT-$BUILDOS-$BUILDARCH
    platforms as paths: FROM x/$TARGETPLATFORM⏎FROM y/$BUILDPLATFORM
    redeclared keeps: ARG TARGETARCH⏎FROM a:$TARGETARCH
    overridden by ARG: ARG TARGETARCH=mine⏎FROM a:$TARGETARCH
    the target's name: FROM a:$TARGETSTAGE AS one⏎FROM b:$TARGETSTAGE AS two
    no target's name: FROM a:$TARGETSTAGE
    proxy is none: FROM a:${http_proxy:-none}

    // platforms
    platform: FROM --platform=linux/arm64 a
    platform variable: FROM --platform=$BUILDPLATFORM a⏎FROM --platform=${TARGETPLATFORM} b
    platform empty: FROM --platform=$P a⏎FROM b
    platform default: FROM --platform=${P:-linux/arm/v7} a
    platform by half: FROM --platform=linux a⏎FROM --platform=arm64 b
    platform nonsense: FROM --platform=a/b/c/d a
    platform spelled otherwise: FROM --platform=Linux/aarch64 a⏎FROM --platform=linux/x86_64 b
    platform twice: FROM --platform=linux --platform=linux a
    platform without value: FROM --platform a
    platform quoted: FROM "--platform=linux/arm64" a
    platform that is empty: FROM --platform= a
    platform of a stage: FROM a AS b⏎FROM --platform=linux/arm64 b
    flag nobody knows: FROM --new=1 a

    // COPY
    copy from an image: FROM a⏎COPY --from=b:1 /x /y
    copy from a number: FROM a⏎FROM c⏎COPY --from=0 /x /y
    copy from a number out of range: FROM a⏎COPY --from=3 /x /y
    copy from a negative number: FROM a⏎COPY --from=-1 /x /y
    copy from plus one: FROM a⏎FROM b⏎FROM c⏎COPY --from=+1 /x /y
    copy from a number of images: FROM a⏎COPY --from=x / /⏎FROM b⏎COPY --from=2 / /
    copy from a later stage: FROM a⏎COPY --from=z /x /y⏎FROM b AS z
    copy from itself: FROM a AS s⏎COPY --from=s /x /y
    copy from each other: FROM a AS s⏎COPY --from=t / /⏎FROM b AS t⏎COPY --from=s / /
    copy from scratch: FROM a⏎COPY --from=scratch / /
    copy from nothing: FROM a⏎COPY --from= x y
    copy with a variable: ARG I=b⏎FROM a⏎COPY --from=$I /x /y
    copy with quotes: FROM a⏎COPY --from="b" /x /y⏎COPY "--from=c" /x /y
    copy with other flags: FROM a⏎COPY --link --chown=1:1 --chmod=755 --from=b --parents /x /y
    copy twice from: FROM a⏎COPY --from=b --from=c x y
    copy with a flag after: FROM a⏎COPY x --from=b y
    copy as JSON: FROM a⏎COPY --from=b ["x", "y"]
    copy as JSON of numbers: FROM a⏎COPY --from=b ["x", 1]
    copy with one word: FROM a⏎COPY --from=b x
    copy a heredoc: FROM a⏎COPY --from=b <<EOF /x⏎FROM no⏎EOF⏎COPY --from=c / /
    copy into a heredoc: FROM a⏎COPY x <<EOF⏎EOF
    copy from a bad name: FROM a⏎COPY --from=Bad! / /
    copy with an unknown flag: FROM a⏎COPY --new --from=b / /
    copy after two dashes: FROM a⏎COPY -- --from=b /
    ADD has no from: FROM a⏎ADD --from=b / /
    not built: FROM a AS unused⏎COPY --from=b / /⏎FROM c

    // RUN
    mount: FROM a⏎RUN --mount=from=b,target=/x true
    mount from a number: FROM a⏎FROM c⏎RUN --mount=from=0,target=/x true
    mount a stage: FROM a AS s⏎FROM c⏎RUN --mount=from=S,target=/x true
    every mount counts: FROM a⏎RUN --mount=from=b,target=/b --mount=target=/c,from=c true
    mount of any type: FROM a⏎RUN --mount=type=tmpfs,from=b,target=/x true
    mount quoted: FROM a⏎RUN --mount="type=bind,from=b,target=/x" "--mount=from=c,target=/y" true
    mount quoted once more: FROM a⏎RUN --mount=type=bind,\"from=b\",target=/x true
    mount key in capitals: FROM a⏎RUN --mount=FROM=b,target=/x true
    mount from twice: FROM a⏎RUN --mount=from=b,from=c,target=/x true
    mount from nothing: FROM a⏎RUN --mount=type=cache,from=,target=/x true
    mount with a variable: ARG I=b⏎FROM a⏎RUN --mount=from=$I,target=/x true
    mount with a variable in the target: FROM a⏎ARG T=/t⏎RUN --mount=from=b,target=$T true
    mount of a stage called scratch: FROM a AS scratch⏎FROM b⏎RUN --mount=target=/x true
    mount without value: FROM a⏎RUN --mount true
    mount empty: FROM a⏎RUN --mount= true
    mount with a stray quote: FROM a⏎RUN --mount=from=b\"c true
    mount and JSON: FROM a⏎RUN --mount=from=b,target=/x ["true"]
    mount after the command: FROM a⏎RUN true --mount=from=b,target=/x
    mount of a kind to come: FROM a⏎RUN --mount=type=new,from=b,target=/x true
    network: FROM a⏎RUN --network=none --security=insecure true
    network nobody knows: FROM a⏎RUN --network=x true
    RUN of numbers: FROM a⏎RUN [1]
    RUN of half an array: FROM a⏎RUN [ -f x ] && true

    // ONBUILD
    onbuild copy: FROM a AS b⏎ONBUILD COPY --from=c / /⏎FROM b
    onbuild mount: FROM a AS b⏎ONBUILD RUN --mount=from=c,target=/x true⏎FROM b
    onbuild that nobody wakes: FROM a⏎ONBUILD COPY --from=c / /
    onbuild wakes once: FROM a AS b⏎ONBUILD COPY --from=c / /⏎FROM b AS d⏎FROM d
    onbuild of a stage: FROM a AS s⏎FROM b AS t⏎ONBUILD COPY --from=s / /⏎FROM t
    onbuild of a number: FROM a AS t⏎ONBUILD COPY --from=0 / /⏎FROM t
    onbuild awake: FROM a AS s⏎ONBUILD COPY --from=x / /⏎FROM s AS t⏎FROM b⏎COPY --from=t / /
    onbuild in lower case: FROM a AS b⏎onbuild copy --from=c / /⏎FROM b
    onbuild heredoc: FROM a AS b⏎ONBUILD COPY --from=c <<EOF /x⏎FROM no⏎EOF⏎FROM b
    onbuild with a variable: FROM a AS b⏎ONBUILD COPY --from=$X / /⏎FROM b
    onbuild FROM: FROM a⏎ONBUILD FROM b
    onbuild onbuild: FROM a⏎ONBUILD ONBUILD RUN true
    onbuild nothing: FROM a⏎ONBUILD
    onbuild nonsense: FROM a AS b⏎ONBUILD NONSENSE⏎FROM b

    // lines
    continued: FROM \⏎  alpine \⏎  AS x⏎FROM x
    continued within a word: FROM alp\⏎ine:3
    continued with blanks behind: FROM a \  ⏎AS b⏎FROM b
    comment inside: RUN=1⏎FROM a
    comments and blanks inside: FROM a⏎RUN x && \⏎# FROM no⏎⏎   # more⏎  FROM --nonsense⏎FROM b
    a comment that ends in the mark: FROM a⏎# \⏎FROM b
    two marks are none: FROM a⏎RUN x \\⏎FROM b
    a mark alone: FROM a⏎\⏎FROM b
    continued at the end: FROM a \
    indented: FROM a⏎   FROM b⏎⇥COPY --from=c / /
    broken continuation: FROM a⏎RUN x⏎  FROM y z w
    unknown instruction: FROM a⏎NONSENSE b⏎FROM c
    unknown instruction, own syntax: # syntax=x/y⏎FROM a⏎INCLUDE b⏎FROM c
    before the first FROM: RUN x⏎FROM a
    only comments: # FROM a
    only arguments: ARG A=1
    ENV without value: FROM a⏎ENV A
    LABEL without value: FROM a⏎LABEL a
    CMD with a flag: FROM a⏎CMD --x
    HEALTHCHECK: FROM a⏎HEALTHCHECK --interval=1s --timeout=.5m CMD x⏎HEALTHCHECK NONE
    HEALTHCHECK nonsense: FROM a⏎HEALTHCHECK --interval=1 CMD x
    SHELL without array: FROM a⏎SHELL sh

    // heredocs
    heredoc: FROM a⏎RUN <<EOF⏎FROM no⏎EOF⏎FROM b
    heredoc quoted: FROM a⏎RUN <<"EOF"⏎FROM no⏎EOF⏎FROM b
    heredoc with tabs: FROM a⏎RUN <<-EOF⏎⇥FROM no⏎⇥EOF⏎FROM b
    heredoc with tabs unasked: FROM a⏎RUN <<EOF⏎⇥EOF⏎FROM no⏎EOF⏎FROM b
    two heredocs: FROM a⏎RUN <<A cat <<B⏎FROM no⏎A⏎FROM no⏎B⏎FROM b
    heredoc after a blank: FROM a⏎RUN cat <<  EOF⏎FROM no⏎EOF⏎FROM b
    heredoc with a number: FROM a⏎RUN 3<<EOF cat⏎FROM no⏎EOF⏎FROM b
    heredoc in quotes is none: FROM a⏎RUN echo "<<EOF"⏎FROM b
    heredoc in arithmetic: FROM a⏎RUN echo $((1<<2))⏎FROM b
    heredoc in a bad quote: FROM a⏎RUN echo 'it <<EOF⏎FROM b
    heredoc and JSON: FROM a⏎RUN ["<<EOF"]⏎FROM b
    heredoc in CMD is none: FROM a⏎CMD <<EOF⏎FROM b
    heredoc without end: FROM a⏎RUN <<EOF⏎FROM b
    heredoc with a mark inside: FROM a⏎RUN <<EOF⏎x \⏎EOF⏎FROM b
    heredoc continued: FROM a⏎RUN x && \⏎ cat <<EOF⏎FROM no⏎EOF⏎FROM b
    here-string is none: FROM a⏎RUN cat <<<EOF⏎FROM b

    // directives
    syntax: # syntax=docker/dockerfile:1⏎FROM a
    syntax with blanks: #   Syntax   =   docker/dockerfile:1.4-labs   ⏎FROM a
    syntax with arguments: # syntax=x/y:1 --flag⏎FROM a
    syntax after a comment: # hello⏎# syntax=x/y⏎FROM a
    syntax after a blank line: ⏎# syntax=x/y⏎FROM a
    syntax after an unknown directive: # foo=bar⏎# syntax=x/y⏎FROM a
    syntax after escape and check: # escape=\⏎# check=skip=all⏎# syntax=x/y⏎FROM a
    syntax after a shebang: #!/usr/bin/env buildctl⏎# syntax=x/y⏎FROM a
    syntax indented:   # syntax=x/y⏎FROM a
    syntax twice: # syntax=x/y⏎# syntax=x/z⏎FROM a
    syntax with slashes: // syntax=x/y⏎FROM a
    syntax in JSON: {"syntax": "x/y"}
    syntax of a bad name: # syntax=X⏎FROM a
    escape: # escape=`⏎FROM a `⏎AS b⏎RUN dir C:\⏎FROM b⏎FROM c:`$X
    escape after a shebang: #!/bin/x⏎# escape=`⏎FROM a `⏎FROM b
    escape of nonsense: # escape=x⏎FROM a
    escape indented:   # escape=`⏎FROM a⏎RUN x `⏎FROM b
    escape in onbuild: # escape=`⏎FROM a AS b⏎ONBUILD COPY --from=c `⏎ x\ y⏎FROM b
    check of nonsense: # check=x⏎FROM a
    check: # check=skip=all;error=true⏎FROM a
    """
)

_REPLACED = (
    "FROM base AS one\nONBUILD COPY --from=x / /\nFROM one AS two\nFROM alpine:latest\n"
    "COPY --from=b/c:1 / /\nRUN --mount=from=two,target=/x true\n"
)

_BUILDS = {
    "argument": Trap("ARG V=1\nFROM a:$V\n", {"V": "2"}),
    "argument for what has no default": Trap("ARG V\nFROM a:$V\n", {"V": "2"}),
    "argument that nobody declares": Trap("FROM a:$V\n", {"V": "2"}),
    "argument declared too late": Trap("FROM a\nARG V\nFROM a:$V\n", {"V": "2"}),
    "argument is not expanded": Trap("ARG A=1\nARG V\nFROM a:$V\n", {"V": "$A"}),
    "argument beats an error": Trap("ARG A=${B:?}\nFROM x:$A\n", {"A": "1"}),
    "argument that is empty": Trap("ARG V=1\nFROM a:${V:-3}\n", {"V": ""}),
    "argument in a chain": Trap("ARG A=1\nARG B=$A\nFROM a:$B\n", {"A": "2"}),
    "argument for a platform": Trap("FROM a:$TARGETARCH\n", {"TARGETARCH": "z"}),
    "argument for a stage": Trap("FROM a AS s1\nFROM b AS s2\nARG S\nFROM c\n", {"S": "s1"}),
    "argument chooses a stage": Trap(
        "ARG S=s1\nFROM a AS s1\nFROM b AS s2\nFROM $S AS end\n", {"S": "s2"}, target="end"
    ),
    "last": Trap("FROM a AS one\nFROM b AS two\nFROM c\nCOPY --from=one / /\n", target=""),
    "target": Trap("FROM a AS one\nFROM b AS two\nFROM c\n", target="two"),
    "target in capitals": Trap("FROM a AS one\nFROM b AS two\n", target="ONE"),
    "target by number": Trap("FROM a AS one\nFROM b AS two\n", target="0"),
    "target that is none": Trap("FROM a AS one\nFROM b AS two\n", target="three"),
    "target and what it needs": Trap(
        "FROM a AS one\nFROM one AS two\nFROM x AS y\nFROM z\n"
        "RUN --mount=from=two,target=/t true\nFROM q\nFROM r AS end\nCOPY --from=3 / /\n",
        target="end",
    ),
    "target beside a bad name": Trap("FROM a AS one\nFROM B AS two\n", target="one"),
    "target beside nothing": Trap("FROM a AS one\nFROM $B AS two\n", target="one"),
    "target's name": Trap("FROM a:$TARGETSTAGE AS one\nFROM b AS two\n", target="one"),
    "other platform": Trap(
        "FROM a:$TARGETARCH$TARGETVARIANT-$BUILDARCH\nFROM --platform=$TARGETPLATFORM b\n"
        "FROM --platform=$BUILDPLATFORM c/$TARGETPLATFORM\n",
        platform="linux/arm/v7",
    ),
    "windows line ends": Trap("# escape=`\r\nFROM a `\r\n AS b\r\nFROM b\r\nFROM c:1\r\n"),
    "onbuild wakes what wakes another": Trap(
        "FROM a AS s\nONBUILD COPY --from=x / /\nFROM s AS t\nFROM b AS u\n"
        "ONBUILD COPY --from=t / /\nFROM u AS v\n",
        target="v",
    ),
    "no line end": Trap("FROM a\nFROM b"),
    "no line end in a heredoc": Trap("FROM a\nRUN <<EOF\nFROM no\nEOF"),
    "nothing at all": Trap(""),
    "blank lines": Trap("\n \n\n"),
    "a blank of another kind": Trap("FROM\u00a0alpine\n"),
    "a blank of another kind before": Trap("FROM \u00a0alpine\n"),
    "a form feed": Trap("FROM\fa\vAS b\nFROM b\n"),
    "a flag with an umlaut": Trap("FROM a\nCOPY --chown=ä --from=b / /\n"),
    "a long line": Trap(f"FROM a\nRUN {'x' * 70_000}\n"),
    "a longest line": Trap(f"FROM a\nRUN {'x' * 65_531}\n"),
    "context for a stage": Trap(_REPLACED, contexts={"one": "docker-image://y"}),
    "context for a later stage": Trap(_REPLACED, contexts={"two": "https://x.io/y.tgz"}),
    "context for a base": Trap(_REPLACED, contexts={"alpine": "https://x.io/y.tgz"}),
    "context for a base with its tag": Trap(_REPLACED, contexts={"alpine:latest": "git://x"}),
    "context for a copy": Trap(_REPLACED, contexts={"b/c:1": "docker-image://y"}),
    "context for a name without the tag": Trap(_REPLACED, contexts={"b/c": "docker-image://y"}),
    "context for one platform": Trap(
        _REPLACED,
        contexts={"base::linux/amd64": "docker-image://y", "x::linux/arm64": "docker-image://y"},
    ),
    "context called scratch": Trap("FROM scratch\n", contexts={"scratch": "docker-image://y"}),
    "context for a stage called scratch": Trap(
        "FROM a AS scratch\n", contexts={"scratch": "https://x.io/y.tgz"}
    ),
    "context for an unnamed base": Trap("FROM $B AS x\n", contexts={"x": "docker-image://y"}),
}

TRAPS = _PLAIN | _BUILDS
