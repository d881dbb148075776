"""Names inside a zip, pictures told by their bytes, columns between commas."""

from __future__ import annotations

import pytest

from vitrine.artifacts.archive import name_members
from vitrine.artifacts.images import read_picture
from vitrine.artifacts.tables import pick_columns, read_sort
from vitrine.errors import Invalid


def test_what_is_unpacked_stays_in_its_folder() -> None:
    paths = ["../../etc/passwd", "/etc/passwd", "a\\..\\b", "C:\\x", "./a//b", "..", "a\0b"]
    assert name_members(paths) == ["etc/passwd", "etc/passwd_2", "a/b", "C_/x", "a/b_2", "file", "a_b"]


def test_each_file_of_a_zip_has_a_name_of_its_own() -> None:
    assert name_members(["x.csv", "X.csv", "x.csv", "sub/x.csv"]) == [
        "x.csv",
        "X_2.csv",
        "x_3.csv",
        "sub/x.csv",
    ]


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0\0\0\0\x10", ("image/png", 256, 16)),
        (b"GIF89a\x02\0\x03\0", ("image/gif", 2, 3)),
        (
            b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xc2\0\x11\x08\0\x02\0\x05",
            ("image/jpeg", 5, 2),
        ),
        (b"\xff\xd8\xff\xe0", ("image/jpeg", 0, 0)),
        (b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x01\0\0\x02\0\0", ("image/webp", 2, 3)),
        (b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\x30\x01\0\x9d\x01\x2a\x07\0\x05\0", ("image/webp", 7, 5)),
        (
            b"\xef\xbb\xbf <?xml version='1.0'?><!-- <a> --><!DOCTYPE svg><svg width='1'>",
            ("image/svg+xml", 0, 0),
        ),
    ],
)
def test_a_picture_is_known_by_its_first_bytes(head: bytes, wanted: tuple[str, int, int]) -> None:
    assert read_picture(head) == wanted


@pytest.mark.parametrize("head", [b"", b"\x89PNG", b"<html><svg>", b"GIF88a", b"RIFF\0\0\0\0WAVE", b"<svgx>"])
def test_anything_else_is_no_picture(head: bytes) -> None:
    assert read_picture(head) is None


def test_columns_may_hold_commas_themselves() -> None:
    names = ["a", "b,c", "", "d"]
    assert pick_columns(names, "b,c,a") == ["b,c", "a"]
    assert pick_columns(names, "a,,d") == ["a", "", "d"]
    assert pick_columns(names, None) == names
    with pytest.raises(Invalid, match="'x,a'"):
        pick_columns(names, "d,x,a")


def test_a_column_that_begins_with_a_minus_can_be_sorted_both_ways() -> None:
    assert read_sort(["n", "-n"], "-n") == ("-n", "ascending")
    assert read_sort(["n", "-n"], "--n") == ("-n", "descending")
    assert read_sort(["n"], "-n") == ("n", "descending")
