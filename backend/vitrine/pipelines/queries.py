"""What is read of pipelines and snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from vitrine.database.rows import find_one
from vitrine.errors import PipelineNotFound, SnapshotNotFound
from vitrine.ids import find_id
from vitrine.paging import Page, Total, pattern_of, read_cursor, write_cursor
from vitrine.pipelines.structs import PipelineItem, RunTick, SnapshotDetail, SnapshotItem

RECENT_RUNS = 20

FETCH_PIPELINES = """
select pipeline.id, pipeline.name, coalesce(counted.runs, 0), coalesce(counted.failed, 0), pipeline.last_snapshot_number,
       pipeline.created_at, recent.ids, recent.numbers, recent.statuses, recent.durations, recent.starts,
       (select count(*) from pipeline where project_id = $1 and ($4::text is null or name ilike $4))
  from pipeline
  left join (select pipeline_id, sum(runs)::bigint as runs, (sum(runs) filter (where status = 'failed'))::bigint as failed
               from run_count where project_id = $1 group by pipeline_id) counted on counted.pipeline_id = pipeline.id
 cross join lateral (
       select array_agg(id) as ids, array_agg(number) as numbers, array_agg(status) as statuses,
              array_agg(extract(epoch from ended_at - started_at)::float8) as durations, array_agg(started_at) as starts
         from (select id, number, status, started_at, ended_at from run
                where project_id = $1 and pipeline_id = pipeline.id order by id desc limit 20) newest) recent
 where pipeline.project_id = $1 and ($2::text is null or pipeline.name > $2) and ($4::text is null or pipeline.name ilike $4)
 order by pipeline.name limit $3
"""


async def fetch_pipelines(
    db: asyncpg.Connection, project_id: UUID, *, limit: int, cursor: str | None, containing: str | None
) -> Page[PipelineItem]:
    """By name. `containing` is a part of the name, in either case. Raises: CursorInvalid."""
    after = read_cursor(cursor, tuple[str])[0] if cursor else None
    pattern = None if containing is None else pattern_of(containing)
    rows = await db.fetch(FETCH_PIPELINES, project_id, after, limit + 1, pattern)
    items = [_read_pipeline(row) for row in rows[:limit]]
    following = write_cursor(items[-1].name) if len(rows) > limit else None
    return Page(items, following, Total(rows[0][11] if rows else 0))


def _read_pipeline(row: Sequence[Any]) -> PipelineItem:
    ticks = [RunTick(*one) for one in zip(*(column or [] for column in row[6:11]), strict=True)]
    return PipelineItem(*[*row[:6], ticks[::-1]])


FIND_PIPELINE = """
select pipeline.id, pipeline.name, coalesce(counted.runs, 0), coalesce(counted.failed, 0), pipeline.last_snapshot_number,
       pipeline.created_at, recent.ids, recent.numbers, recent.statuses, recent.durations, recent.starts
  from pipeline
 cross join lateral (
       select sum(runs)::bigint as runs, (sum(runs) filter (where status = 'failed'))::bigint as failed
         from run_count where project_id = $1 and pipeline_id = pipeline.id) counted
 cross join lateral (
       select array_agg(id) as ids, array_agg(number) as numbers, array_agg(status) as statuses,
              array_agg(extract(epoch from ended_at - started_at)::float8) as durations, array_agg(started_at) as starts
         from (select id, number, status, started_at, ended_at from run
                where project_id = $1 and pipeline_id = pipeline.id order by id desc limit 20) newest) recent
 where pipeline.project_id = $1 and (pipeline.name = $2 or pipeline.id = $3)
"""


async def fetch_pipeline(db: asyncpg.Connection, project_id: UUID, name: str) -> PipelineItem:
    """By name or id. Raises: PipelineNotFound."""
    row = await db.fetchrow(FIND_PIPELINE, project_id, name, find_id(name))
    if row is None:
        raise PipelineNotFound(name)
    return _read_pipeline(row)


FETCH_SNAPSHOTS = """
select snapshot.id, snapshot.number, snapshot.created_at, jsonb_array_length(snapshot.spec -> 'steps'),
       coalesce(counted.runs, 0), pipeline.last_snapshot_number
  from pipeline join snapshot on snapshot.project_id = $1 and snapshot.pipeline_id = pipeline.id
  left join (select snapshot_id, count(*) as runs from run where project_id = $1 and pipeline_id = $2 group by snapshot_id) counted
         on counted.snapshot_id = snapshot.id
 where pipeline.project_id = $1 and pipeline.id = $2 and ($3::int is null or snapshot.number < $3)
 order by snapshot.number desc limit $4
"""


async def fetch_snapshots(
    db: asyncpg.Connection, project_id: UUID, pipeline_id: UUID, *, limit: int, cursor: str | None
) -> Page[SnapshotItem]:
    """The newest first. Raises: CursorInvalid."""
    before = read_cursor(cursor, tuple[int])[0] if cursor else None
    rows = await db.fetch(FETCH_SNAPSHOTS, project_id, pipeline_id, before, limit + 1)
    items = [SnapshotItem(*row[:5]) for row in rows[:limit]]
    following = write_cursor(items[-1].number) if len(rows) > limit else None
    return Page(items, following, Total(rows[0][5] if rows else 0))


FIND_SNAPSHOT = """
select snapshot.id, snapshot.number, pipeline.id, pipeline.name, snapshot.created_at, snapshot.spec
  from snapshot join pipeline on pipeline.project_id = $1 and pipeline.id = snapshot.pipeline_id
 where snapshot.project_id = $1 and snapshot.id = $2
"""


async def fetch_snapshot(db: asyncpg.Connection, project_id: UUID, snapshot_id: UUID) -> SnapshotDetail:
    """Raises: SnapshotNotFound."""
    snapshot = await find_one(db, SnapshotDetail, FIND_SNAPSHOT, project_id, snapshot_id)
    if snapshot is None:
        raise SnapshotNotFound(snapshot_id)
    return snapshot
