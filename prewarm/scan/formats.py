"""Which reader reads which file: a table of names, looked at before any file is opened.

Readers are imported when the first file of theirs turns up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import cast

from prewarm.scan.reader import Reader


@dataclass(frozen=True, slots=True)
class Format:
    """A format: the word for it, the module that reads it, and the paths that it claims.

    `guess` says that its files name images only by the way, and are read only when asked for.
    """

    name: str
    module: str
    paths: re.Pattern[str]
    guess: bool = False


def _format(name: str, module: str, paths: str, *, guess: bool = False) -> Format:
    return Format(name, module, re.compile(rf"(?:^|.*/)(?:{paths})", re.IGNORECASE), guess)


FORMATS = (
    _format(
        "Dockerfile",
        "dockerfile",
        # Not the prose, the data and the programs that are about Dockerfiles; a language after
        # "Dockerfile", with a capital, is a variant.
        r"(?![^/]*\.(?:adoc|csv|diff|dockerignore|html?|json|lock|log|md|mdx|patch|pdf|png|rst"
        r"|snap|svg|toml|vim|xml|ya?ml)$)"
        r"(?!(?-i:[^/]*(?:docker|container)file[^/A-Z]*\.(?:c|cc|cpp|cs|ex|exs|go|h|hs|java"
        r"|kt|lua|m?jsx?|php|pl|proto|ps1|py|pyc|rb|rs|scala|sh|swift|tsx?|vue))$)"
        r"(?:[^/]*[.\-_])?(?:docker|container)file(?:[.\-_][^/]*|[0-9]+)?",
    ),
    _format(
        "GitHub",
        "github",
        r"\.(?:github|gitea|forgejo)/workflows/[^/]+\.ya?ml|action\.ya?ml",
    ),
    _format(
        "GitLab CI",
        "gitlab",
        r"(?![^/]*compose)[^/]*gitlab-ci[^/]*\.ya?ml"
        r"|\.gitlab(?:-ci)?/(?!agents/)(?!.*compose)(?:.*/)?[^/]+\.ya?ml",
    ),
    _format("dev container", "devcontainer", r"\.?devcontainer\.json"),
    _format("CircleCI", "circleci", r"\.circleci/(?!.*compose)(?:.*/)?[^/]+\.ya?ml"),
    _format(
        "Azure Pipelines",
        "azure",
        r"(?![^/]*compose)[^/]*azure-?pipelines?[^/]*\.ya?ml"
        r"|\.?(?:azure-?pipelines?|azuredevops|azdo|vsts)/(?!.*compose)(?:.*/)?[^/]+\.ya?ml",
    ),
    _format("Woodpecker", "woodpecker", r"\.woodpecker\.ya?ml|\.woodpecker/(?:.*/)?[^/]+\.ya?ml"),
    _format("Drone", "drone", r"\.drone\.ya?ml|\.drone/(?:.*/)?[^/]+\.ya?ml"),
    _format(
        "Jenkinsfile",
        "jenkins",
        r"(?:[^/]*[._-])?jenkinsfile(?:[._-](?!md$|txt$)[^/]*)?"
        r"|(?:vars|\.?jenkins)/(?:.*/)?[^/]+\.groovy",
    ),
    _format("Bitbucket Pipelines", "bitbucket", r"bitbucket-pipelines\.ya?ml"),
    _format("Buildkite", "buildkite", r"\.?buildkite/(?!.*compose)(?:.*/)?[^/]+\.ya?ml"),
    _format("Cloud Build", "cloudbuild", r"(?![^/]*compose)[^/]*cloud-?build[^/]*\.(?:ya?ml|json)"),
    _format("Terraform", "terraform", r"[^/]+\.(?:tf|tofu)(?:\.json)?"),
    _format("Nomad", "nomad", r"[^/]+\.nomad(?:\.hcl)?"),
    _format("Quadlet", "quadlet", r"[^/]+\.(?:container|image|volume|build)(?:\.d/[^/]+\.conf)?"),
    _format("Gitpod", "gitpod", r"\.gitpod\.ya?ml"),
    _format("pre-commit", "precommit", r"\.pre-commit-(?:config|hooks)\.ya?ml"),
    _format("Semaphore", "semaphore", r"\.semaphore/(?!.*compose)(?:.*/)?[^/]+\.ya?ml"),
    _format("werf", "werf", r"werf(?:-[^/]*)?\.ya?ml"),
    _format("Earthfile", "earthfile", r"Earthfile|[^/]+\.earth"),
    _format("buildpacks", "buildpacks", r"(?:project|builder|package|fly)\.toml"),
    _format("Packer", "packer", r"[^/]+\.pkr\.hcl"),
    _format("regsync", "regsync", r"[^/]*regsync[^/]*\.ya?ml"),
    _format("skopeo sync", "skopeosync", r"[^/]*skopeo[^/]*\.ya?ml"),
    _format("Zarf", "bundles", r"zarf\.ya?ml"),
    _format("image list", "imagelist", r"[^/]*images?[^/]*\.(?:txt|list|lst)"),
    _format("Molecule", "molecule", r"molecule\.ya?ml"),
    _format(
        "Ansible",
        "ansible",
        r"roles/[^/]+/(?:tasks|handlers)/(?:.*/)?[^/]+\.ya?ml|playbooks?/(?!.*compose)[^/]+\.ya?ml"
        r"|(?:site|(?:[^/]*[._-])?playbook(?:[._-][^/]*)?)\.ya?ml",
    ),
    _format("compose", "compose", r"[^/]*compose[^/]*\.ya?ml"),
    _format("bake", "bake", r"[^/]*bake[^/]*\.hcl|docker-bake[^/]*\.json"),
    _format("skaffold", "skaffold", r"skaffold[^/]*\.ya?ml"),
    _format("kustomize", "kustomize", r"Kustomization"),
    _format("Helm template", "helm", r"templates/(?:.*/)?[^/]+\.tpl|[^/]+\.ya?ml\.(?:go)?tmpl"),
    _format("YAML", "yamlfile", r"[^/]+\.(?:ya?ml|json)"),
    _format("Nomad", "nomad", r"(?!\.terraform\.lock\.)[^/]+\.hcl"),
    _format(
        "command",
        "guess",
        r"[^/]+\.(?:sh|bash|zsh|mk|md|markdown)|(?:gnu)?makefile|justfile",
        guess=True,
    ),
)
"""First match wins, so the particular stand before the general."""


_SOURCE = re.compile(
    r"\.(?:c|cc|cpp|cs|css|gif|go|h|hpp|html?|ico|java|jpe?g|jsx?|kt|m?js|mod|png|py|pyc|rb|rs|scss"
    r"|sum|svg|swift|tsx?|ttf|vue|woff2?)$",
    re.IGNORECASE,
)
_NAMED = re.compile(r"(?:docker|container)file", re.IGNORECASE)


def format_of(path: str) -> Format | None:
    """The format that reads the file at `path`, or None.

    Most files of most trees are sources, which only a Dockerfile's name could make anything else.
    """
    if _SOURCE.search(path) and not _NAMED.search(path):
        return None
    return next((f for f in FORMATS if f.paths.fullmatch(path)), None)


@cache
def reader_of(module: str) -> Reader:
    """The reader of a format: the function `read` of its module."""
    return cast(Reader, import_module(f"prewarm.scan.{module}").read)
