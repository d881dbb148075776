"""Pipelines and snapshots as they are reported: a name makes a pipeline, and a snapshot never changes."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from vitrine.database.lookups import expect_all, identify
from vitrine.database.pool import Connection
from vitrine.ingest.structs import SnapshotBody, SnapshotEvent
from vitrine.ingest.tally import Tally

FIND_PIPELINES = "select name, id from pipeline where project_id = $1 and name = any($2::text[])"
INSERT_PIPELINES = """
insert into pipeline (project_id, id, name)
select $1, new.id, new.name from unnest($2::text[], $3::uuid[]) as new (name, id) order by new.name
on conflict (project_id, name) do nothing
"""


async def identify_pipelines(db: Connection, project_id: UUID, names: Collection[str]) -> dict[str, UUID]:
    return await identify(db, project_id, names, find=FIND_PIPELINES, insert=INSERT_PIPELINES)


LOCK_PIPELINES = """
select id from pipeline where project_id = $1 and id = any($2::uuid[]) order by id for no key update
"""


async def lock_pipelines(db: Connection, project_id: UUID, ids: Collection[UUID]) -> None:
    """Nobody else numbers their runs and snapshots before this transaction ends."""
    if ids:
        expect_all(await db.fetch(LOCK_PIPELINES, project_id, list(ids)), ids)


NUMBER_RUNS = """
update pipeline set last_run_number = last_run_number + n.runs
from unnest($2::uuid[], $3::int[]) as n (id, runs) where project_id = $1 and pipeline.id = n.id
returning pipeline.id, last_run_number
"""


async def number_runs(db: Connection, project_id: UUID, new: Mapping[UUID, int]) -> dict[UUID, int]:
    """The last of as many new run numbers, by pipeline. The pipelines are locked."""
    if not new:
        return {}
    rows = await db.fetch(NUMBER_RUNS, project_id, list(new), list(new.values()))
    return {row[0]: row[1] for row in rows}


class _SnapshotRow(Struct):
    id: UUID
    pipeline_id: UUID
    structure_hash: str
    spec: Raw
    event_id: UUID
    created_at: datetime


# The spec is compared as PostgreSQL keeps it. A snapshot said again by an earlier event is as old as that one.
COMPARE_SNAPSHOTS = """
select s.id, s.pipeline_id = n.pipeline_id and s.spec = n.spec, s.event_id
from snapshot s join jsonb_to_recordset($2) as n (id uuid, pipeline_id uuid, spec jsonb) on s.id = n.id
where s.project_id = $1
"""
INSERT_SNAPSHOTS = """
with counted as (
  select n.*, row_number() over (partition by n.pipeline_id order by n.event_id) as position
  from jsonb_to_recordset($2) as n
    (id uuid, pipeline_id uuid, structure_hash bytea, spec jsonb, event_id uuid, created_at timestamptz))
insert into snapshot (project_id, id, pipeline_id, number, structure_hash, spec, event_id, created_at)
select $1, n.id, n.pipeline_id, p.last_snapshot_number + n.position, n.structure_hash, n.spec, n.event_id, n.created_at
from counted n join pipeline p on p.project_id = $1 and p.id = n.pipeline_id order by n.id
"""
NUMBER_SNAPSHOTS = """
update pipeline p set last_snapshot_number = (
  select max(s.number) from snapshot s where s.project_id = p.project_id and s.pipeline_id = p.id)
where p.project_id = $1 and p.id = any($2::uuid[])
"""
DATE_SNAPSHOTS = """
update snapshot s set event_id = n.event_id, created_at = n.created_at
from jsonb_to_recordset($2) as n (id uuid, event_id uuid, created_at timestamptz)
where s.project_id = $1 and s.id = n.id
"""


async def record_snapshots(
    db: Connection,
    project_id: UUID,
    events: Sequence[SnapshotEvent],
    pipeline_ids: Mapping[str, UUID],
    tally: Tally,
) -> None:
    """Each snapshot is there, numbered within its pipeline. The pipelines are locked.

    Events may say one again; one that says something else under the same id is refused.
    """
    rows = _choose_first(events, pipeline_ids, tally)
    if not rows:
        return
    known = {row[0]: row for row in await db.fetch(COMPARE_SNAPSHOTS, project_id, list(rows.values()))}
    for id, is_equal, event_id in known.values():
        row = rows.pop(id)
        if not is_equal:
            _refuse(row.event_id, id, tally)
        elif row.event_id < event_id:
            await db.execute(DATE_SNAPSHOTS, project_id, [row])
            tally.accepted.add(row.event_id)
    if rows:
        await db.execute(INSERT_SNAPSHOTS, project_id, list(rows.values()))
        await db.execute(NUMBER_SNAPSHOTS, project_id, list({row.pipeline_id for row in rows.values()}))
    names = {id: name for name, id in pipeline_ids.items()}
    for row in rows.values():
        tally.accepted.add(row.event_id)
        tally.announce("snapshot", part=str(row.id), snapshot_id=row.id, pipeline=names[row.pipeline_id])


def _choose_first(
    events: Sequence[SnapshotEvent], pipeline_ids: Mapping[str, UUID], tally: Tally
) -> dict[UUID, _SnapshotRow]:
    """Of events about one snapshot the one with the least id; one that differs from it is refused."""
    first: dict[UUID, SnapshotEvent] = {}
    for event in sorted(events, key=lambda one: one.id):
        if first.setdefault(event.body.id, event).body != event.body:
            _refuse(event.id, event.body.id, tally)
    return {
        event.body.id: _SnapshotRow(
            id=event.body.id,
            pipeline_id=pipeline_ids[event.body.pipeline],
            structure_hash="\\x" + hash_structure(event.body).hex(),
            spec=Raw(msgspec.json.encode(event.body)),
            event_id=event.id,
            created_at=event.at,
        )
        for event in first.values()
    }


def _refuse(event_id: UUID, id: UUID, tally: Tally) -> None:
    tally.refuse(
        event_id,
        f"The snapshot {id} is known with other content. A snapshot never changes: give it a new id.",
    )


def hash_structure(body: SnapshotBody) -> bytes:
    """SHA-256 of what decides how the graph is drawn: equal for snapshots that differ in code or configuration alone."""
    steps = [
        [step.key, step.name, step.group, step.parents, step.inputs, step.outputs]
        for step in sorted(body.steps, key=lambda one: one.key)
    ]
    return hashlib.sha256(msgspec.json.encode(steps)).digest()
