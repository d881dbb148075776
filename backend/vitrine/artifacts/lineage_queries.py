"""Lineage, link by link: a step with one version that it took and one that it made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct

from vitrine.database.pool import Connection
from vitrine.database.rows import fetch_all

MOST_LINKS = 2_000


class Link(Struct):
    run_id: UUID
    step: str
    taken: UUID | None
    made: UUID | None


FETCH_LINKS = """
with recursive above (version_id, depth) as (
  select $2::uuid, 0
  union
  select i.artifact_version_id, above.depth + 1
    from above
    join artifact_version v on v.project_id = $1 and v.id = above.version_id
    join step_input i on i.project_id = $1 and i.run_id = v.run_id and i.step = v.step
   where above.depth < $3),
below (version_id, depth) as (
  select $2::uuid, 0
  union
  select made.id, below.depth + 1
    from below
    join step_input i on i.project_id = $1 and i.artifact_version_id = below.version_id
    join artifact_version made on made.project_id = $1 and made.run_id = i.run_id and made.step = i.step
   where below.depth < $3)
select v.run_id, v.step, i.artifact_version_id, v.id
  from (select version_id from above group by version_id having min(depth) < $3) near
  join artifact_version v on v.project_id = $1 and v.id = near.version_id and v.run_id is not null and v.step is not null
  left join step_input i on i.project_id = $1 and i.run_id = v.run_id and i.step = v.step
union all
select i.run_id, i.step, i.artifact_version_id, made.id
  from (select version_id from below group by version_id having min(depth) < $3) near
  join step_input i on i.project_id = $1 and i.artifact_version_id = near.version_id
  left join artifact_version made on made.project_id = $1 and made.run_id = i.run_id and made.step = i.step
 limit $4
"""


async def fetch_links(
    db: Connection, project_id: UUID, version_id: UUID, *, depth: int
) -> tuple[list[Link], bool]:
    """What it was made from and what was made from it, and whether that is not all."""
    links = await fetch_all(db, Link, FETCH_LINKS, project_id, version_id, depth, MOST_LINKS + 1)
    return links[:MOST_LINKS], len(links) > MOST_LINKS


FETCH_VERSION_NODES = """
select v.id, a.name, v.number, v.type, v.data_type
  from artifact_version v join artifact a on a.project_id = $1 and a.id = v.artifact_id
 where v.project_id = $1 and v.id = any($2::uuid[]) order by v.id
"""


async def fetch_version_nodes(db: Connection, project_id: UUID, ids: Sequence[UUID]) -> list[Sequence[Any]]:
    return list(await db.fetch(FETCH_VERSION_NODES, project_id, ids))


FETCH_STEP_NODES = """
select r.id, wanted.step, s.status, r.number, r.name, p.name
  from unnest($2::uuid[], $3::text[]) wanted (run_id, step)
  join run r on r.project_id = $1 and r.id = wanted.run_id
  left join step s on s.project_id = $1 and s.run_id = wanted.run_id and s.key = wanted.step
  left join pipeline p on p.project_id = $1 and p.id = r.pipeline_id
 order by r.id, wanted.step
"""


async def fetch_step_nodes(
    db: Connection, project_id: UUID, steps: Sequence[tuple[UUID, str]]
) -> list[Sequence[Any]]:
    run_ids, keys = [one[0] for one in steps], [one[1] for one in steps]
    return list(await db.fetch(FETCH_STEP_NODES, project_id, run_ids, keys))
