"""What is read of runs, and how one is renamed, tagged, archived and deleted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Raw

from vitrine.database.pool import Connection
from vitrine.errors import RunsNotFound
from vitrine.filters.fields import RUNS
from vitrine.filters.sort import parse_sort
from vitrine.filters.sql import CompiledFilter, compile_runs_filter
from vitrine.paging import COUNT_CAP, Page, Total
from vitrine.runs.structs import ModelVersionMention, Named, RunDetail, RunItem

NO_METADATA = Raw(b"{}")

# The hot path: one statement, no jsonb, totals beside the rows. The limit is part of the text: bound, PostgreSQL would
# have to guess it, and so would plan anew for each request, which takes longer than the rows.
NEWEST_RUNS = """
select r.id, r.number, coalesce(r.name, ''), r.status, p.id, p.name, u.id, u.name, r.started_at, r.ended_at,
       array(select t.name from run_tag l join tag t on t.project_id = $1 and t.id = l.tag_id
              where l.project_id = $1 and l.run_id = r.id order by t.name),
       (select coalesce(sum(runs), 0)::bigint from run_count where project_id = $1)
       - (select count(*) from run where project_id = $1 and archived_at is not null and pipeline_id is not null)
  from run r
  join pipeline p on p.project_id = $1 and p.id = r.pipeline_id
  left join app_user u on u.id = r.user_id
 where r.project_id = $1 and r.started_at is not null and r.archived_at is null
 order by r.started_at desc, r.id desc limit 51
"""
NEWEST_RUNS_BY_LIMIT = {most: NEWEST_RUNS.replace("limit 51", f"limit {most + 1}") for most in (50, 100, 200)}


async def find_newest_runs(db: Connection, project_id: UUID, *, limit: int) -> Page[RunItem] | None:
    """The newest runs that are not archived, if that many have started; else ask `fetch_runs`."""
    statement = next(sql for most, sql in NEWEST_RUNS_BY_LIMIT.items() if limit <= most)
    rows = await db.fetch(statement, project_id)
    if len(rows) <= limit:
        return None
    items = [_read_run(row, NO_METADATA) for row in rows[:limit]]
    last = rows[limit - 1]
    key = last[8].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    following = parse_sort(None, RUNS).encode_cursor(phase=0, key=key, id_=last[0])
    return Page(items, following, Total(rows[0][11]))


RUN_COLUMNS = """
r.id, r.number, coalesce(r.name, ''), r.status, p.id, p.name, u.id, u.name, r.started_at, r.ended_at,
array(select t.name from run_tag l join tag t on t.project_id = $1 and t.id = l.tag_id
       where l.project_id = $1 and l.run_id = r.id order by t.name),
"""
RUN_JOINS = """
left join pipeline p on p.project_id = $1 and p.id = r.pipeline_id
left join app_user u on u.id = r.user_id
"""
# A key of the run itself goes before the same key of its steps.
RUN_METADATA = """
(select coalesce(jsonb_object_agg(asked.key, found.value), '{}')
   from unnest($2::text[]) asked (key)
  cross join lateral (
        select step.value -> asked.key as value from jsonb_each(r.meta) step
         where step.value ? asked.key order by step.key limit 1) found)
"""
LISTED = {
    False: "r.pipeline_id is not null and r.archived_at is null",
    True: "r.pipeline_id is not null and r.archived_at is not null",
}


async def fetch_runs(
    db: Connection,
    project_id: UUID,
    *,
    filter_: str,
    sort: str | None,
    cursor: str | None,
    limit: int,
    metadata: Sequence[str],
    archived: bool,
) -> Page[RunItem]:
    """Runs that fulfil the filter, in the order of the sort, from the cursor on. Raises: FilterInvalid, CursorInvalid."""
    order = parse_sort(sort, RUNS)
    keys = [list(metadata)] if metadata else []
    found = compile_runs_filter(filter_, first=2 + len(keys))
    counts = await _probe(db, project_id, found)
    columns = RUN_COLUMNS + (RUN_METADATA if keys else "null")
    statement = order.compile_list(
        columns,
        RUN_JOINS,
        where=f"{LISTED[archived]} and ({_choose_plan(found, counts)})",
        arguments=found.arguments,
        cursor=cursor,
        limit=limit + 1,
        first=2 + len(keys),
    )
    rows = await db.fetch(statement.sql, project_id, *keys, *statement.arguments)
    shown, following = order.cut(rows, limit=limit)
    items = [_read_run(row, row[11] or NO_METADATA) for row in shown]
    if cursor is None and following is None:
        return Page(items, None, Total(len(items)))
    total = await _count_runs(db, project_id, filter_, counts=counts, archived=archived)
    return Page(items, following, total)


def _read_run(row: Sequence[Any], metadata: Raw) -> RunItem:
    started_at, ended_at = row[8], row[9]
    duration_s = (ended_at - started_at).total_seconds() if started_at and ended_at else None
    pipeline = None if row[4] is None else Named(row[4], row[5])
    user = None if row[6] is None else Named(row[6], row[7])
    return RunItem(*[*row[:4], pipeline, user, started_at, ended_at, duration_s, row[10], metadata])


async def _probe(db: Connection, project_id: UUID, found: CompiledFilter) -> list[int] | None:
    """How rare the indexed conditions are; None if there are none."""
    probe = found.rarest_metadata
    return None if probe is None else await db.fetchval(probe.sql, project_id, *probe.arguments)


def _choose_plan(found: CompiledFilter, counts: list[int] | None) -> str:
    probe = found.rarest_metadata
    return found.where if probe is None or counts is None else probe.choose(counts)


COUNT_LISTED = {
    False: """
select (select coalesce(sum(runs), 0)::bigint from run_count where project_id = $1)
       - (select count(*) from run where project_id = $1 and archived_at is not null and pipeline_id is not null)
""",
    True: "select count(*) from run where project_id = $1 and archived_at is not null and pipeline_id is not null",
}
COUNT_FOUND = "select count(*) from (select from run r where r.project_id = $1 and {listed} and ({where}) limit {most}) found"


async def _count_runs(
    db: Connection, project_id: UUID, filter_: str, *, counts: list[int] | None, archived: bool
) -> Total:
    """Exact without a filter, from the kept counters; with one, counted up to 5,000, or at least so many."""
    if not filter_.strip():
        return Total(await db.fetchval(COUNT_LISTED[archived], project_id))
    found = compile_runs_filter(filter_)
    probe = found.rarest_metadata
    where, is_whole = (found.where, True) if probe is None or counts is None else probe.choose_count(counts)
    sql = COUNT_FOUND.format(listed=LISTED[archived], where=where, most=COUNT_CAP + 1)
    count = await db.fetchval(sql, project_id, *found.arguments)
    return Total(min(count, COUNT_CAP), exact=is_whole and count <= COUNT_CAP)


# ── one run ───────────────────────────────────────────────────────────────────────────────────────
FIND_RUN = """
select r.id, r.number, coalesce(r.name, ''), r.status, p.id, p.name, u.id, u.name, k.id, k.name, r.snapshot_id,
       r.started_at, r.ended_at, extract(epoch from r.ended_at - r.started_at)::float8, r.heartbeat_at, r.archived_at,
       r.code_version,
       array(select t.name from run_tag l join tag t on t.project_id = $1 and t.id = l.tag_id
              where l.project_id = $1 and l.run_id = r.id order by t.name),
       (select coalesce(jsonb_agg(jsonb_build_object('id', v.id, 'model', m.name, 'number', v.number, 'name', v.name)
                                  order by m.name, v.number), '[]')
          from run_model_version l
          join model_version v on v.project_id = $1 and v.id = l.model_version_id
          join model m on m.project_id = $1 and m.id = v.model_id
         where l.project_id = $1 and l.run_id = r.id),
       (select coalesce(jsonb_object_agg(status, steps), '{}')
          from (select status, count(*) as steps from step where project_id = $1 and run_id = r.id group by status) counted),
       coalesce(jsonb_array_length(s.spec -> 'steps'), 0),
       r.code, r.environment, r.parameters, r.configuration, coalesce(r.meta -> '', '{}'), r.meta - '',
       coalesce(r.failure, 'null')
  from run r
  left join pipeline p on p.project_id = $1 and p.id = r.pipeline_id
  left join app_user u on u.id = r.user_id
  left join stack k on k.project_id = $1 and k.id = r.stack_id
  left join snapshot s on s.project_id = $1 and s.id = r.snapshot_id
 where r.project_id = $1 and r.id = $2
"""


async def fetch_run(db: Connection, project_id: UUID, run_id: UUID) -> RunDetail:
    """The run; steps that its snapshot foresees and that have not begun count as queued. Raises: RunsNotFound."""
    row = await db.fetchrow(FIND_RUN, project_id, run_id)
    if row is None:
        raise RunsNotFound([run_id])
    pipeline, user, stack = (None if row[at] is None else Named(row[at], row[at + 1]) for at in (4, 6, 8))
    models = msgspec.json.decode(row[18], type=list[ModelVersionMention])
    step_counts = msgspec.json.decode(row[19], type=dict[str, int])
    if (to_come := row[20] - sum(step_counts.values())) > 0:
        step_counts["queued"] = step_counts.get("queued", 0) + to_come
    return RunDetail(*[*row[:4], pipeline, user, stack, *row[10:18], models, step_counts, *row[21:]])
