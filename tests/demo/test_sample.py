from __future__ import annotations

from pathlib import Path

from prewarm.commands.scan import scan_paths
from prewarm.config import Settings, read_settings
from prewarm.demo.images import build
from prewarm.demo.sample import IMAGES, SHOP, copy_shop

EXAMPLES = Path(__file__).parents[2] / "examples"


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_copy_has_every_file_the_hidden_ones_too(tmp_path: Path) -> None:
    copy = files_in(copy_shop(tmp_path / "shop"))
    assert copy == files_in(SHOP)
    assert {".env", ".github/workflows/test.yml", "compose.yaml"} <= set(copy)


def test_the_example_is_the_same_shop() -> None:
    assert (EXAMPLES / "shop").resolve() == SHOP.resolve()


def test_its_settings_are_valid_and_name_no_endpoint() -> None:
    settings = read_settings(SHOP / "prewarm.toml")
    assert settings.platforms and not settings.registries


def test_the_upstream_holds_exactly_what_the_shop_pulls(tmp_path: Path) -> None:
    scan = scan_paths((copy_shop(tmp_path / "shop"),), Settings())
    assert not scan.skipped
    assert {str(reference) for reference in scan.images} == set(build(IMAGES).names)
    assert {reference.host for reference in scan.images} == {
        "docker.io",
        "ghcr.io",
        "quay.io",
        "registry.k8s.io",
    }


def test_one_thing_cannot_be_known_from_the_files(tmp_path: Path) -> None:
    scan = scan_paths((copy_shop(tmp_path / "shop"),), Settings())
    (unknown,) = scan.unresolved
    assert (unknown.place.file, unknown.place.line) == ("k8s/web.yaml", 20)
    assert unknown.variables == ("GIT_SHA",)


def test_images_share_layers_and_most_run_on_two_platforms() -> None:
    contents = build(IMAGES)
    layers = [layer for image in IMAGES for layer in image.layers]
    assert len(set(layers)) < len(layers)
    assert sum(descriptor.is_index for descriptor in contents.names.values()) == len(IMAGES) - 1
