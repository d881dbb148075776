"""What is read to take over the outputs of an earlier step."""

from __future__ import annotations

from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from vitrine.database.pool import Connection
from vitrine.database.rows import find_one
from vitrine.runs.cache_structs import CachedStep


class _Row(Struct):
    run_id: UUID
    run_number: int | None
    step: str
    metadata: Raw
    outputs: Raw


# a step of which an output is gone can't be taken over
CACHED_STEP = """
select step.run_id, run.number, step.key, coalesce(run.meta -> step.key, '{}'), coalesce(written.outputs, '[]')
  from step
  join run on run.project_id = step.project_id and run.id = step.run_id
  left join lateral (
    select jsonb_agg(jsonb_build_object(
             'output', step_output.output, 'artifact_version_id', version.id, 'artifact', artifact.name,
             'type', version.type, 'data_type', version.data_type, 'materializer', version.materializer,
             'files', version.files) order by step_output.output, step_output.position) as outputs,
           bool_and(version.id is not null and version.uri is null) as is_whole
      from step_output
      left join artifact_version version
        on version.project_id = step_output.project_id and version.id = step_output.artifact_version_id
      left join artifact on artifact.project_id = version.project_id and artifact.id = version.artifact_id
     where step_output.project_id = step.project_id and step_output.run_id = step.run_id
       and step_output.step = step.key) written on true
 where step.project_id = $1 and step.cache_key = $2 and step.status in ('completed', 'cached')
   and coalesce(written.is_whole, true)
 order by step.run_id desc
 limit 1
"""


async def find_cached_step(db: Connection, project_id: UUID, cache_key: bytes) -> CachedStep | None:
    """The newest step of the project that ended well under this key and whose outputs are all still there."""
    row = await find_one(db, _Row, CACHED_STEP, project_id, cache_key)
    return None if row is None else msgspec.convert(msgspec.json.decode(msgspec.json.encode(row)), CachedStep)
