"""Metadata as they are kept: flat names, and beside each value what filters and sorts need: a kind, a number, a text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from vitrine.errors import Invalid

Kind: TypeAlias = Literal["number", "text", "bool", "instant", "json"]

KEYS_LIMIT = 2_000
KEY_LIMIT = 255
VALUE_LIMIT_BYTES = 64_000
INDEXED_BYTES = 1_000  # an entry of a btree index must fit into a third of a page of 8 kB
SPELT_NUMBERS = ("NaN", "Infinity", "-Infinity")


class Value(NamedTuple):
    """`num` is a float, or one of SPELT_NUMBERS, which JSON can only say as text. `value` is what was logged."""

    key: str
    kind: Kind
    num: float | str | None
    text: str | None
    value: Any


def flatten(values: Mapping[str, Any]) -> list[Value]:
    """Nested dictionaries are flattened with dots; of two values of one flat name the later one counts.

    Raises: Invalid when there are too many, or when a name or a value is too long.
    """
    flat = dict(_walk(values, ""))
    if len(flat) > KEYS_LIMIT:
        raise Invalid(f"{len(flat):,} values are too many for one event: up to {KEYS_LIMIT:,} are allowed.")
    return [describe(key, value) for key, value in flat.items()]


def describe(key: str, value: Any) -> Value:
    """Raises: Invalid when the name or the value is too long."""
    if not 0 < len(key) <= KEY_LIMIT:
        raise Invalid(f"The name {key[:60]!r} has {len(key)} characters: 1 to {KEY_LIMIT} are allowed.")
    if isinstance(value, bool):
        return Value(key, "bool", float(value), "true" if value else "false", value)
    if isinstance(value, int | float):
        return Value(key, "number", float(value), None, value)
    if isinstance(value, str):
        _check_size(key, len(value.encode()))
        return _describe_text(key, value)
    _check_size(key, len(msgspec.json.encode(value)))
    return Value(key, "json", None, None, value)


def _describe_text(key: str, text: str) -> Value:
    if text in SPELT_NUMBERS:
        return Value(key, "number", text, None, text)
    if (at := _find_instant(text)) is not None:
        return Value(key, "instant", at.timestamp(), text, text)
    return Value(key, "text", None, cut(text), text)


def cut(text: str) -> str:
    """As many whole characters as 1,000 bytes hold: what a filter sees of a long text."""
    if len(text) * 4 <= INDEXED_BYTES:
        return text
    return text.encode()[:INDEXED_BYTES].decode(errors="ignore")


def _walk(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _walk(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _find_instant(text: str) -> datetime | None:
    """The instant that an RFC 3339 text with a zone says."""
    if not 20 <= len(text) <= 40 or text[4] != "-" or text[10] not in "Tt ":
        return None
    try:
        at = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        return None
    return at if at.tzinfo is not None else None


def _check_size(key: str, size_bytes: int) -> None:
    if size_bytes > VALUE_LIMIT_BYTES:
        raise Invalid(
            f"The value of {key!r} takes {size_bytes:,} bytes: up to {VALUE_LIMIT_BYTES:,} are allowed. "
            "Save what is larger as an artifact."
        )
