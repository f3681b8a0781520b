"""Random Dockerfiles that combine everything the grammar has, sound and unsound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.scan.dockerfile.traps import Trap

NAMES = ("a", "b/c", "reg.io/x", "reg.io:5000/x/y", "busybox", "localhost/z", "0", "x--y", "q.io/d")
BAD_NAMES = ("Base", "a..b", "b-", "UP/x", "Bad!", "{{x}}")
TAGS = ("", ":1", ":v1.2", ":latest", f"@sha256:{'a' * 64}", f":1@sha256:{'b' * 64}")
QUOTED = ("1", '"1"', "'1'", "\\1")
BAD_TAGS = (":", ":-x", "@sha256:zz")
STAGES = ("base", "build", "BUILD", "st1", "later", "a-b", "a.b_c", "scratch")
VALUES = {"A": "alpine", "B": "3.20", "C": "reg.io/a/", "V": "1.2.3-rc.1", "E": "", "P": "f/b*z"}
VARIABLES = (*VALUES, "UNSET", "TARGETARCH", "TARGETOS", "BUILDARCH", "TARGETVARIANT")
OPERATORS = (":-", "-", ":+", "+", "#", "##", "%", "%%", "/", "//")
BAD_OPERATORS = (":?", "?", ":", ":#", "=", "^")
PLAIN = (
    *("ENV A=1", "ENV A=q B=$A", 'LABEL a="b c"', "EXPOSE 80", 'CMD ["a"]', "WORKDIR /x", "USER u"),
    *("ARG A=9", "ARG V", 'SHELL ["sh"]', "MAINTAINER x y", "HEALTHCHECK CMD x", "VOLUME /v /w"),
)
UNSOUND = (
    *(
        "ENV A 1",
        "ENV A",
        "ENV",
        "ENV =x",
        "LABEL a",
        "EXPOSE",
        "CMD --x",
        "WORKDIR",
        'VOLUME [""]',
    ),
    *("STOPSIGNAL", "STOPSIGNAL --x 9", "SHELL a", "HEALTHCHECK NONE", "HEALTHCHECK FOO", "ARG ="),
    *("HEALTHCHECK --interval=1s CMD x", "HEALTHCHECK --interval=1 CMD x", "FOO bar", "ONBUILD"),
    *("ONBUILD FROM x", "ONBUILD ONBUILD RUN x", "ONBUILD ENV A", 'ENV A="x\\"y" B=\'z', "ARG"),
    *("ARG Q='1", "ARG --x Y=1", "USER --x 9", "HEALTHCHECK --retries=-1 CMD x", "RUN [1]"),
)
DIRECTIVES = (
    *("# syntax=docker/dockerfile:1", "#syntax = reg.io/fe:2 x", "# escape=\\", "# check=skip=all"),
    *("# foo=bar", "# hi", "", "#!/bin/x", "#"),
)
BAD_DIRECTIVES = ("# escape=`", "// syntax=c", "  # escape=`", "# escape=x", "# check=x")
SPOILERS = (*"\\`\"'$ {}#<>-=:/\t\n,[]\r\v", "\u00a0", "\u2003", "\x85", "\x1c")


@dataclass
class Writer:
    """Writes Dockerfiles; the more `mischief` (0 to 1), the fewer of them can be built."""

    random: Random
    mischief: float
    names: list[str] = field(default_factory=list)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def pick(self, good: Sequence[str], bad: Sequence[str] = ()) -> str:
        return self.random.choice(bad if bad and self.chance(self.mischief) else good)

    def image(self) -> str:
        return self.pick(NAMES, BAD_NAMES) + self.pick(TAGS, BAD_TAGS)

    def pattern(self) -> str:
        pieces = ("*", "?", ".", "a", "-", "1", "\\/", "r", "\\*", '"*"', "*.", "[", "$B", "l*")
        return "".join(
            self.pick(pieces, ("\\a", "'?'", "/")) for _ in range(self.random.choice(range(4)))
        )

    def variable(self, depth: int = 0) -> str:
        name = self.pick(VARIABLES, ("1", "@", "", "é"))
        if self.chance(0.4):
            return self.pick((f"${name}", f"${{{name}}}"))
        operator = self.pick(OPERATORS, BAD_OPERATORS)
        if operator in ("/", "//"):
            by = self.pick(("", "x", "z1", "$B", "$0y", "\\/q", '"w"'))
            return f"${{{name}{operator}{self.pattern()}/{by}}}"
        if operator[-1] in "#%":
            return f"${{{name}{operator}{self.pattern()}}}"
        plain = ("x", "3", '"y"', "'z'", "a-b", "")
        deeper = depth < 3 and self.chance(0.4)
        return f"${{{name}{operator}{self.variable(depth + 1) if deeper else self.pick(plain)}}}"

    def word(self) -> str:
        variable = self.variable()
        forms = (
            self.image(),
            f"{self.pick(NAMES)}:1{variable}",
            f"{variable}{self.pick(NAMES)}",
            f"r.io/{self.variable()}/x:{variable}-alpine",
            f"{self.pick(NAMES)}:{self.pick(QUOTED)}{variable}",
        )
        word = self.pick(forms, ("$", "${A", "a:1\\ b", "''", f"'{variable}'", f'{variable}"x'))
        return f'"{word}"' if self.chance(0.1) else word

    def argument(self, name: str) -> str:
        value = self.pick((VALUES[name], f'"{VALUES[name]}"', self.variable()), (self.word(),))
        return f"ARG {name}={value}" if self.chance(0.9) else f"ARG {name}"

    def stage(self) -> str:
        line = self.pick(("FROM ", "from\t", "From  "))
        if self.chance(0.2):
            good = (
                "linux/arm64",
                "$BUILDPLATFORM",
                "${UNSET:-linux/s390x}",
                '"linux/amd64"',
                "arm64",
            )
            line += f"--platform={self.pick(good, ('$UNSET', 'a/b/c/d', '', 'windows(1)/x'))} "
        known = self.names and self.chance(0.4)
        line += self.random.choice(self.names).lower() if known else self.word()
        if self.chance(0.6):
            fresh = [name for name in STAGES if name.lower() not in map(str.lower, self.names)]
            name = self.pick(fresh, ("1x", "a/b"))
            self.names.append(name)
            line += self.pick((" AS ", " as "), (" is ", " ")) + name
        return line

    def source(self, stages: int) -> str:
        earlier = self.names if self.chance(self.mischief) else self.names[:-1]
        if earlier and self.chance(0.35):
            return self.random.choice(earlier)
        if stages and self.chance(0.1):
            return self.pick([str(n) for n in range(stages - 1)] or ["scratch"], (str(stages),))
        return self.pick((self.image(),), ("$A", '""', "'i'mg", "im\\g", "-1", "9", "", "scratch"))

    def copy(self, stages: int) -> str:
        flags = f"--from={self.source(stages)} " if self.chance(0.7) else ""
        flags += self.pick(
            ("", "--link ", "--chmod=755 "), ("--link=x ", "--from=y ", "--new ", "-- ")
        )
        rest = ("a /b", '["a","/b"]', ". <<EOF /x\nFROM q\nEOF")
        return f"{self.pick(('COPY', 'copy'), ('ADD',))} {flags}{self.pick(rest, ('a', '[1]'))}"

    def run(self) -> str:
        mounts = ""
        for number in range(self.random.choice((0, 1, 1, 2))):
            fields = [self.pick(("type=bind", "type=cache"), ("type=x", "", "from", '"a'))]
            if self.chance(0.7):
                key = self.pick(("from", "from", "FROM"))
                fields.append(
                    self.pick((f"{key}={self.source(0)}",), (f'\\"from={self.image()}\\"',))
                )
            mounts += f"--mount={','.join([*fields, f'target=/t{number}'])} "
        good = (
            "true",
            "<<EOF\nFROM y\nEOF",
            "cat <<A <<-B\nFROM z\nA\n\tFROM w\n\tB",
            '["a"]',
            "x # y",
        )
        bad = (
            "echo 'a",
            "<<EOF\nFROM v",
            "[ -f x ]",
            "$((1<<2))",
            '"<<EOF"',
            "--network=x y",
            "<<<a",
        )
        return f"RUN {mounts}{self.pick(good, bad)}"

    def instruction(self, stages: int) -> str:
        form = self.random.choice(("copy", "copy", "run", "run", "other"))
        other = self.pick(PLAIN, UNSOUND)
        line = self.copy(stages) if form == "copy" else self.run() if form == "run" else other
        return f"ONBUILD {line}" if self.chance(0.2) else line

    def continued(self, line: str) -> str:
        if "\n" in line or len(line) < 3 or not self.chance(0.15):
            return line
        at = self.random.randrange(1, len(line))
        between = self.pick(("", "# comment\n", "\n", "  # c \\\n"))
        return f"{line[:at]}\\{self.pick(('', ' ', chr(9)))}\n{between}{line[at:]}"

    def text(self) -> str:
        self.names = []
        lines = [
            self.pick(DIRECTIVES, BAD_DIRECTIVES)
            for _ in range(self.random.choice((0, 0, 0, 1, 2)))
        ]
        lines += [self.argument(name) for name in VALUES if self.chance(0.6)]
        for stages in range(1, self.random.choice((2, 3, 4, 5))):
            lines.append(self.stage())
            lines += [self.instruction(stages) for _ in range(self.random.choice(range(4)))]
        text = "\n".join(self.continued(line) for line in lines) + "\n"
        if self.chance(0.1):
            text = text.replace("\n", "\r\n")
        if self.chance(self.mischief):
            at = self.random.randrange(len(text))
            text = text[:at] + self.random.choice((*SPOILERS, "")) + text[at + 1 :]
        return text

    def trap(self) -> Trap:
        text = self.text()
        args = {self.pick(VARIABLES): self.pick(("9", "reg.io/z/", "", "q")) for _ in range(2)}
        named = {self.pick(("base", "b/c", "busybox", "st1", "a")): "https://x.io/y.tgz"}
        return Trap(
            text,
            args if self.chance(0.2) else {},
            self.random.choice((None, None, None, "", *self.names[-1:])),
            self.pick(("linux/amd64", "linux/arm64", "linux/arm/v7")),
            named if self.chance(0.15) else {},
        )


def generate(seed: int, count: int) -> Iterator[Trap]:
    """As many Dockerfiles as asked for, the same ones for one seed."""
    random = Random(seed)
    for number in range(count):
        yield Writer(random, (0.0, 0.0, 0.01, 0.1)[number % 4]).trap()
