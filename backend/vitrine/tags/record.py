"""Tags as pipelines report them: they are added, never taken away."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, TypeAlias
from uuid import UUID

from vitrine.database.lookups import identify
from vitrine.database.pool import Connection

Tagged: TypeAlias = Literal["run", "artifact_version", "model_version"]

FIND_TAGS = "select name, id from tag where project_id = $1 and name = any($2::text[])"
INSERT_TAGS = """
insert into tag (project_id, id, name)
select $1, new.id, new.name from unnest($2::text[], $3::uuid[]) as new (name, id) order by new.name
on conflict (project_id, name) do nothing
"""


async def identify_tags(db: Connection, project_id: UUID, names: Collection[str]) -> dict[str, UUID]:
    return await identify(db, project_id, names, find=FIND_TAGS, insert=INSERT_TAGS)


ADD_TAGS = {
    "run": """
insert into run_tag (project_id, run_id, tag_id)
select $1, new.id, new.tag_id from unnest($2::uuid[], $3::uuid[]) as new (id, tag_id) order by new.tag_id, new.id
on conflict do nothing returning run_id, tag_id
""",
    "artifact_version": """
insert into artifact_version_tag (project_id, artifact_version_id, tag_id)
select $1, new.id, new.tag_id from unnest($2::uuid[], $3::uuid[]) as new (id, tag_id) order by new.tag_id, new.id
on conflict do nothing returning artifact_version_id, tag_id
""",
    "model_version": """
insert into model_version_tag (project_id, model_version_id, tag_id)
select $1, new.id, new.tag_id from unnest($2::uuid[], $3::uuid[]) as new (id, tag_id) order by new.tag_id, new.id
on conflict do nothing returning model_version_id, tag_id
""",
}


async def add_tags(
    db: Connection, project_id: UUID, kind: Tagged, pairs: Collection[tuple[UUID, UUID]]
) -> set[tuple[UUID, UUID]]:
    """Each thing has its tag. Gives the pairs (thing, tag) that are new."""
    if not pairs:
        return set()
    things, tags = zip(*pairs, strict=True)
    return {(row[0], row[1]) for row in await db.fetch(ADD_TAGS[kind], project_id, things, tags)}
