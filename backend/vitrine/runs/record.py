"""Runs as they are reported: opened, closed, alive, counted by pipeline and status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from vitrine.database.lookups import expect_all
from vitrine.database.pool import Connection
from vitrine.ingest.structs import Failure, HeartbeatEvent, RunEvent
from vitrine.ingest.tally import Tally
from vitrine.metadata.record import Patch
from vitrine.pipelines.record import number_runs
from vitrine.runs.merge import Run

MENTION_RUNS = """
insert into run (project_id, id) select $1, id from unnest($2::uuid[]) as id order by id on conflict do nothing
"""


async def mention_runs(db: Connection, project_id: UUID, ids: Collection[UUID]) -> None:
    """Each run has a row, if only with its id: an event that opens it may come later."""
    if ids:
        await db.execute(MENTION_RUNS, project_id, list(ids))


LOCK_RUNS = """
select id, pipeline_id, number, status, open_event_id, close_event_id, heartbeat_at
from run where project_id = $1 and id = any($2::uuid[]) order by id for no key update
"""


async def lock_runs(db: Connection, project_id: UUID, ids: Collection[UUID]) -> dict[UUID, Run]:
    """The runs as they are; nobody else changes them before this transaction ends."""
    if not ids:
        return {}
    rows = await db.fetch(LOCK_RUNS, project_id, list(ids))
    expect_all(rows, ids)
    return {row[0]: Run(*row) for row in rows}


async def record_runs(
    db: Connection,
    project_id: UUID,
    *,
    events: Sequence[RunEvent],
    heartbeats: Sequence[HeartbeatEvent],
    user_id: UUID,
    pipeline_ids: Mapping[str, UUID],
    runs: Mapping[UUID, Run],
    tally: Tally,
) -> None:
    """The runs are as the events say, numbered within their pipelines. The runs and pipelines are locked."""
    before = {id: run.place for id, run in runs.items()}
    changed: dict[UUID, Run] = {}
    for event in events:
        run = runs[event.run_id]  # type: ignore[index]
        pipeline = event.body.pipeline
        if run.take(event, None if pipeline is None else pipeline_ids[pipeline]):
            changed[run.id] = run
            tally.accepted.add(event.id)
    for beat in heartbeats:
        run = runs[beat.run_id]  # type: ignore[index]
        if run.hear(beat):
            changed[run.id] = run
            tally.accepted.add(beat.id)
    if changed:
        await _number(db, project_id, changed.values())
        await _write(db, project_id, changed.values(), user_id=user_id)
    names = {id: name for name, id in pipeline_ids.items()}
    for run in changed.values():
        _tell(run, before[run.id], names, tally)


def _tell(run: Run, before: tuple[UUID, str] | None, names: Mapping[UUID, str], tally: Tally) -> None:
    """What changed is counted and announced."""
    if run.place != before:
        if before is not None:
            tally.counts[before] -= 1
        if run.place is not None:
            tally.counts[run.place] += 1
    if run.opener is not None:
        tally.announce("run", run.id, status=run.status, pipeline=names[run.pipeline_id])  # type: ignore[index]
    elif run.place != before or run.closer is not None:
        tally.announce("run", run.id, status=run.status)


async def _number(db: Connection, project_id: UUID, runs: Iterable[Run]) -> None:
    """Runs without a number have the next ones of their pipelines, in the order of their ids."""
    new = sorted(
        (run for run in runs if run.pipeline_id is not None and run.number is None), key=lambda one: one.id
    )
    wanted = Counter(run.pipeline_id for run in new if run.pipeline_id is not None)
    last = await number_runs(db, project_id, wanted)
    for run in new:
        assert run.pipeline_id is not None
        run.number = last[run.pipeline_id] - wanted[run.pipeline_id] + 1
        wanted[run.pipeline_id] -= 1


class _OpenRow(Struct):
    id: UUID
    open_event_id: UUID
    pipeline_id: UUID | None
    snapshot_id: UUID | None
    number: int | None
    name: str | None
    started_at: datetime | None
    code_version: str | None
    code: dict[str, Any]
    environment: dict[str, Any]
    parameters: dict[str, Any]
    configuration: dict[str, Any]


class _CloseRow(Struct):
    id: UUID
    close_event_id: UUID
    ended_at: datetime | None
    failure: Failure | None


class _StateRow(Struct):
    id: UUID
    status: str
    heartbeat_at: datetime | None


OPEN_RUNS = """
update run set
  open_event_id = n.open_event_id, pipeline_id = n.pipeline_id, snapshot_id = n.snapshot_id, number = n.number,
  name = n.name, user_id = $3, started_at = n.started_at, code_version = n.code_version, code = n.code,
  environment = n.environment, parameters = n.parameters, configuration = n.configuration
from jsonb_to_recordset($2) as n
  (id uuid, open_event_id uuid, pipeline_id uuid, snapshot_id uuid, number int, name text, started_at timestamptz,
   code_version text, code jsonb, environment jsonb, parameters jsonb, configuration jsonb)
where run.project_id = $1 and run.id = n.id
"""
CLOSE_RUNS = """
update run set close_event_id = n.close_event_id, ended_at = n.ended_at, failure = n.failure
from jsonb_to_recordset($2) as n (id uuid, close_event_id uuid, ended_at timestamptz, failure jsonb)
where run.project_id = $1 and run.id = n.id
"""
SET_STATES = """
update run set status = n.status, heartbeat_at = n.heartbeat_at
from jsonb_to_recordset($2) as n (id uuid, status text, heartbeat_at timestamptz)
where run.project_id = $1 and run.id = n.id
"""


async def _write(db: Connection, project_id: UUID, runs: Collection[Run], *, user_id: UUID) -> None:
    if opened := [_open_row(run, run.opener) for run in runs if run.opener is not None]:
        await db.execute(OPEN_RUNS, project_id, opened, user_id)
    closed = [
        _CloseRow(run.id, run.closer.id, run.closer.body.ended_at, run.closer.body.failure)
        for run in runs
        if run.closer is not None
    ]
    if closed:
        await db.execute(CLOSE_RUNS, project_id, closed)
    await db.execute(
        SET_STATES, project_id, [_StateRow(run.id, run.status, run.heartbeat_at) for run in runs]
    )


def _open_row(run: Run, event: RunEvent) -> _OpenRow:
    body = event.body
    return _OpenRow(
        id=run.id,
        open_event_id=event.id,
        pipeline_id=run.pipeline_id,
        snapshot_id=body.snapshot_id,
        number=run.number,
        name=body.name,
        started_at=body.started_at,
        code_version=body.code_version,
        code=body.code,
        environment=body.environment,
        parameters=body.parameters,
        configuration=body.configuration,
    )


LINK_MODELS = """
insert into run_model_version (project_id, run_id, model_version_id)
select $1, n.run_id, n.model_version_id from unnest($2::uuid[], $3::uuid[]) as n (run_id, model_version_id)
order by n.run_id, n.model_version_id on conflict do nothing returning run_id, model_version_id
"""


async def link_models(
    db: Connection, project_id: UUID, pairs: Collection[tuple[UUID, UUID]]
) -> set[tuple[UUID, UUID]]:
    """Each run has its model versions. The runs have rows. Gives the pairs (run, model version) that are new."""
    if not pairs:
        return set()
    run_ids, version_ids = zip(*pairs, strict=True)
    return {(row[0], row[1]) for row in await db.fetch(LINK_MODELS, project_id, run_ids, version_ids)}


PATCH_RUNS = """
with merged as (
  select r.id, jsonb_object_agg(n.step, coalesce(r.meta -> n.step, '{}') || n.patch) as patch
  from jsonb_to_recordset($2) as n (target_id uuid, step text, patch jsonb)
  join run r on r.project_id = $1 and r.id = n.target_id group by r.id)
update run set meta = run.meta || merged.patch from merged where run.project_id = $1 and run.id = merged.id
"""


async def show_metadata(db: Connection, project_id: UUID, patches: Sequence[Patch]) -> None:
    """The runs' documents hold these values. The runs are locked."""
    if patches:
        await db.execute(PATCH_RUNS, project_id, patches)


COUNT_RUNS = """
insert into run_count as c (project_id, pipeline_id, status, runs)
select $1, n.pipeline_id, n.status, n.runs from unnest($2::uuid[], $3::text[], $4::int[]) as n (pipeline_id, status, runs)
order by n.pipeline_id, n.status
on conflict (project_id, pipeline_id, status) do update set runs = c.runs + excluded.runs
"""


async def count_runs(db: Connection, project_id: UUID, counts: Mapping[tuple[UUID, str], int]) -> None:
    """As many more runs are counted, by pipeline and status; less if negative. Call it last: it locks what all share."""
    rows = [(pipeline_id, status, runs) for (pipeline_id, status), runs in counts.items() if runs]
    if rows:
        pipeline_ids, statuses, runs = zip(*rows, strict=True)
        await db.execute(COUNT_RUNS, project_id, pipeline_ids, statuses, runs)
