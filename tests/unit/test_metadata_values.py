"""Metadata: flat names, one kind a value, limits that say what to do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.errors import Invalid
from vitrine.metadata.values import INDEXED_BYTES, Value, cut, describe, flatten


def test_nested_dictionaries_are_flattened_with_dots() -> None:
    found = flatten({"a": {"b": 1, "c": {"d": 2}}, "e.f": 3, "g": {}})
    assert {one.key: one.value for one in found} == {"a.b": 1, "a.c.d": 2, "e.f": 3, "g": {}}


def test_of_two_values_of_one_flat_name_the_later_one_counts() -> None:
    assert [one.value for one in flatten({"a.b": 1, "a": {"b": 2}})] == [2]


@pytest.mark.parametrize(
    ("value", "kind", "num", "text"),
    [
        (True, "bool", 1.0, "true"),
        (False, "bool", 0.0, "false"),
        (3, "number", 3.0, None),
        (-0.5, "number", -0.5, None),
        ("NaN", "number", "NaN", None),
        ("-Infinity", "number", "-Infinity", None),
        ("nan", "text", None, "nan"),
        ("0.9", "text", None, "0.9"),
        ("", "text", None, ""),
        ("1970-01-01T00:01:00Z", "instant", 60.0, "1970-01-01T00:01:00Z"),
        ("1970-01-01 01:00:00.500+01:00", "instant", 0.5, "1970-01-01 01:00:00.500+01:00"),
        ("1970-01-01T00:01:00", "text", None, "1970-01-01T00:01:00"),
        ("1970-13-01T00:01:00Z", "text", None, "1970-13-01T00:01:00Z"),
        ("1970-01-01", "text", None, "1970-01-01"),
        (None, "json", None, None),
        ([1, {"a": 2}], "json", None, None),
        ({}, "json", None, None),
    ],
)
def test_each_value_has_one_kind(value: Any, kind: str, num: Any, text: str | None) -> None:
    assert describe("key", value) == Value("key", kind, num, text, value)  # type: ignore[arg-type]


@given(st.text(max_size=2000))
def test_an_indexed_text_is_the_longest_beginning_that_fits(text: str) -> None:
    kept = cut(text)
    assert text.startswith(kept)
    assert len(kept.encode()) <= INDEXED_BYTES
    assert kept == text or len((kept + text[len(kept)]).encode()) > INDEXED_BYTES


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"x" * 256: 1}, "256 characters"),
        ({"": 1}, "0 characters"),
        ({"a": {"b": "é" * 40_000}}, "'a.b' takes 80,000 bytes"),
        ({"a": list(range(20_000))}, "Save what is larger as an artifact"),
        ({str(n): n for n in range(2001)}, "2,001 values"),
    ],
)
def test_what_is_too_much_is_refused_with_its_reason(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        flatten(values)
