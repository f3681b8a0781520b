"""Guesses: images in the commands of scripts, Makefiles and Markdown, when they are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prewarm.errors import UsageError
from prewarm.reference import Reference
from prewarm.scan.expansion import Syntax, expand, nested
from prewarm.scan.finding import Place, Result
from prewarm.scan.naming import named, settled
from prewarm.scan.reader import Document, Scope
from prewarm.scan.values import Text

_SYNTAX = Syntax(operators=True)
_GAP = r"(?:[\x20\t]|\\\n)+"
_BEGIN = (
    r"(?:^|[;&|(`@{]|\b(?:sudo|exec|time|then|do|else|if|not|run)[ \t]|^[ \t]*[$>%#][ \t])"
    rf"[ \t]*(?:sudo{_GAP}(?:-\w+{_GAP})*)?(?:[A-Za-z_]\w*=\S*{_GAP})*"
)
_ENGINE = (
    rf"(?:docker|podman|nerdctl|finch)"
    rf"(?:{_GAP}--?[\w-]+(?:=\S+|{_GAP}(?!-|(?:build|container|create|image|pull|run)\b)\S+)?)*"
)
_COMMANDS = tuple(
    (re.compile(f"{_BEGIN}{command.replace(' ', _GAP)}(?=\\s)", re.MULTILINE), form)
    for command, form in (
        (rf"{_ENGINE} (?:container )?(?:run|create)", "run"),
        (rf"{_ENGINE} (?:image )?pull", "first"),
        (r"crictl pull|ctr (?:-n \S+ )?(?:images?|i) pull", "first"),
        (r"crane (?:pull|copy|cp|export)", "first"),
        (r"buildah (?:from|pull)", "first"),
        (r"(?:kubectl|oc) (?:run|create (?:deployment|deploy|job|cronjob))", "--image"),
        (r"(?:kind|k3d) (?:create cluster|cluster create)", "--image"),
        (r"skopeo (?:copy|sync)", "docker://"),
        (r"(?:singularity|apptainer) (?:pull|build|exec|run|shell)", "docker://"),
    )
)
_BUILT = re.compile(rf"{_ENGINE}{_GAP}(?:buildx{_GAP})?build\s(?:[^\n]*?\s)?(?:-t|--tag)[ =](\S+)")
_SWITCHES = {
    "--detach",
    "--help",
    "--init",
    "--interactive",
    "--no-healthcheck",
    "--oom-kill-disable",
    "--privileged",
    "--publish-all",
    "--quiet",
    "--read-only",
    "--replace",
    "--rm",
    "--tls-verify",
    "--tty",
    "--all-tags",
    "--all-platforms",
    "--disable-content-trust",
}
_SHORT_WITH_VALUE = set("acehlmpuvwn")
_WORD = re.compile(
    r"(?:\$\([^)]*\)|[^\s\"'\\;&|()<>`]|\\.|\"(?:[^\"\\]|\\.)*\"|'[^']*')+|\\\n|[;&|()<>`]"
)
_ASSIGNMENT = re.compile(
    r"^[ \t]*(?:export[ \t]+|readonly[ \t]+|local[ \t]+)?([A-Za-z_]\w*)[ \t]*(?:[:?]{0,3}=)[ \t]*"
    r"(\"[^\"\n`]*\"|'[^'\n]*'|(?:\$\(\w+\)|[^\s\"'`#;&|()])*)[ \t]*(?:#.*)?$",
    re.MULTILINE,
)
_MAKE_VARIABLE = re.compile(r"\$\(([A-Za-z_]\w*)\)")
_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[ \t]*([\w+-]*)[^\n]*$", re.MULTILINE)
_SHELLS = {"", "bash", "console", "sh", "shell", "shell-session", "terminal", "text", "zsh"}


def read(document: Document, scope: Scope) -> Iterator[Result]:
    """The images that commands seem to pull, each marked as a guess."""
    if not scope.inputs.guess:
        return
    text = document.text.replace("\r\n", " \n")
    if document.path.lower().endswith((".md", ".markdown", ".mdx")):
        text = _code_of(text)
    yield from settled(_commands(_without_comments(text), document.path, scope))


def _commands(text: str, path: str, scope: Scope) -> Iterator[Result]:
    shell = _from_make if _is_makefile(path) else str
    variables = {m[1]: shell(m[2].strip("\"'")) for m in _ASSIGNMENT.finditer(text)}
    lookup = nested({**variables, **scope.inputs.variables}, _SYNTAX)
    built = {match[1].strip("\"'") for match in _BUILT.finditer(text)}
    for pattern, form in _COMMANDS:
        for match in pattern.finditer(text):
            for word in _images(text, match.end(), form):
                value = expand(shell(_plain(word[0])), lookup, _SYNTAX)
                if value.missing or _plain(word[0]) in built or not _is_name(value.text):
                    continue
                yield from named(value, _placed(text, word, path), "command", guess=True)


def _images(text: str, start: int, form: str) -> Iterator[tuple[str, int]]:
    """The words of one command that name images, with their offsets."""
    words = list(_words(text, start))
    if form == "docker://":
        for word, at in words:
            if word.startswith(form):
                yield word[len(form) :], at + len(form)
        return
    if form == "--image":
        yield from _option(words, form)
        return
    skip = False
    for word, at in words:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = _takes_value(word)
        else:
            yield word, at
            return


def _words(text: str, start: int) -> Iterator[tuple[str, int]]:
    """The words up to the end of the command; a backslash joins lines."""
    at = start
    for match in _WORD.finditer(text, start):
        between = text[at : match.start()]
        if "\n" in between.replace("\\\n", "") or match[0] in ";&|()<>`":
            return
        at = match.end()
        if match[0] != "\\\n":
            yield match[0], match.start()


def _option(words: list[tuple[str, int]], name: str) -> Iterator[tuple[str, int]]:
    for index, (word, at) in enumerate(words):
        if word.startswith(f"{name}="):
            yield word[len(name) + 1 :], at + len(name) + 1
        elif word == name and index + 1 < len(words):
            yield words[index + 1]


def _takes_value(option: str) -> bool:
    """Whether the next word is an option's value: the switches and `--name=value` have none."""
    if option.startswith("--"):
        return "=" not in option and option not in _SWITCHES
    return option[-1] in _SHORT_WITH_VALUE


def _plain(word: str) -> str:
    return word.strip("\"'")


def _placed(text: str, word: tuple[str, int], path: str) -> Text:
    written, offset = word
    offset += len(written) - len(written.lstrip("\"'"))
    line = text.count("\n", 0, offset) + 1
    column = offset - text.rfind("\n", 0, offset)
    return Text(_plain(written), Place(path, line, column))


def _is_name(value: str) -> bool:
    try:
        Reference.parse(value)
    except UsageError:
        return False
    return True


def _from_make(value: str) -> str:
    """A Makefile's `$(NAME)` as the shell's."""
    return _MAKE_VARIABLE.sub(r"${\1}", value)


def _is_makefile(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    return name.endswith(("makefile", ".mk"))


def _without_comments(text: str) -> str:
    """The text with comments blanked; a line that begins with `# ` may be a prompt of root's."""
    return re.sub(r"(?m)(?<![^\s])#(?!!).*$", lambda m: " " * len(m[0]), text)


def _code_of(text: str) -> str:
    """Markdown with all but its fenced shell code blanked, so that places stay."""
    kept: list[str] = []
    fence = ""
    is_shell = False
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if not fence and mark:
            fence, is_shell = mark[1], mark[2].lower() in _SHELLS
            kept.append("")
        elif fence and line.strip().startswith(fence):
            fence = ""
            kept.append("")
        else:
            kept.append(line if fence and is_shell else "")
    return "\n".join(kept)
