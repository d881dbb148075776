"""Metadata as pipelines report them: the history of every name, and the newest value of each for filters and sorts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import UUID

from msgspec import Struct

from vitrine.database.lookups import identify
from vitrine.database.pool import Connection
from vitrine.ingest.structs import MetadataEvent
from vitrine.metadata.values import Value

Target: TypeAlias = Literal["run", "artifact_version", "model_version"]


class Logged(NamedTuple):
    """A value of a target, as an event says it. `step` is '' but for the value of a run's step."""

    target: Target
    target_id: UUID
    step: str
    event_id: UUID
    at: datetime
    value: Value


def name_target(event: MetadataEvent) -> tuple[Target, UUID, str]:
    """What the values belong to, and the step or ''."""
    body = event.body
    if body.artifact_version_id is not None:
        return "artifact_version", body.artifact_version_id, ""
    if body.model_version_id is not None:
        return "model_version", body.model_version_id, ""
    assert event.run_id is not None
    return "run", event.run_id, body.step or ""


FIND_KEYS = "select name, id from metadata_key where project_id = $1 and name = any($2::text[])"
INSERT_KEYS = """
insert into metadata_key (project_id, name)
select $1, new.name from unnest($2::text[], $3::uuid[]) as new (name, id) order by new.name
on conflict (project_id, name) do nothing
"""


async def identify_keys(db: Connection, project_id: UUID, names: Collection[str]) -> dict[str, int]:
    return await identify(db, project_id, names, find=FIND_KEYS, insert=INSERT_KEYS)


class _HistoryRow(Struct):
    target_id: UUID
    step: str
    key_id: int
    at: datetime
    event_id: UUID
    value: Any


INSERT_HISTORY = """
with inserted as (
  insert into metadata_history (project_id, target_id, step, key_id, at, event_id, value)
  select $1, n.target_id, n.step, n.key_id, n.at, n.event_id, coalesce(n.value, 'null')
  from jsonb_to_recordset($2) as n (target_id uuid, step text, key_id int, at timestamptz, event_id uuid, value jsonb)
  order by n.key_id, n.target_id, n.step, n.event_id
  on conflict do nothing returning event_id)
select distinct event_id from inserted
"""


async def record_history(
    db: Connection, project_id: UUID, logged: Sequence[Logged], key_ids: Mapping[str, int]
) -> set[UUID]:
    """Every value is in the history. Gives the events that said something new."""
    rows = [
        _HistoryRow(one.target_id, one.step, key_ids[one.value.key], one.at, one.event_id, one.value.value)
        for one in logged
    ]
    return {row[0] for row in await db.fetch(INSERT_HISTORY, project_id, rows)}


class _ValueRow(Struct):
    target_id: UUID
    step: str
    key_id: int
    kind: str
    num: float | str | None
    text: str | None
    at: datetime
    event_id: UUID


UPSERT_VALUES = {
    "run": """
insert into run_metadata as m (project_id, run_id, step, key_id, kind, num, text, at, event_id)
select $1, n.target_id, n.step, n.key_id, n.kind, n.num, n.text, n.at, n.event_id
from jsonb_to_recordset($2) as n
  (target_id uuid, step text, key_id int, kind text, num float8, text text, at timestamptz, event_id uuid)
order by n.target_id, n.step, n.key_id
on conflict (project_id, run_id, step, key_id) do update
set kind = excluded.kind, num = excluded.num, text = excluded.text, at = excluded.at, event_id = excluded.event_id
where excluded.event_id > m.event_id
returning run_id, step, key_id
""",
    "artifact_version": """
insert into artifact_version_metadata as m (project_id, artifact_version_id, key_id, kind, num, text, at, event_id)
select $1, n.target_id, n.key_id, n.kind, n.num, n.text, n.at, n.event_id
from jsonb_to_recordset($2) as n
  (target_id uuid, step text, key_id int, kind text, num float8, text text, at timestamptz, event_id uuid)
order by n.target_id, n.key_id
on conflict (project_id, artifact_version_id, key_id) do update
set kind = excluded.kind, num = excluded.num, text = excluded.text, at = excluded.at, event_id = excluded.event_id
where excluded.event_id > m.event_id
returning artifact_version_id, '', key_id
""",
    "model_version": """
insert into model_version_metadata as m (project_id, model_version_id, key_id, kind, num, text, at, event_id)
select $1, n.target_id, n.key_id, n.kind, n.num, n.text, n.at, n.event_id
from jsonb_to_recordset($2) as n
  (target_id uuid, step text, key_id int, kind text, num float8, text text, at timestamptz, event_id uuid)
order by n.target_id, n.key_id
on conflict (project_id, model_version_id, key_id) do update
set kind = excluded.kind, num = excluded.num, text = excluded.text, at = excluded.at, event_id = excluded.event_id
where excluded.event_id > m.event_id
returning model_version_id, '', key_id
""",
}


class Patch(Struct):
    """Values that the document of a target shows from now on."""

    target_id: UUID
    step: str
    patch: dict[str, Any]


async def record_values(
    db: Connection, project_id: UUID, target: Target, logged: Iterable[Logged], key_ids: Mapping[str, int]
) -> list[Patch]:
    """Of each name the value of the greatest event id is kept for filters. Gives what changed, for the documents.

    The targets exist and are locked by this transaction.
    """
    newest: dict[tuple[UUID, str, int], Logged] = {}
    for one in logged:
        place = one.target_id, one.step, key_ids[one.value.key]
        if one.target == target and (place not in newest or one.event_id > newest[place].event_id):
            newest[place] = one
    if not newest:
        return []
    rows = [
        _ValueRow(*place, one.value.kind, one.value.num, one.value.text, one.at, one.event_id)
        for place, one in newest.items()
    ]
    patches: dict[tuple[UUID, str], Patch] = {}
    for target_id, step, key_id in await db.fetch(UPSERT_VALUES[target], project_id, rows):
        value = newest[target_id, step, key_id].value
        patch = patches.setdefault((target_id, step), Patch(target_id, step, {}))
        patch.patch[value.key] = value.value
    return list(patches.values())
