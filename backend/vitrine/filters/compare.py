"""How a value of each type compares in SQL: by fixed fragments around the SQL of a value and bound arguments."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from vitrine.filters.parse import read_instant, refuse
from vitrine.filters.tree import Comparison, Value

NO_MATCH = "false"
LIKES = {"like", "ilike", "contains", "not like", "not ilike", "not contains"}

Add: TypeAlias = Callable[[Any], str]  # binds an argument, answers with its placeholder
Compare: TypeAlias = Callable[[str, str, Sequence[Any], Add], str]  # value, operator, values

_ORDERED = {"<", "<=", ">", ">=", "between", "not between"}
_EQUALITY = {"=", "!=", "in", "not in"}
_SIGNS = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?\s*", re.IGNORECASE)
_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,300}\s*")


@dataclass(frozen=True)
class Stored:
    """Where values of one type are found and how they compare; `guard` is true of that type alone."""

    guard: str
    value: str
    compare: Compare


def compare_typed(
    places: Mapping[str, Stored], comparison: Comparison, add: Add, *, quoted_numbers: bool = False
) -> str:
    """The values of each type against the place of that type: one that holds is enough. NO_MATCH binds nothing."""
    operator = comparison.operator
    conditions = []
    for type_, values in _by_type(comparison.values, quoted_numbers=quoted_numbers).items():
        place = places.get(type_)
        if place is None or (operator.endswith("between") and len(values) < 2):
            continue
        condition = place.compare(place.value, operator, values, add)
        if condition != NO_MATCH:
            conditions.append(f"({place.guard} and {condition})" if place.guard else f"({condition})")
    return f"({' or '.join(conditions)})" if conditions else NO_MATCH


def compare_kind(kind: str, value: str, operator: str, comparison: Comparison, add: Add) -> str:
    """A comparison with a value whose type is known: text, number, integer, instant or id. NO_MATCH binds nothing."""
    if kind == "instant":
        _refuse_impossible_days(comparison)
    if kind == "id":
        return _compare_id(value, operator, comparison.values, add)
    type_ = "number" if kind == "integer" else kind
    compare = {"text": compare_text, "number": compare_number, "instant": _compare_instant}[type_]
    values = _by_type(comparison.values).get(type_, [])
    if not values or (operator.endswith("between") and len(values) < 2):
        return NO_MATCH
    return compare(value, operator, values, add)


def _by_type(values: Sequence[Value], *, quoted_numbers: bool = False) -> dict[str, list[Any]]:
    """The values as each type that they can be read as."""
    found: dict[str, list[Any]] = {}
    for value in values:
        if isinstance(value, bool):
            found.setdefault("bool", []).append(value)
        elif isinstance(value, int | float):
            found.setdefault("number", []).append(value)
        elif isinstance(value, datetime):
            found.setdefault("instant", []).append(value)
        else:
            found.setdefault("text", []).append(value)
            if instant := _find_instant(value):
                found.setdefault("instant", []).append(instant)
            if quoted_numbers and _NUMBER.fullmatch(value):
                number = int(value) if _INTEGER.fullmatch(value) else float(value)
                found.setdefault("number", []).append(number)
            if quoted_numbers and value.lower() in ("true", "false"):
                found.setdefault("bool", []).append(value.lower() == "true")
    return found


def _find_instant(text: str) -> datetime | None:
    try:
        return read_instant(text)
    except ValueError:
        return None


def _refuse_impossible_days(comparison: Comparison) -> None:
    for value in comparison.values:
        if isinstance(value, str):
            try:
                read_instant(value)
            except ValueError:
                refuse(
                    f"{value!r} is no instant: there is no such day or time", comparison.position, ["instant"]
                )


def _plain(value: str, operator: str, values: Sequence[Any], add: Add, *, cast: tuple[str, str]) -> str:
    """= != < <= > >= in, not in, between, not between, as PostgreSQL has them; `cast` of one value and of an array."""
    one, array = cast
    if operator == "in":
        return f"{value} = any({add(list(values))}{array})"
    if operator == "not in":
        return f"{value} <> all({add(list(values))}{array})"
    if operator in ("between", "not between"):
        return f"{value} {operator} {add(values[0])}{one} and {add(values[1])}{one}"
    if operator not in _SIGNS:
        return NO_MATCH
    return f"{value} {_SIGNS[operator]} {add(values[0])}{one}"


def compare_text(value: str, operator: str, values: Sequence[Any], add: Add) -> str:
    if operator not in LIKES:
        return _plain(value, operator, values, add, cast=("::text", "::text[]"))
    positive = operator.removeprefix("not ")
    pattern = _escape(values[0]) if positive == "contains" else _close(values[0])
    like = f"{value} {'like' if positive == 'like' else 'ilike'} {add(pattern)}::text"
    return like if positive == operator else f"not ({like})"


def compare_number(value: str, operator: str, values: Sequence[Any], add: Add) -> str:
    """PostgreSQL holds not-a-number for the greatest: where an order is asked for, it is left out."""
    numbers = [float(one) for one in values]
    if operator in _ORDERED and any(math.isnan(one) for one in numbers):
        return NO_MATCH
    condition = _plain(value, operator, numbers, add, cast=("::float8", "::float8[]"))
    return f"{condition} and {value} < 'NaN'::float8" if operator in (">", ">=", "not between") else condition


def compare_numeric(value: str, operator: str, values: Sequence[Any], add: Add) -> str:
    """Exact, and safe from numbers that no float reaches. Bound as text."""
    if operator in _ORDERED and any(math.isnan(one) for one in values):
        return NO_MATCH
    return _plain(
        value, operator, [str(one) for one in values], add, cast=("::text::numeric", "::text[]::numeric[]")
    )


def compare_bool(value: str, operator: str, values: Sequence[Any], add: Add) -> str:
    if operator not in _EQUALITY:
        return NO_MATCH
    return _plain(value, operator, values, add, cast=("::bool", "::bool[]"))


def compare_flag(value: str, operator: str, values: Sequence[Any], add: Add) -> str:
    """Truth as 1 and 0."""
    if operator not in _EQUALITY:
        return NO_MATCH
    return _plain(value, operator, [float(one) for one in values], add, cast=("::float8", "::float8[]"))


def compare_epoch(value: str, operator: str, values: Sequence[Any], add: Add) -> str:
    """Instants as seconds since 1970."""
    return _plain(value, operator, [one.timestamp() for one in values], add, cast=("::float8", "::float8[]"))


def _compare_instant(value: str, operator: str, values: Sequence[Any], add: Add) -> str:
    return _plain(value, operator, values, add, cast=("::timestamptz", "::timestamptz[]"))


def _compare_id(value: str, operator: str, values: Sequence[Value], add: Add) -> str:
    ids = []
    for one in values:
        try:
            ids.append(UUID(str(one)))
        except ValueError:
            continue
    if not ids or operator not in _EQUALITY:
        return NO_MATCH
    return _plain(value, operator, ids, add, cast=("::uuid", "::uuid[]"))


def _escape(text: str) -> str:
    """A pattern that finds the text itself, anywhere."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", text) + "%"


def _close(pattern: str) -> str:
    """The pattern, its last backslash standing for itself: PostgreSQL refuses one that escapes nothing."""
    trailing = len(pattern) - len(pattern.rstrip("\\"))
    return pattern + "\\" if trailing % 2 else pattern
