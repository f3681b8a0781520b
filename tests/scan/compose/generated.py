"""Random compose projects: files that override, include and extend each other, with variables."""

from __future__ import annotations

from random import Random

Files = dict[str, str]

_NAMES = ("web", "db", "job_x", "b-1")
_VARIABLES = ("A", "B", "TAG", "EMPTY", "N_1")
_WORDS = ("nginx", "redis:7", "1.2", "", "x y", "a#b", "ghcr.io/o/r:v1", "y", "null", "0x1F")


class Generator:
    """Writes one project after another from a stream of random numbers."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def project(self) -> Files:
        files = {"compose.yaml": self.file(("base.yaml", "sub/part.yaml"), main=True)}
        if self.chance(0.4):
            files["compose.override.yaml"] = self.file(("base.yaml",))
        if self.chance(0.7):
            files[".env"] = self.env()
        if self.chance(0.4):
            files["sub/.env"] = self.env()
        files["base.yaml"] = self.file(("sub/base.yaml",))
        files["sub/base.yaml"] = self.file(())
        files["sub/part.yaml"] = self.file(("base.yaml",))
        files["inc.yaml"] = self.file(("sub/base.yaml",))
        files["sub/over.yaml"] = self.file(())
        return files

    def environment(self) -> dict[str, str]:
        return {name: self.pick(_WORDS) for name in _VARIABLES if self.chance(0.25)}

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pick(self, items: tuple[str, ...]) -> str:
        return self.random.choice(items)

    # Variables

    def env(self) -> str:
        lines = []
        for _ in range(self.random.randint(1, 5)):
            name, value = self.pick(_VARIABLES), self.pick(_WORDS)
            lines.append(
                self.pick(
                    (
                        f"{name}={value}",
                        f'export {name}="{value}"',
                        f"{name}='{value}' # no",
                        f"{name}=${{A:-{value}}}",
                        f'{name}="$B{value}\\n"',
                        f"{name}: {value} # comment",
                        f"{name}",
                        f"# {name}=1",
                        f'{name}="two\nlines"',
                        f"{name} = {value}",
                    )
                )
            )
        return "\n".join(lines) + self.pick(("\n", ""))

    def template(self, depth: int = 0) -> str:
        name = self.pick((*_VARIABLES, "COMPOSE_PROJECT_NAME"))
        inner = self.template(depth + 1) if depth < 2 and self.chance(0.4) else self.pick(_WORDS)
        return self.pick(
            (
                f"${name}",
                f"${{{name}}}",
                f"${{{name}:-{inner}}}",
                f"${{{name}-{inner}}}",
                f"${{{name}:+{inner}}}",
                f"${{{name}+{inner}}}",
                f"$${name}",
                f"${{{name}:-{inner}}}-${{B}}",
                f"${{{name}:-{inner}}}{inner}",
                inner,
            )
        )

    def text(self) -> str:
        value = self.template()
        quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{quoted}"'

    # Files

    def file(self, others: tuple[str, ...], main: bool = False) -> str:
        documents = [self.document(others, main) for _ in range(1 + self.chance(0.15))]
        return "---\n".join(documents)

    def document(self, others: tuple[str, ...], main: bool) -> str:
        anchors = ""
        if self.chance(0.4):
            anchors = f"x-common: &common {self.container((), False)}\n"
            anchors += f"x-image: &image {self.text()}\n"
        include = ""
        if main and self.chance(0.4):
            include = f"include: [{', '.join(self.includes())}]\n"
        names = [name for name in _NAMES if not main or self.chance(0.6)] or ["web"]
        services = "".join(
            f"  {name}: {self.container(others, bool(anchors), name)}\n" for name in names
        )
        tag = "!override" if "!reset" not in services and self.chance(0.05) else ""
        return f"{anchors}{include}services: {tag}\n{services}"

    def includes(self) -> list[str]:
        choices = (
            "inc.yaml",
            "{path: sub/part.yaml}",
            "{path: [inc.yaml, sub/over.yaml]}",
            "{path: inc.yaml, project_directory: sub}",
            "{path: sub/part.yaml, env_file: [.env, sub/.env]}",
            "{path: sub/part.yaml, env_file: /dev/null}",
        )
        return [self.pick(choices) for _ in range(self.random.randint(1, 2))]

    def container(self, others: tuple[str, ...], anchors: bool, name: str = "") -> str:
        fields = {
            "image": self.text() if not (anchors and self.chance(0.3)) else "*image ",
            "platform": self.pick(('"linux/arm64"', self.text())),
            "pull_policy": self.pick(("build", "never", "always", "missing")),
            "build": self.build(),
            "profiles": self.pick(("[dev]", "[dev, test]", "[]")),
            "volumes": self.volumes(),
            "pre_start": f"[{{image: {self.text()}, command: [ls]}}]",
            "command": "[ls]",
        }
        chances = (0.8, 0.2, 0.2, 0.4, 0.2, 0.2, 0.1, 0.3)
        parts = [
            self.field(key, value)
            for (key, value), probability in zip(fields.items(), chances, strict=True)
            if self.chance(probability)
        ]
        if name and (others or name != _NAMES[-1]) and self.chance(0.3):
            parts.append(f"extends: {self.extends(others, name)}")
        if anchors and self.chance(0.4):
            parts.append(self.pick(("<<: *common ", "<<: [*common , {image: merged}]")))
        self.random.shuffle(parts)
        return f"{{{', '.join(parts)}}}"

    def field(self, key: str, value: str) -> str:
        if self.chance(0.04):
            return f"{key}: !reset null"
        if value.startswith("*"):
            return f"{key}: {value}"
        tagged = "!reset" not in value and self.chance(0.04)
        return f"{key}: !override {value}" if tagged else f"{key}: {value}"

    def extends(self, others: tuple[str, ...], name: str) -> str:
        if others and (name == _NAMES[-1] or self.chance(0.7)):
            return f"{{file: {self.pick(others)}, service: {self.pick(_NAMES)}}}"
        later = _NAMES[_NAMES.index(name) + 1 :]
        base = self.pick(later)
        return self.pick((base, f"{{service: {base}}}"))

    def volumes(self) -> str:
        target = self.pick(("/a", "/b", "/a/"))
        return self.pick(
            (
                f"[{{type: image, source: {self.text()}, target: {target}}}]",
                f"['./x:{target}']",
                f"[data, 'x:{target}:ro']",
            )
        )

    def build(self) -> str:
        if self.chance(0.3):
            return self.pick(("./ctx", ".", "https://github.com/o/r.git", '"${A:-./d}"'))
        fields = {
            "context": self.pick((".", "./ctx", "../up")),
            "dockerfile": self.pick(("Dockerfile.dev", self.text())),
            "target": self.pick(("final", self.text())),
            "args": self.args(),
            "additional_contexts": self.pick(
                (
                    "{base: docker-image://alpine, x: ./y}",
                    "[base=docker-image://busybox, z=../q]",
                )
            ),
            "platforms": self.pick(("[linux/amd64]", "[linux/amd64, linux/arm64]")),
            "tags": "[t:1]",
        }
        parts = [self.field(key, value) for key, value in fields.items() if self.chance(0.5)]
        return f"{{{', '.join(parts)}}}"

    def args(self) -> str:
        scalars: tuple[str, ...] = (
            "3.10",
            "1e3",
            "0777",
            "yes",
            "true",
            "~",
            "1_000",
            "2024-01-02",
            '"q"',
            "1.0",
        )
        scalars += (self.text(), "0x1F", "1000000.0", "-0.5", "12345678901234567890", "0o17", "1.")
        names = ("A", "B", "V")
        if self.chance(0.5):
            pairs = [f"{name}: {self.pick(scalars)}" for name in names if self.chance(0.6)]
            return f"{{{', '.join(pairs)}}}"
        listed = ("A", "B=1", '"V=$TAG"', "A=x=y", "V=")
        return f"[{', '.join(item for item in listed if self.chance(0.5))}]"
