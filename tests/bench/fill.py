"""Runs by the thousand, written set-based: realistic names, tags, metrics, and one graph of a thousand steps."""

from __future__ import annotations

import asyncpg

FILL_RUNS = """
with given as (
  select $1::uuid as project_id, $2::int as runs, $3::int as pipelines),
pipe as (
  insert into pipeline (project_id, id, name, last_run_number)
  select project_id, gen_random_uuid(), 'pipeline_' || n, runs / pipelines from given, generate_series(1, pipelines) n
  on conflict (project_id, name) do update set last_run_number = excluded.last_run_number
  returning project_id, id, name),
numbered as (select *, row_number() over (order by name) - 1 as place, count(*) over () as pipes from pipe)
insert into run (project_id, id, open_event_id, close_event_id, pipeline_id, number, name, started_at, ended_at, status, code_version, meta)
select numbered.project_id,
       (lpad(to_hex((extract(epoch from now()) * 1000)::bigint - ($2 - n)::bigint * 60000), 12, '0') || '7' || substr(md5(n::text || numbered.project_id), 1, 3)
        || '8' || substr(md5('b' || n || numbered.project_id), 1, 15))::uuid,
       gen_random_uuid(), gen_random_uuid(), numbered.id, n / $3 + 1, 'night-train-' || n,
       now() - ($2 - n) * interval '1 minute', now() - ($2 - n) * interval '1 minute' + (n % 97) * interval '1 second',
       (array['completed', 'completed', 'completed', 'completed', 'failed', 'completed', 'completed', 'cancelled'])[n % 8 + 1],
       substr(md5(n::text), 1, 12),
       jsonb_build_object('', jsonb_build_object('learning_rate', (n % 50) / 1000.0),
                          'evaluate', jsonb_build_object('accuracy', 0.7 + (n::bigint * 7919 % 3000) / 10000.0, 'loss', 1 / (1.0 + n % 100)))
  from generate_series(0, $2 - 1) n join numbered on numbered.place = n % numbered.pipes
"""

FILL_KEYS = """
insert into metadata_key (project_id, name) select $1, unnest(array['accuracy', 'loss', 'learning_rate']) on conflict do nothing
"""

FILL_METADATA = """
insert into run_metadata (project_id, run_id, step, key_id, kind, num, at, event_id)
select run.project_id, run.id, step.key, metadata_key.id, 'number', entry.value::text::float8, run.started_at, run.open_event_id
  from run cross join lateral jsonb_each(run.meta) step cross join lateral jsonb_each(step.value) entry (key, value)
  join metadata_key on metadata_key.project_id = run.project_id and metadata_key.name = entry.key
 where run.project_id = $1
on conflict do nothing
"""

FILL_TAGS = """
with made as (
  insert into tag (project_id, id, name) select $1, gen_random_uuid(), name from unnest(array['night', 'rare']) name
  on conflict (project_id, name) do update set name = excluded.name returning id, name)
insert into run_tag (project_id, tag_id, run_id)
select $1, made.id, run.id from made join run on run.project_id = $1
 where (made.name = 'night' and run.number % 3 = 0) or (made.name = 'rare' and run.number % 997 = 0)
on conflict do nothing
"""

FILL_COUNTS = """
insert into run_count (project_id, pipeline_id, status, runs)
select project_id, pipeline_id, status, count(*) from run where project_id = $1 and pipeline_id is not null group by 1, 2, 3
on conflict (project_id, pipeline_id, status) do update set runs = excluded.runs
"""


async def fill_project(db: asyncpg.Connection, project_id: object, *, runs: int, pipelines: int = 10) -> None:
    for sql, *arguments in (
        (FILL_RUNS, runs, pipelines),
        (FILL_KEYS,),
        (FILL_METADATA,),
        (FILL_TAGS,),
        (FILL_COUNTS,),
    ):
        await db.execute(sql, project_id, *arguments, timeout=600)
