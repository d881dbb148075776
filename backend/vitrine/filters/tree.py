"""What a filter says, once it is read: comparisons of fields with values, joined by and, or, not."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

Value: TypeAlias = str | int | float | bool | datetime


@dataclass(frozen=True, slots=True)
class Field:
    """A field by its canonical name. `metadata`, `params` and `tags` have a key; `step` narrows metadata to one step."""

    name: str
    key: str = ""
    step: str | None = None

    def __str__(self) -> str:
        if self.step is not None:
            return f"steps.{_quoted(self.step)}.{_quoted(self.key)}"
        return f"{self.name}.{_quoted(self.key)}" if self.key else self.name


@dataclass(frozen=True, slots=True)
class Comparison:
    """One field against values: none for `is null`, two for `between`, any number for `in`, else one.

    Operators: = != < <= > >= like ilike contains in between, the last five also after `not `; is null, is not null.
    """

    field: Field
    operator: str
    values: tuple[Value, ...] = ()
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    part: Expression


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Expression, ...]


Expression: TypeAlias = Comparison | Not | And | Or


def _quoted(key: str) -> str:
    return "`" + key.replace("`", "``") + "`"
