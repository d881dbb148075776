"""Projects and what is in them, counted."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from vitrine.database.pool import Connection
from vitrine.database.rows import fetch_all
from vitrine.errors import ProjectNotFound
from vitrine.projects.structs import ProjectDetail, ProjectItem

FETCH_PROJECTS = """
select p.id, p.slug, p.name, p.description,
  coalesce((select sum(runs) from run_count c where c.project_id = p.id), 0)::bigint,
  (select count(*) from pipeline where project_id = p.id)
from project p where p.id = any($1) order by p.slug
"""


async def fetch_projects(db: Connection, ids: list[UUID]) -> list[ProjectItem]:
    """These projects, by slug."""
    return await fetch_all(db, ProjectItem, FETCH_PROJECTS, ids)


FETCH_PROJECT = """
with statuses as (
  select status, sum(runs)::bigint as runs from run_count where project_id = $1 and runs > 0 group by status)
select p.id, p.slug, p.name, p.description,
  coalesce((select sum(runs) from statuses), 0)::bigint as runs,
  (select count(*) from pipeline where project_id = $1) as pipelines,
  (select count(*) from model where project_id = $1) as models,
  (select count(*) from artifact where project_id = $1) as artifacts,
  (select coalesce(jsonb_object_agg(status, runs), '{}') from statuses)
from project p where p.id = $1
"""


async def fetch_project(db: Connection, project_id: UUID) -> ProjectDetail:
    """The project with its counts. Raises: ProjectNotFound."""
    record: Any = await db.fetchrow(FETCH_PROJECT, project_id)
    if record is None:
        raise ProjectNotFound(str(project_id))
    id, slug, name, description, runs, pipelines, models, artifacts, statuses = record
    counts = {"runs": runs, "pipelines": pipelines, "models": models, "artifacts": artifacts}
    return ProjectDetail(
        id, slug, name, description, counts, msgspec.json.decode(statuses, type=dict[str, int])
    )
