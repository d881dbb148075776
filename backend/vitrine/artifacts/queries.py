"""What is read of artifacts and their versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from vitrine.artifacts.structs import (
    ArtifactFile,
    ArtifactItem,
    ArtifactVersionDetail,
    ArtifactVersionItem,
    Use,
    VersionMention,
    VisualizationItem,
)
from vitrine.database.pool import Connection
from vitrine.errors import ArtifactNotFound, ArtifactVersionNotFound
from vitrine.filters.fields import ARTIFACTS
from vitrine.filters.sort import parse_sort
from vitrine.filters.sql import compile_filter
from vitrine.ids import find_id
from vitrine.paging import COUNT_CAP, Page, Total, pattern_of, read_cursor, write_cursor
from vitrine.runs.step_queries import mention_run

MOST_USES = 200
TABLE_FILE = ".parquet"

ARTIFACT_COLUMNS = """
a.id, a.name, newest.type, newest.data_type, a.last_number,
array(select t.name from artifact_tag l join tag t on t.project_id = $1 and t.id = l.tag_id
       where l.project_id = $1 and l.artifact_id = a.id order by t.name),
newest.id, newest.number, newest.name, newest.created_at, newest.size_bytes, r.id, r.number, r.name, p.name
"""
ARTIFACT_JOINS = """
join lateral (
     select v.id, v.number, v.name, v.created_at, v.type, v.data_type, v.size_bytes, v.run_id from artifact_version v
      where v.project_id = $1 and v.artifact_id = a.id order by v.number desc limit 1) newest on true
left join run r on r.project_id = $1 and r.id = newest.run_id
left join pipeline p on p.project_id = $1 and p.id = r.pipeline_id
"""
LISTED = "a.last_number > 0 and ($2::text is null or a.name ilike $2)"  # one that is only spoken of has no version yet
COUNT_ARTIFACTS = (
    "select count(*) from (select from artifact a where a.project_id = $1 and {where} limit {most}) found"
)


async def fetch_artifacts(
    db: Connection,
    project_id: UUID,
    *,
    filter_: str,
    containing: str | None,
    sort: str | None,
    cursor: str | None,
    limit: int,
) -> Page[ArtifactItem]:
    """Artifacts that fulfil the filter and whose name holds `containing`, by default the newest first.

    Raises: FilterInvalid, CursorInvalid.
    """
    order = parse_sort(sort, ARTIFACTS)
    found = compile_filter(filter_, ARTIFACTS, first=3)
    where = f"{LISTED} and ({found.where})"
    arguments = [None if containing is None else pattern_of(containing), *found.arguments]
    statement = order.compile_list(
        ARTIFACT_COLUMNS, ARTIFACT_JOINS, where=where, arguments=arguments, cursor=cursor, limit=limit + 1
    )
    rows = await db.fetch(statement.sql, project_id, *statement.arguments)
    shown, following = order.cut(rows, limit=limit)
    items = [_read_artifact(row) for row in shown]
    if cursor is None and following is None:
        return Page(items, None, Total(len(items)))
    sql = COUNT_ARTIFACTS.format(where=where, most=COUNT_CAP + 1)
    count = await db.fetchval(sql, project_id, *arguments)
    return Page(items, following, Total(min(count, COUNT_CAP), exact=count <= COUNT_CAP))


def _read_artifact(row: Sequence[Any]) -> ArtifactItem:
    return ArtifactItem(*[*row[:6], VersionMention(*row[6:10]), row[10], mention_run(row[11:15])])


FIND_ARTIFACT = "select id, last_number from artifact where project_id = $1 and (name = $2 or id = $3)"
FETCH_VERSIONS = """
select v.id, v.number, v.name, v.type, v.data_type, v.size_bytes, v.created_at,
       array(select t.name from artifact_version_tag l join tag t on t.project_id = $1 and t.id = l.tag_id
              where l.project_id = $1 and l.artifact_version_id = v.id order by t.name),
       r.id, r.number, r.name, p.name, v.step, v.meta
  from artifact_version v
  left join run r on r.project_id = $1 and r.id = v.run_id
  left join pipeline p on p.project_id = $1 and p.id = r.pipeline_id
 where v.project_id = $1 and v.artifact_id = $2 and ($3::int is null or v.number < $3)
 order by v.number desc limit $4
"""


async def fetch_versions(
    db: Connection, project_id: UUID, artifact: str, *, limit: int, cursor: str | None
) -> Page[ArtifactVersionItem]:
    """The versions of an artifact, by name or id, the newest first. Raises: ArtifactNotFound, CursorInvalid."""
    found = await db.fetchrow(FIND_ARTIFACT, project_id, artifact, find_id(artifact))
    if found is None:
        raise ArtifactNotFound(artifact)
    before = read_cursor(cursor, tuple[int])[0] if cursor else None
    rows = await db.fetch(FETCH_VERSIONS, project_id, found[0], before, limit + 1)
    items = [ArtifactVersionItem(*[*row[:8], mention_run(row[8:12]), *row[12:]]) for row in rows[:limit]]
    following = write_cursor(items[-1].number) if len(rows) > limit else None
    return Page(items, following, Total(found[1]))


FIND_VERSION_ID = """
select v.id from artifact a join artifact_version v on v.project_id = $1 and v.artifact_id = a.id
 where a.project_id = $1 and (a.name = $2 or a.id = $3)
   and case when $5::int is not null then v.number = $5
            when $6::uuid is not null then v.id = $6
            when $4 = 'latest' then v.number = (select max(number) from artifact_version
                                                 where project_id = $1 and artifact_id = a.id)
            else v.name = $4 end
"""


async def fetch_version_id(db: Connection, project_id: UUID, artifact: str, version: str) -> UUID:
    """By number, name, id or `latest`. Raises: ArtifactVersionNotFound."""
    number = int(version) if version.isascii() and version.isdecimal() and len(version) < 10 else None
    id_: UUID | None = await db.fetchval(
        FIND_VERSION_ID, project_id, artifact, find_id(artifact), version, number, find_id(version)
    )
    if id_ is None:
        raise ArtifactVersionNotFound(f"{version!r} of {artifact!r}")
    return id_


FIND_VERSION = """
select v.id, a.id, a.name, v.number, v.name, a.last_number, v.type, v.data_type, v.materializer, v.size_bytes, v.created_at,
       v.uri, array(select t.name from artifact_version_tag l join tag t on t.project_id = $1 and t.id = l.tag_id
                     where l.project_id = $1 and l.artifact_version_id = v.id order by t.name),
       u.name, r.id, r.number, r.name, p.name, v.step, v.output, v.meta,
       (select coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'kind', s.kind, 'name', s.name, 'size_bytes', s.size_bytes)
                                  order by s.position), '[]')
          from visualization s where s.project_id = $1 and s.artifact_version_id = v.id),
       v.files
  from artifact_version v
  join artifact a on a.project_id = $1 and a.id = v.artifact_id
  left join app_user u on u.id = v.user_id
  left join run r on r.project_id = $1 and r.id = v.run_id
  left join pipeline p on p.project_id = $1 and p.id = r.pipeline_id
 where v.project_id = $1 and v.id = $2
"""


async def fetch_version(db: Connection, project_id: UUID, version_id: UUID) -> ArtifactVersionDetail:
    """Raises: ArtifactVersionNotFound."""
    row = await db.fetchrow(FIND_VERSION, project_id, version_id)
    if row is None:
        raise ArtifactVersionNotFound(version_id)
    files = msgspec.json.decode(row[22], type=list[ArtifactFile])
    visualizations = msgspec.json.decode(row[21], type=list[VisualizationItem])
    uses = await fetch_uses(db, project_id, version_id)
    has_table = any(file.path.endswith(TABLE_FILE) for file in files)
    return ArtifactVersionDetail(
        *[*row[:14], mention_run(row[14:18]), *row[18:21], visualizations, files, uses, has_table]
    )


FETCH_USES = """
select r.id, r.number, r.name, p.name, i.step, i.input, s.started_at
  from step_input i
  join run r on r.project_id = $1 and r.id = i.run_id
  left join pipeline p on p.project_id = $1 and p.id = r.pipeline_id
  left join step s on s.project_id = $1 and s.run_id = i.run_id and s.key = i.step
 where i.project_id = $1 and i.artifact_version_id = $2
 order by i.run_id desc, i.step, i.input limit $3
"""


async def fetch_uses(db: Connection, project_id: UUID, version_id: UUID) -> list[Use]:
    """The steps that took the version as an input, of the newest runs first; up to 200."""
    rows = await db.fetch(FETCH_USES, project_id, version_id, MOST_USES)
    uses = []
    for row in rows:
        run = mention_run(row[:4])
        assert run is not None
        uses.append(Use(run, *row[4:]))
    return uses
