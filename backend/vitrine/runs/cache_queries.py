"""What is read to take over the outputs of earlier steps."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from vitrine.database.pool import Connection
from vitrine.database.rows import fetch_all
from vitrine.runs.cache_structs import CachedStep


class _Row(Struct):
    cache_key: str
    run_id: UUID
    run_number: int | None
    step: str
    metadata: Raw
    outputs: Raw


# A step of which an output is gone can't be taken over. Only the newest ten of a key are tried: a step that runs every
# hour has thousands of rows under one key.
CACHED_STEPS = """
select encode(asked.key, 'hex'), found.run_id, found.number, found.step, found.metadata, found.outputs
  from unnest($2::bytea[]) as asked (key)
 cross join lateral (
   select newest.run_id, run.number, newest.key as step, coalesce(run.meta -> newest.key, '{}') as metadata,
          coalesce(written.outputs, '[]') as outputs
     from (select step.run_id, step.key from step
            where step.project_id = $1 and step.cache_key = asked.key and step.status in ('completed', 'cached')
            order by step.run_id desc limit 10) newest
     join run on run.project_id = $1 and run.id = newest.run_id
     left join lateral (
       select jsonb_agg(jsonb_build_object(
                'output', step_output.output, 'artifact_version_id', version.id, 'artifact', artifact.name,
                'type', version.type, 'data_type', version.data_type, 'materializer', version.materializer,
                'files', version.files) order by step_output.output, step_output.position) as outputs,
              bool_and(version.id is not null and version.uri is null) as is_whole
         from step_output
         left join artifact_version version
           on version.project_id = $1 and version.id = step_output.artifact_version_id
         left join artifact on artifact.project_id = $1 and artifact.id = version.artifact_id
        where step_output.project_id = $1 and step_output.run_id = newest.run_id
          and step_output.step = newest.key) written on true
    where coalesce(written.is_whole, true)
    order by newest.run_id desc
    limit 1) found
"""


async def fetch_cached_steps(
    db: Connection, project_id: UUID, cache_keys: Sequence[str]
) -> dict[str, CachedStep]:
    """By key the newest step of the project that ended well under it and whose outputs are all still there."""
    keys = [bytes.fromhex(key) for key in cache_keys]
    rows = await fetch_all(db, _Row, CACHED_STEPS, project_id, keys)
    return {row.cache_key: _read(row) for row in rows}


def _read(row: _Row) -> CachedStep:
    told = {name: getattr(row, name) for name in row.__struct_fields__ if name != "cache_key"}
    return msgspec.json.decode(msgspec.json.encode(told), type=CachedStep)
