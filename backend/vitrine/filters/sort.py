"""Sorting a list by any of its fields, and paging through it by keyset: no row twice, none left out.

A list is read in phases: the rows with a number (or the one kind of value that the field has), then those with a text,
last those without either. Each phase is ordered by its key and then by id, both in the direction asked for, and goes on
below the last row seen. A phase is not run before the ones above it are used up, so a page costs what its rows cost.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec

from vitrine.errors import CursorInvalid
from vitrine.filters.fields import Links, Metadata, Resource
from vitrine.filters.parse import parse_field, refuse
from vitrine.filters.sql import Arguments
from vitrine.filters.tree import Field

KeyKind = Literal["text", "number", "numeric", "integer", "instant", "id", "none"]

CURSOR_VERSION = 1
PARAMETER_KEY_LENGTH = 200  # characters of a text that count in its order: cursors go into addresses
_UNKNOWN_CURSOR = "This cursor was not given by this server. Start again without it."
# The shape of each kind of key, and what makes an argument of it.
_SHAPES = {
    "text": r"[^\0]*",
    "number": r"-?(Infinity|[0-9].*)",
    "numeric": r"-?[0-9]+(\.[0-9]+)?",
    "integer": r"-?[0-9]{1,18}",
    "id": r"[0-9a-f-]{36}",
    "instant": r"[0-9T:.-]+",
    "none": "",
}
_READERS: dict[KeyKind, Callable[[str], Any]] = {
    "text": str,
    "number": float,
    "numeric": str,
    "integer": int,
    "id": UUID,
    "instant": lambda key: datetime.strptime(key, "%Y-%m-%dT%H:%M:%S.%f").replace(tzinfo=UTC),
    "none": str,
}
# The key as text, exactly, and the type that it is compared as.
_AS_TEXT = {
    "text": "{}",
    "number": "({})::text",
    "numeric": "({})::text",
    "integer": "({})::text",
    "id": "({})::text",
    "instant": "to_char({} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US')",
}
_CASTS = {
    "text": "::text",
    "number": "::float8",
    "numeric": "::text::numeric",
    "integer": "::bigint",
    "id": "::uuid",
    "instant": "::timestamptz",
}


@dataclass(frozen=True)
class Phase:
    """Rows that are ordered by one kind of key: `source` is a `from`, `key` and `id` are SQL over it."""

    source: str
    condition: str
    kind: KeyKind
    key: str
    id: str


class Statement(NamedTuple):
    """A query; its rows end with `page_phase`, `page_key` and `page_id`, from which the cursor is made."""

    sql: str
    arguments: list[Any]


class CursorBody(msgspec.Struct, array_like=True):
    version: int
    sort: str
    phase: int
    key: str | None
    id: str


@dataclass(frozen=True)
class Sort:
    """An order of a resource's rows. `text` is its canonical spelling, which cursors carry."""

    text: str
    resource: Resource
    field: Field
    is_descending: bool

    def compile_list(
        self,
        columns: str,
        joins: str = "",
        *,
        limit: int,
        where: str = "true",
        arguments: Sequence[Any] = (),
        cursor: str | None = None,
        first: int = 2,
    ) -> Statement:
        """The rows after the cursor that fulfil `where`, in order.

        `columns` and `joins` are fixed SQL over the resource's alias, `where` one whose `arguments` start at `$first`;
        further arguments follow those. `$1` is the project. Raises: CursorInvalid.
        """
        bound = Arguments(first)
        bound.values += arguments
        count = bound.add(limit)
        after = None if cursor is None else self.decode_cursor(cursor)
        phases = list_phases(self.resource, self.field, bound, is_descending=self.is_descending)
        parts = []
        for number, phase in enumerate(phases):
            if after is None or number >= after.phase:
                here = after if after is not None and number == after.phase else None
                parts.append(self._compile_phase(number, phase, where, here, bound, count))
        rows = parts[0] if len(parts) == 1 else f"({' union all '.join(parts)} limit {count})"
        table, alias = self.resource.table, self.resource.alias
        return Statement(
            f"select {columns}, page.phase as page_phase, page.key as page_key, page.id as page_id"  # noqa: S608
            f" from (select rows.*, row_number() over () as place from {rows} rows) page"
            f" join {table} {alias} on {alias}.project_id = $1 and {alias}.id = page.id {joins} order by page.place",
            bound.values,
        )

    def cut(self, rows: Sequence[Any], *, limit: int) -> tuple[Sequence[Any], str | None]:
        """The first `limit` rows, and the cursor of those that follow if more were fetched."""
        if len(rows) <= limit:
            return rows, None
        last = rows[limit - 1]
        return rows[:limit], self.encode_cursor(
            phase=last["page_phase"], key=last["page_key"], id_=last["page_id"]
        )

    def _compile_phase(
        self, number: int, phase: Phase, where: str, after: CursorBody | None, bound: Arguments, count: str
    ) -> str:
        direction, sign = ("desc", "<") if self.is_descending else ("asc", ">")
        conditions = [f"{self.resource.alias}.project_id = $1", phase.condition, where]
        if phase.kind == "none":
            key, order = "null::text", f"{phase.id} {direction}"
            if after:
                conditions.append(f"{phase.id} {sign} {bound.add(UUID(after.id))}::uuid")
        else:
            key, order = (
                _AS_TEXT[phase.kind].format(phase.key),
                f"{phase.key} {direction}, {phase.id} {direction}",
            )
            if after and after.key is not None:
                value = bound.add(_read_key(phase.kind, after.key))
                last = f"({value}{_CASTS[phase.kind]}, {bound.add(UUID(after.id))}::uuid)"
                conditions.append(f"({phase.key}, {phase.id}) {sign} {last}")
        return (
            f"(select {phase.id} as id, {number} as phase, {key} as key {phase.source}"
            f" where {' and '.join(f'({one})' for one in conditions)} order by {order} limit {count})"
        )

    def encode_cursor(self, *, phase: int, key: str | None, id_: UUID) -> str:
        """The place after a row, opaque. Its phase counts from 0, its key is a text as the query gives it."""
        body = msgspec.json.encode(CursorBody(CURSOR_VERSION, self.text, phase, key, str(id_)))
        return base64.urlsafe_b64encode(_digest(body) + body).decode().rstrip("=")

    def decode_cursor(self, cursor: str) -> CursorBody:
        """Raises: CursorInvalid for a text that no server gave, and for one given for another sort."""
        try:
            whole = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            body = msgspec.json.decode(whole[8:], type=CursorBody)
        except (ValueError, msgspec.MsgspecError) as error:
            raise CursorInvalid(_UNKNOWN_CURSOR) from error
        if whole[:8] != _digest(whole[8:]) or body.version != CURSOR_VERSION:
            raise CursorInvalid(_UNKNOWN_CURSOR)
        if body.sort != self.text:
            raise CursorInvalid(
                f"This cursor belongs to the sort {body.sort!r}, not to {self.text!r}. Start again without it."
            )
        phases = list_phases(self.resource, self.field, Arguments(1), is_descending=self.is_descending)
        if not 0 <= body.phase < len(phases) or (phases[body.phase].kind == "none") != (body.key is None):
            raise CursorInvalid(_UNKNOWN_CURSOR)
        _read_key("id", body.id)
        _read_key(phases[body.phase].kind, body.key or "")
        return body


def parse_sort(text: str | None, resource: Resource) -> Sort:
    """The sort that `text` names: a field as in a filter, with a minus for the greatest first; None for the usual one.

    Raises: FilterInvalid.
    """
    wanted = (text or "").strip() or resource.default_sort
    is_descending = wanted.startswith("-")
    field = parse_field(wanted.removeprefix("-"), resource.vocabulary, position=int(is_descending))
    if field.name == "tags":
        refuse("a list is not sorted by single tags; sort by tag", int(is_descending), ["tag"])
    return Sort(f"-{field}" if is_descending else str(field), resource, field, is_descending)


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=8, person=b"cursor").digest()


def _read_key(kind: KeyKind, key: str) -> Any:
    """The key as PostgreSQL takes it. Raises: CursorInvalid."""
    try:
        if not re.fullmatch(_SHAPES[kind], key, re.DOTALL):
            raise ValueError(key)
        return _READERS[kind](key)
    except ValueError as error:
        raise CursorInvalid(_UNKNOWN_CURSOR) from error


# ── phases ─────────────────────────────────────────────────────────────────────────────────────────
def list_phases(resource: Resource, field: Field, bound: Arguments, *, is_descending: bool) -> list[Phase]:
    own = f"from {resource.table} {resource.alias}"
    if field.name == "metadata" and resource.metadata:
        return _metadata_phases(resource, resource.metadata, field, bound, is_descending=is_descending)
    if field.name == "params":
        return _parameter_phases(resource, f"{bound.add(field.key)}::text")
    found = resource.fields[field.name]
    if isinstance(found, Links):
        linked = f"from {found.table} where {found.condition}"
        least = f"select {found.owner} as owner, min({found.value}) as value {linked} group by {found.owner}"
        return [
            Phase(
                f"{own} join ({least}) least on least.owner = {resource.id}",
                "true",
                "text",
                "least.value",
                resource.id,
            ),
            Phase(
                own,
                f"not exists (select {linked} and {found.owner} = {resource.id})",
                "none",
                "",
                resource.id,
            ),
        ]
    if found.table:
        join = f"join {found.table} on {found.condition} and o.id = {found.reference}"
        return [
            Phase(f"{own} {join}", "true", found.kind, found.value, resource.id),
            Phase(own, found.absent, "none", "", resource.id),
        ]
    return [
        Phase(own, f"not ({found.absent})", found.kind, found.value, resource.id),
        Phase(own, found.absent, "none", "", resource.id),
    ]


def _metadata_phases(
    resource: Resource, metadata: Metadata, field: Field, bound: Arguments, *, is_descending: bool
) -> list[Phase]:
    """Numbers, then texts, then rows with neither. Not-a-number counts as neither: it is no best value.

    A run may have several values, its own and those of its steps: the first in the order asked for stands for it.
    """
    key = bound.add(field.key)
    step = "" if field.step is None else f"{{m}}.step = {bound.add(field.step)}::text and "
    owner = metadata.owner.removeprefix("m.")

    def rows(alias: str) -> str:
        return step.format(m=alias) + metadata.condition(key, alias=alias)

    def others(of: str) -> str:
        return f"from {metadata.table} o where {rows('o')} and o.{owner} = {of}"

    earlier = ">" if is_descending else "<"
    tie = ", {m}.step" if metadata.has_steps else ""
    own = f"from {resource.table} {resource.alias}"
    joined = f"{own}, {metadata.table} m"
    mine = f"{rows('m')} and {metadata.owner} = {resource.id}"

    def first(value: str) -> str:
        """True of the value that stands for its run."""
        here, there = (f"({m}.{value}{tie.format(m=m)})" for m in ("m", "o"))
        fits = f"o.{value} < 'NaN'" if value == "num" else "true"
        return f"not exists (select {others(metadata.owner)} and {fits} and {there} {earlier} {here})"

    has_number = f"exists (select {others(resource.id)} and o.num < 'NaN')"
    has_value = f"exists (select {others(resource.id)} and (o.num < 'NaN' or o.text is not null))"
    return [
        Phase(joined, f"{mine} and m.num < 'NaN' and {first('num')}", "number", "m.num", metadata.owner),
        Phase(
            joined,
            f"{mine} and m.text is not null and {first('text')} and not {has_number}",
            "text",
            "m.text",
            metadata.owner,
        ),
        Phase(own, f"not {has_value}", "none", "", resource.id),
    ]


def _parameter_phases(resource: Resource, key: str) -> list[Phase]:
    """Numbers, then texts and truths, then rows with neither."""
    own = f"from {resource.table} {resource.alias}"
    value, kind = f"{resource.parameters} ->> {key}", f"jsonb_typeof({resource.parameters} -> {key})"
    number = f"case {kind} when 'number' then ({value})::numeric end"
    text = f"case when {kind} in ('string', 'boolean') then left({value}, {PARAMETER_KEY_LENGTH}) end"
    return [
        Phase(own, f"{kind} = 'number'", "numeric", f"({number})", resource.id),
        Phase(own, f"{kind} in ('string', 'boolean')", "text", f"({text})", resource.id),
        Phase(own, f"coalesce({kind}, '') not in ('number', 'string', 'boolean')", "none", "", resource.id),
    ]
