"""Tags as versions, and which of them are wanted."""

from __future__ import annotations

import pytest

from prewarm.errors import UsageError
from prewarm.reference import Reference
from prewarm.selection import Selection
from prewarm.versions import Range, Version

REPOSITORY = Reference.parse("quay.io/org/app")


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (">=3.18 <4", ["3.18", "3.20.1", "v3.99"], ["3.17", "4", "4.0.0", "3.19-rc1"]),
        ("^1.27", ["1.27", "1.27.3", "1.99.0-alpine"], ["1.26.9", "2.0"]),
        ("^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0", "0.2.2"]),
        ("~1.27.1", ["1.27.1", "1.27.9"], ["1.28.0", "1.27.0"]),
        ("1.x", ["1.0", "1.99.99"], ["2.0", "0.9"]),
        ("*", ["0.0.1", "99"], ["latest"]),
        ("1.27.3", ["1.27.3", "1.27.3-alpine"], ["1.27.4", "1.27"]),
        (">1.2 <=1.4", ["1.3", "1.4.9"], ["1.2.9", "1.5"]),
        ("<2 || >=4", ["1.9", "4"], ["2.0", "3.9"]),
    ],
)
def test_ranges(text: str, inside: list[str], outside: list[str]) -> None:
    wanted = Range.parse(text)
    for tag in (*inside, *outside):
        version = Version.parse(tag)
        assert (version is not None and version in wanted) == (tag in inside), tag


@pytest.mark.parametrize("text", ["abc", ">=", "1.2.3.4.5 x", ">= 3 <!4"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="range"):
        Range.parse(text)


@pytest.mark.parametrize(
    ("selection", "chosen"),
    [
        (Selection(REPOSITORY), ["1.9", "1.10", "1.10-alpine", "2.0-rc1", "latest"]),
        (Selection(REPOSITORY, tags=("1.*",)), ["1.9", "1.10", "1.10-alpine"]),
        (Selection(REPOSITORY, tags=("1.*",), exclude=("*-alpine",)), ["1.9", "1.10"]),
        (Selection(REPOSITORY, range=Range.parse("^1.10")), ["1.10", "1.10-alpine"]),
        (Selection(REPOSITORY, newest=1), ["1.10", "1.10-alpine"]),
    ],
)
def test_selections(selection: Selection, chosen: list[str]) -> None:
    tags = ["1.9", "1.10", "1.10-alpine", "2.0-rc1", "latest"]
    assert {reference.tag for reference in selection.choose(tags)} == set(chosen)
