"""Records of mounts, against Python's reader of such records."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewarm.scan.dockerfile.records import BadRecord, check_device, find_sources, read_fields


@given(st.text('ab=,"', min_size=1))
def test_what_is_read_is_read_alike(value: str) -> None:
    try:
        fields = [field for _, field in read_fields(value)]
    except BadRecord:
        return
    assert [fields] == list(csv.reader([value], strict=True))


@given(st.text('ab=,"', min_size=1))
def test_what_is_refused_is_wrong(value: str) -> None:
    try:
        list(read_fields(value))
    except BadRecord:
        assert '"' in value


@given(st.lists(st.text('ab=,"'), min_size=1).filter(lambda fields: fields != [""]))
def test_what_is_quoted_comes_back(fields: list[str]) -> None:
    record = ",".join('"' + field.replace('"', '""') + '"' for field in fields)
    assert [field for _, field in read_fields(record)] == fields


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("from=a", ["a"]),
        ("type=bind,from=a,target=/x", ["a"]),
        ("FROM=a,from=b", ["a", "b"]),
        ("from=", [""]),
        ("from", []),
        ("xfrom=a", []),
        ('"from=a,b",target=/x', ["a,b"]),
    ],
)
def test_sources(value: str, names: list[str]) -> None:
    assert [value[start:end] for start, end in find_sources(value)] == names


@pytest.mark.parametrize("value", ["d", "d,required", "name=d,required=false", "vendor/x=d", "x=y"])
def test_devices(value: str) -> None:
    check_device(value)


@pytest.mark.parametrize("value", ["", "d,name=e", "d,e", "d,required=2", '"'])
def test_bad_devices(value: str) -> None:
    with pytest.raises(BadRecord):
        check_device(value)
