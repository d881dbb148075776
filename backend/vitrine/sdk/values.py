"""Metadata as it travels: plain JSON, whatever arrays, numbers and special types a program hands over."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

LONGEST_ARRAY = 1000
INT64 = 1 << 63


def to_plain(value: Any) -> Any:
    """The value as JSON. NaN and the infinities are the texts "NaN", "Infinity", "-Infinity"; what JSON can't say is its str()."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return to_plain(value.value)
    if isinstance(value, int):
        return int(value) if -INT64 <= value < INT64 else str(int(value))
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else spell(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return [to_plain(item) for item in sorted(value, key=repr)]
    return _foreign_to_plain(value)


def _foreign_to_plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, UUID):
        return str(value)
    shape = getattr(value, "shape", None)
    if shape == () and hasattr(value, "item"):  # a NumPy or PyTorch scalar, told without importing them
        return to_plain(value.item())
    if isinstance(shape, tuple) and hasattr(value, "tolist") and math.prod(shape) <= LONGEST_ARRAY:
        return to_plain(value.tolist())
    return str(value)


def spell(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def plain_metadata(values: Mapping[str, Any]) -> dict[str, Any]:
    """Raises: TypeError when it is not a mapping: a frequent slip is to pass the value alone."""
    if not isinstance(values, Mapping):
        raise TypeError(
            f"Metadata are a dictionary of names and values, such as {{'accuracy': 0.9}}, not {type(values).__name__}."
        )
    return {str(key): to_plain(value) for key, value in values.items()}


def is_json(value: Any) -> bool:
    """Whether the value is plain JSON and comes back from it exactly as it was: no tuples, subclasses or numbers JSON lacks."""
    kind = type(value)
    if kind is list:
        return all(map(is_json, value))
    if kind is dict:
        return all(type(key) is str for key in value) and all(map(is_json, value.values()))
    if kind is float:
        return math.isfinite(value)
    return kind in (str, int, bool, type(None))


def is_parameter(value: Any) -> bool:
    """Whether a constant may be a step's parameter: JSON, and what reads the same in it, such as tuples and enums."""
    if isinstance(value, Mapping):
        return all(isinstance(key, str) for key in value) and all(map(is_parameter, value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(is_parameter, value))
    if isinstance(value, str | int | float | bool | Enum | datetime | date | timedelta | UUID | type(None)):
        return True
    return getattr(value, "shape", None) == () and hasattr(value, "item")
