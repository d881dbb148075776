"""What is read of a run's steps: the list, one step whole, their state in the graph."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Raw, Struct

from vitrine.database.rows import fetch_all, find_one
from vitrine.errors import RunsNotFound
from vitrine.runs.structs import ArtifactMention, Attempt, RunMention, StepItem


class External(Struct):
    """An input of a step that no step of the run wrote."""

    step: str
    input: str
    id: UUID
    artifact: str | None
    data_type: str | None
    number: int | None


class Drawable(Struct):
    """What of a run decides its graph."""

    status: str
    snapshot_id: UUID | None
    structure_hash: bytes | None
    externals: list[External]


FIND_DRAWABLE = """
select run.status, snapshot.id, snapshot.structure_hash, coalesce((
         select jsonb_agg(jsonb_build_object(
                  'step', step_input.step, 'input', step_input.input, 'id', step_input.artifact_version_id,
                  'artifact', artifact.name, 'data_type', artifact_version.data_type, 'number', artifact_version.number)
                order by step_input.step, step_input.input, step_input.position)
           from step_input
           left join artifact_version on artifact_version.project_id = $1 and artifact_version.id = step_input.artifact_version_id
           left join artifact on artifact.project_id = $1 and artifact.id = artifact_version.artifact_id
          where step_input.project_id = $1 and step_input.run_id = $2
            and not exists (
                select from step_output
                 where step_output.project_id = $1 and step_output.run_id = $2
                   and step_output.artifact_version_id = step_input.artifact_version_id)), '[]')
  from run left join snapshot on snapshot.project_id = $1 and snapshot.id = run.snapshot_id
 where run.project_id = $1 and run.id = $2
"""


async def fetch_drawable(db: asyncpg.Connection, project_id: UUID, run_id: UUID) -> Drawable:
    """Raises: RunsNotFound."""
    row = await db.fetchrow(FIND_DRAWABLE, project_id, run_id)
    if row is None:
        raise RunsNotFound([run_id])
    return Drawable(*[*row[:3], msgspec.json.decode(row[3], type=list[External])])


class StepState(Struct):
    """A step as its node shows it. `outputs`, `version_ids` and `numbers` belong together."""

    key: str
    status: str
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    attempt: int
    blocked_by: str | None
    cached_from: int | None
    outputs: list[str] | None
    version_ids: list[UUID] | None
    numbers: list[int | None] | None


FETCH_STEP_STATES = """
select step.key, step.status, step.started_at, step.ended_at, extract(epoch from step.ended_at - step.started_at)::float8,
       step.attempt, step.blocked_by, origin.number, made.outputs, made.version_ids, made.numbers
  from step
  left join run origin on origin.project_id = $1 and origin.id = step.cached_from_run_id
  left join (
       select step_output.step, array_agg(step_output.output) as outputs,
              array_agg(step_output.artifact_version_id) as version_ids, array_agg(artifact_version.number) as numbers
         from step_output
         left join artifact_version on artifact_version.project_id = $1 and artifact_version.id = step_output.artifact_version_id
        where step_output.project_id = $1 and step_output.run_id = $2 and step_output.position = 0
        group by step_output.step) made on made.step = step.key
 where step.project_id = $1 and step.run_id = $2
 order by step.key
"""


async def fetch_step_states(db: asyncpg.Connection, project_id: UUID, run_id: UUID) -> list[StepState]:
    return await fetch_all(db, StepState, FETCH_STEP_STATES, project_id, run_id)


class SketchedStep(Struct):
    """A step of a run that tells of no snapshot: what it read and wrote, as aligned arrays."""

    key: str
    inputs: list[str] | None
    input_ids: list[UUID] | None
    outputs: list[str] | None
    output_ids: list[UUID] | None
    artifacts: list[str | None] | None
    data_types: list[str | None] | None


FETCH_SKETCH = """
select step.key, taken.inputs, taken.ids, made.outputs, made.ids, made.artifacts, made.data_types
  from step
  left join (
       select step, array_agg(input) as inputs, array_agg(artifact_version_id) as ids
         from step_input where project_id = $1 and run_id = $2 group by step) taken on taken.step = step.key
  left join (
       select step_output.step, array_agg(step_output.output) as outputs, array_agg(step_output.artifact_version_id) as ids,
              array_agg(artifact.name) as artifacts, array_agg(artifact_version.data_type) as data_types
         from step_output
         left join artifact_version on artifact_version.project_id = $1 and artifact_version.id = step_output.artifact_version_id
         left join artifact on artifact.project_id = $1 and artifact.id = artifact_version.artifact_id
        where step_output.project_id = $1 and step_output.run_id = $2 group by step_output.step) made on made.step = step.key
 where step.project_id = $1 and step.run_id = $2
 order by step.started_at, step.key
"""


async def fetch_sketch(db: asyncpg.Connection, project_id: UUID, run_id: UUID) -> list[SketchedStep]:
    return await fetch_all(db, SketchedStep, FETCH_SKETCH, project_id, run_id)


FIND_RUN_SNAPSHOT = "select snapshot_id from run where project_id = $1 and id = $2"


async def fetch_run_snapshot(db: asyncpg.Connection, project_id: UUID, run_id: UUID) -> UUID | None:
    """The id of the run's snapshot, which may not have arrived. Raises: RunsNotFound."""
    row = await db.fetchrow(FIND_RUN_SNAPSHOT, project_id, run_id)
    if row is None:
        raise RunsNotFound([run_id])
    snapshot_id: UUID | None = row[0]
    return snapshot_id


FIND_SPEC = "select spec from snapshot where project_id = $1 and id = $2"


async def find_spec(db: asyncpg.Connection, project_id: UUID, snapshot_id: UUID) -> Raw | None:
    """The body of the snapshot's event."""
    spec: Raw | None = await db.fetchval(FIND_SPEC, project_id, snapshot_id)
    return spec


FIND_STRUCTURE_HASH = "select structure_hash from snapshot where project_id = $1 and id = $2"


async def find_structure_hash(db: asyncpg.Connection, project_id: UUID, snapshot_id: UUID) -> bytes | None:
    found: bytes | None = await db.fetchval(FIND_STRUCTURE_HASH, project_id, snapshot_id)
    return found


FETCH_STEPS = """
select step.key, step.status, step.attempt, step.started_at, step.ended_at,
       extract(epoch from step.ended_at - step.started_at)::float8, step.blocked_by,
       origin.id, origin.number, origin.name, pipeline.name
  from step
  left join run origin on origin.project_id = $1 and origin.id = step.cached_from_run_id
  left join pipeline on pipeline.project_id = $1 and pipeline.id = origin.pipeline_id
 where step.project_id = $1 and step.run_id = $2
 order by step.started_at, step.key
"""


async def fetch_steps(db: asyncpg.Connection, project_id: UUID, run_id: UUID) -> list[StepItem]:
    """The steps that have begun, in the order in which they did; named by their keys."""
    rows = await db.fetch(FETCH_STEPS, project_id, run_id)
    return [StepItem(*[row[0], *row[:7], mention_run(row[7:11])]) for row in rows]


def mention_run(columns: Any) -> RunMention | None:
    """From the columns id, number, name and pipeline of an outer join."""
    return None if columns[0] is None else RunMention(*columns)


class StepRow(Struct):
    """One step, wherever it is known from. `spec` is its part of the snapshot; `status` is None before it began."""

    spec: Raw | None
    metadata: Raw
    status: str | None
    attempt: int | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    blocked_by: str | None
    parameters: Raw | None
    configuration: Raw | None
    origin_id: UUID | None
    origin_number: int | None
    origin_name: str | None
    origin_pipeline: str | None
    log_lines: int
    error_marks: list[bytes]


FIND_STEP = """
select (select part from jsonb_array_elements(snapshot.spec -> 'steps') part where part ->> 'key' = $3 limit 1),
       coalesce(run.meta -> $3, '{}'), step.status, step.attempt, step.started_at, step.ended_at,
       extract(epoch from step.ended_at - step.started_at)::float8, step.blocked_by, step.parameters, step.configuration,
       origin.id, origin.number, origin.name, pipeline.name,
       coalesce((select first_line + lines - 1 from log_chunk
                  where project_id = $1 and run_id = $2 and step = $3 and attempt = coalesce(step.attempt, 1)
                  order by first_line desc limit 1), 0),
       array(select marks from log_chunk
              where project_id = $1 and run_id = $2 and step = $3 and attempt = coalesce(step.attempt, 1) and worst_level >= 40)
  from run
  left join snapshot on snapshot.project_id = $1 and snapshot.id = run.snapshot_id
  left join step on step.project_id = $1 and step.run_id = $2 and step.key = $3
  left join run origin on origin.project_id = $1 and origin.id = step.cached_from_run_id
  left join pipeline on pipeline.project_id = $1 and pipeline.id = origin.pipeline_id
 where run.project_id = $1 and run.id = $2
"""


async def fetch_step(db: asyncpg.Connection, project_id: UUID, run_id: UUID, key: str) -> StepRow:
    """Raises: RunsNotFound."""
    row = await find_one(db, StepRow, FIND_STEP, project_id, run_id, key)
    if row is None:
        raise RunsNotFound([run_id])
    return row


FETCH_ATTEMPTS = """
select attempt, status, started_at, ended_at, extract(epoch from ended_at - started_at)::float8,
       coalesce(failure, 'null'), coalesce(resources, 'null')
  from step_attempt where project_id = $1 and run_id = $2 and step = $3 order by attempt
"""


async def fetch_attempts(db: asyncpg.Connection, project_id: UUID, run_id: UUID, key: str) -> list[Attempt]:
    return await fetch_all(db, Attempt, FETCH_ATTEMPTS, project_id, run_id, key)


FETCH_STEP_ARTIFACTS = """
select given.is_output, given.name, given.artifact_version_id, artifact.name, artifact_version.number, artifact_version.name,
       artifact_version.type, artifact_version.data_type, artifact_version.size_bytes,
       maker.id, maker.number, maker.name, pipeline.name, artifact_version.step,
       (select count(*) from visualization
         where visualization.project_id = $1 and visualization.artifact_version_id = artifact_version.id),
       artifact_version.artifact_id is null
  from (select false as is_output, input as name, position, artifact_version_id
          from step_input where project_id = $1 and run_id = $2 and step = $3
        union all
        select true, output, position, artifact_version_id
          from step_output where project_id = $1 and run_id = $2 and step = $3) given
  left join artifact_version on artifact_version.project_id = $1 and artifact_version.id = given.artifact_version_id
  left join artifact on artifact.project_id = $1 and artifact.id = artifact_version.artifact_id
  left join run maker on maker.project_id = $1 and maker.id = artifact_version.run_id
  left join pipeline on pipeline.project_id = $1 and pipeline.id = maker.pipeline_id
 order by given.is_output, given.name, given.position
"""


async def fetch_step_artifacts(
    db: asyncpg.Connection, project_id: UUID, run_id: UUID, key: str
) -> tuple[list[ArtifactMention], list[ArtifactMention]]:
    """Inputs and outputs, by name and position."""
    rows = await db.fetch(FETCH_STEP_ARTIFACTS, project_id, run_id, key)
    inputs: list[ArtifactMention] = []
    outputs: list[ArtifactMention] = []
    for row in rows:
        mention = ArtifactMention(*[*row[1:9], mention_run(row[9:13]), *row[13:16]])
        (outputs if row[0] else inputs).append(mention)
    return inputs, outputs
