"""Which stored contents a project may read, and what they are.

A digest is no right: whoever knows that of another project's content could name it in an artifact version. So every
content is looked up together with the project's own row in `blob`.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from vitrine.artifacts.structs import ArtifactFile, Visualization
from vitrine.database.pool import Connection
from vitrine.database.rows import find_one
from vitrine.errors import ArtifactVersionNotFound, BlobNotFound, VisualizationNotFound


class StoredVersion(Struct):
    """The files of a version that the project has uploaded, and how to name them."""

    artifact: str
    number: int
    created_at: datetime
    files: list[ArtifactFile]


FIND_FILES = """
select a.name, v.number, v.created_at, v.files,
       array(select distinct file ->> 'sha256' from jsonb_array_elements(v.files) file
              where not exists (select from blob where blob.project_id = $1
                                   and blob.sha256 = decode(file ->> 'sha256', 'hex')))
  from artifact_version v join artifact a on a.project_id = $1 and a.id = v.artifact_id
 where v.project_id = $1 and v.id = $2
"""


async def fetch_stored_version(db: Connection, project_id: UUID, version_id: UUID) -> StoredVersion:
    """Raises: ArtifactVersionNotFound; BlobNotFound when a file has not been uploaded to this project."""
    row = await db.fetchrow(FIND_FILES, project_id, version_id)
    if row is None:
        raise ArtifactVersionNotFound(version_id)
    for digest in row[4]:
        raise BlobNotFound(digest)
    return StoredVersion(*[*row[:3], msgspec.json.decode(row[3], type=list[ArtifactFile])])


FIND_VISUALIZATION = """
select s.id, s.kind, s.name, s.size_bytes, v.id, a.name, v.number
  from visualization s
  join artifact_version v on v.project_id = $1 and v.id = s.artifact_version_id
  join artifact a on a.project_id = $1 and a.id = v.artifact_id
 where s.project_id = $1 and s.id = $2
"""


async def fetch_visualization(db: Connection, project_id: UUID, visualization_id: UUID) -> Visualization:
    """Raises: VisualizationNotFound."""
    found = await find_one(db, Visualization, FIND_VISUALIZATION, project_id, visualization_id)
    if found is None:
        raise VisualizationNotFound(visualization_id)
    return found


class StoredVisualization(Struct):
    kind: str
    digest: str
    size_bytes: int
    is_uploaded: bool


FIND_CONTENT = """
select s.kind, encode(s.sha256, 'hex'), coalesce(b.size_bytes, 0), b.sha256 is not null
  from visualization s left join blob b on b.project_id = $1 and b.sha256 = s.sha256
 where s.project_id = $1 and s.id = $2
"""


async def fetch_stored_visualization(
    db: Connection, project_id: UUID, visualization_id: UUID
) -> StoredVisualization:
    """`size_bytes` is that of the content, whatever was reported. Raises: VisualizationNotFound, BlobNotFound."""
    found = await find_one(db, StoredVisualization, FIND_CONTENT, project_id, visualization_id)
    if found is None:
        raise VisualizationNotFound(visualization_id)
    if not found.is_uploaded:
        raise BlobNotFound(found.digest)
    return found
