"""What a person changes of a run by hand: its name, its tags, whether it is archived, whether it is there."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from vitrine.database.pool import Connection
from vitrine.database.rows import find_one
from vitrine.errors import RunsNotFound
from vitrine.runs.structs import RunDeletion
from vitrine.tags.record import add_tags, identify_tags

UPDATE_RUN = """
update run set name = coalesce($3, name),
       archived_at = case when $4::boolean is null then archived_at when $4 then coalesce(archived_at, now()) end
 where project_id = $1 and id = $2 returning status
"""


async def update_run(
    db: Connection, project_id: UUID, run_id: UUID, *, name: str | None, archived: bool | None
) -> str:
    """What is not None is so; the run's status. Raises: RunsNotFound."""
    row = await db.fetchrow(UPDATE_RUN, project_id, run_id, name, archived)
    if row is None:
        raise RunsNotFound([run_id])
    return str(row[0])


async def tag_run(db: Connection, project_id: UUID, run_id: UUID, names: Sequence[str]) -> None:
    """The run has these tags, made where they are new."""
    ids = await identify_tags(db, project_id, set(names))
    await add_tags(db, project_id, "run", [(run_id, tag_id) for tag_id in ids.values()])


REMOVE_TAGS = """
delete from run_tag using tag
 where run_tag.project_id = $1 and run_tag.run_id = $2 and tag.project_id = $1 and tag.id = run_tag.tag_id
   and tag.name = any($3)
"""


async def untag_run(db: Connection, project_id: UUID, run_id: UUID, names: Sequence[str]) -> None:
    await db.execute(REMOVE_TAGS, project_id, run_id, list(names))


COUNT_WHAT_GOES = """
select coalesce(run.name, ''), run.number, pipeline.name,
       (select count(*) from step where project_id = $1 and run_id = $2),
       (select coalesce(sum(lines), 0)::bigint from log_chunk where project_id = $1 and run_id = $2),
       (select count(*) from curated_visualization where project_id = $1 and run_id = $2),
       (select count(*) from artifact_version where project_id = $1 and run_id = $2)
  from run left join pipeline on pipeline.project_id = $1 and pipeline.id = run.pipeline_id
 where run.project_id = $1 and run.id = $2
   for update of run
"""
DELETE_RUN = """
with gone as (delete from run where project_id = $1 and id = $2 returning pipeline_id, status)
update run_count set runs = runs - 1 from gone
 where run_count.project_id = $1 and run_count.pipeline_id = gone.pipeline_id and run_count.status = gone.status
"""


async def delete_run(db: Connection, project_id: UUID, run_id: UUID) -> RunDeletion:
    """The run is gone with all that is its own. What it produced stays: others may use it. Raises: RunsNotFound."""
    goes = await find_one(db, RunDeletion, COUNT_WHAT_GOES, project_id, run_id)
    if goes is None:
        raise RunsNotFound([run_id])
    await db.execute(DELETE_RUN, project_id, run_id)
    return goes
