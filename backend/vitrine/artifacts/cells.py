"""Arrow's columns and values as JSON can say them."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

TEXT_LIMIT = 1_000  # characters of a cell; what is cut ends in …
NESTED_LIMIT = 50  # items of a list or fields of an object in a cell
SAFE_INTEGER = 2**53 - 1  # greater ones lose digits in a browser: they travel as text


def kind_of(type_: Any) -> str:
    """number, text, bool, instant or json."""
    from pyarrow import types

    if types.is_boolean(type_):
        return "bool"
    if types.is_integer(type_) or types.is_floating(type_) or types.is_decimal(type_):
        return "number"
    if types.is_timestamp(type_) or types.is_date(type_):
        return "instant"
    return "json" if types.is_nested(type_) else "text"


def plain_column(column: Any) -> Any:
    """The column without dictionary and extension types, so that it compares and sorts by its values."""
    import pyarrow as pa
    from pyarrow import types

    if isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], type=column.type.storage_type)
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)  # Python knows no nanoseconds
    return column


def list_values(column: Any) -> list[Any]:
    """The values of a plain column: numbers, texts, booleans, RFC 3339, None; others as text or nested JSON."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_timestamp(column.type):
        try:  # without its zone: instants are UTC inside
            return [
                value and f"{value.isoformat()}Z" for value in column.cast(pa.timestamp("us")).to_pylist()
            ]
        except (OverflowError, ValueError):  # outside the years 1 to 9999
            return [value and f"{value}Z" for value in column.cast(pa.string()).to_pylist()]
    say = _choose_saying(column.type)
    return [None if value is None else say(value) for value in column.to_pylist()]


def _choose_saying(type_: Any) -> Callable[[Any], Any]:
    from pyarrow import types

    if types.is_boolean(type_):
        return bool
    if types.is_floating(type_) or types.is_decimal(type_):
        return lambda value: say_float(float(value))
    if types.is_integer(type_):
        return say_integer
    return say_anything


def say_float(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def say_integer(value: int) -> int | str:
    return value if -SAFE_INTEGER <= value <= SAFE_INTEGER else str(value)


def say_anything(value: Any) -> Any:
    match value:
        case None | bool():
            return value
        case str():
            return cut(value)
        case int():
            return say_integer(value)
        case float() | Decimal():
            return say_float(float(value))
        case bytes():
            return cut(repr(value[:TEXT_LIMIT]))
        case datetime():
            return value.isoformat() + ("" if value.tzinfo else "Z")
        case date():
            return value.isoformat()
        case list():
            return _say_list(value)
        case dict():
            shown = list(value.items())[:NESTED_LIMIT]
            rest = {"…": f"{len(value) - NESTED_LIMIT:,} more"} if len(value) > NESTED_LIMIT else {}
            return {str(key): say_anything(each) for key, each in shown} | rest
    return cut(str(value))


def _say_list(values: list[Any]) -> list[Any]:
    rest = [f"… {len(values) - NESTED_LIMIT:,} more"] if len(values) > NESTED_LIMIT else []
    return [say_anything(each) for each in values[:NESTED_LIMIT]] + rest


def cut(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"
