"""Rows of a table that fulfil a filter: the language of the lists, over the table's own columns.

A value that is missing or of another type than the column is no match, for `!=` too. Runs in the worker process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import reduce
from typing import Any

from vitrine.artifacts.cells import kind_of
from vitrine.filters.parse import Vocabulary, parse_filter, read_instant
from vitrine.filters.tree import And, Comparison, Expression, Not, Or, Value

_POSITIVE = {"!=": "=", "not in": "in", "not between": "between"} | {
    f"not {one}": one for one in ("like", "ilike", "contains")
}
_FITS: dict[str, tuple[type, ...]] = {
    "number": (int, float),
    "bool": (bool,),
    "text": (str,),
    "instant": (datetime,),
}


def match_rows(table: Any, text: str) -> Any:
    """The numbers of the rows that match, ascending; None for all. Raises: FilterInvalid."""
    from pyarrow import compute

    expression = parse_filter(text, Vocabulary(names=table.column_names))
    return None if expression is None else compute.indices_nonzero(_match(table, expression))


def _match(table: Any, expression: Expression) -> Any:
    """True or false for every row."""
    from pyarrow import compute

    match expression:
        case And(parts):
            return reduce(compute.and_, [_match(table, part) for part in parts])
        case Or(parts):
            return reduce(compute.or_, [_match(table, part) for part in parts])
        case Not(part):
            return compute.invert(_match(table, part))
    column = table.column(expression.field.name)
    if expression.operator in ("is null", "is not null"):
        return (compute.is_null if expression.operator == "is null" else compute.is_valid)(column)
    positive = _POSITIVE.get(expression.operator, expression.operator)
    found = _compare(column, positive, _fitting(column, expression))
    if positive != expression.operator and found is not None:
        found = compute.invert(found)
    return compute.fill_null(found, False) if found is not None else _nowhere(table)


def _nowhere(table: Any) -> Any:
    import pyarrow as pa

    return pa.chunked_array([pa.repeat(False, table.num_rows)])


def _fitting(column: Any, comparison: Comparison) -> list[Any]:
    """Those values that the column could hold; instants without a zone, as the column has them inside."""
    kind = kind_of(column.type)
    values: list[Value] = list(comparison.values)
    if kind == "instant":
        values = [_read_instant(one) if isinstance(one, str) else one for one in values]
    fitting = [
        one
        for one in values
        if isinstance(one, _FITS.get(kind, ())) and isinstance(one, bool) == (kind == "bool")
    ]
    return [one.astimezone(UTC).replace(tzinfo=None) if isinstance(one, datetime) else one for one in fitting]


def _read_instant(text: str) -> Value:
    try:
        return read_instant(text) or text
    except ValueError:
        return text


def _compare(column: Any, positive: str, values: Sequence[Any]) -> Any:
    """Null where the column is; None if no value fits."""
    import pyarrow as pa
    from pyarrow import compute

    if not values or (positive == "between" and len(values) < 2):
        return None
    if kind_of(column.type) == "instant":
        column = column.cast(pa.timestamp("us"))
    signs: dict[str, Callable[[Any, Any], Any]] = {
        "=": compute.equal, "<": compute.less, "<=": compute.less_equal, ">": compute.greater, ">=": compute.greater_equal,
    }  # fmt: skip
    if positive in signs:
        return signs[positive](column, pa.scalar(values[0]))
    if positive == "in":
        return reduce(compute.or_, [compute.equal(column, pa.scalar(one)) for one in values])
    if positive == "between":
        low, high = (pa.scalar(one) for one in values)
        return compute.and_(compute.greater_equal(column, low), compute.less_equal(column, high))
    if kind_of(column.type) != "text" or not pa.types.is_string(column.type):
        return None
    if positive == "contains":
        return compute.match_substring(column, values[0], ignore_case=True)
    return compute.match_like(column, values[0], ignore_case=positive == "ilike")
