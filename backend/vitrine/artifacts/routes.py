"""`/projects/{project}/artifacts` and their versions; contents are in `content_routes`."""

from typing import Annotated
from uuid import UUID

import asyncpg
from litestar import get
from litestar.params import Parameter

from vitrine.artifacts import content_routes
from vitrine.artifacts.lineage import Lineage, fetch_lineage
from vitrine.artifacts.queries import fetch_artifacts, fetch_version, fetch_version_id, fetch_versions
from vitrine.artifacts.structs import ArtifactItem, ArtifactVersionDetail, ArtifactVersionItem
from vitrine.paging import LIMIT_MOST, Page

READ = {"permission": "project:read"}
Limit = Annotated[int, Parameter(ge=1, le=LIMIT_MOST)]


@get("/projects/{project:str}/artifacts", opt=READ)
async def list_artifacts(
    db: asyncpg.Connection,
    project_id: UUID,
    limit: Limit = 50,
    cursor: str | None = None,
    filter_: Annotated[
        str, Parameter(query="filter", description="as `type = 'model' and name contains 'iris'`")
    ] = "",
    q: Annotated[str | None, Parameter(max_length=255, description="a part of the name")] = None,
    sort: Annotated[str | None, Parameter(description="a field; with a minus the greatest first")] = None,
) -> Page[ArtifactItem]:
    """Artifacts with what is known of their newest version, by default the newest first."""
    return await fetch_artifacts(
        db, project_id, filter_=filter_, containing=q or None, sort=sort, cursor=cursor, limit=limit
    )


@get("/projects/{project:str}/artifacts/{name:str}/versions", opt=READ)
async def list_versions(
    db: asyncpg.Connection, project_id: UUID, name: str, limit: Limit = 50, cursor: str | None = None
) -> Page[ArtifactVersionItem]:
    """The versions of an artifact, by its name or id, the newest first."""
    return await fetch_versions(db, project_id, name, limit=limit, cursor=cursor)


@get("/projects/{project:str}/artifacts/{name:str}/versions/{version:str}", opt=READ)
async def get_version_of_artifact(
    db: asyncpg.Connection, project_id: UUID, name: str, version: str
) -> ArtifactVersionDetail:
    """By number, name, id or `latest`."""
    return await fetch_version(db, project_id, await fetch_version_id(db, project_id, name, version))


@get("/projects/{project:str}/artifact-versions/{version_id:uuid}", opt=READ)
async def get_version(db: asyncpg.Connection, project_id: UUID, version_id: UUID) -> ArtifactVersionDetail:
    return await fetch_version(db, project_id, version_id)


@get("/projects/{project:str}/artifact-versions/{version_id:uuid}/lineage", opt=READ)
async def get_lineage(
    db: asyncpg.Connection,
    project_id: UUID,
    version_id: UUID,
    depth: Annotated[int, Parameter(ge=1, le=20)] = 3,
) -> Lineage:
    """What the version was made from and what was made from it, steps and artifact versions by turns."""
    return await fetch_lineage(db, project_id, version_id, depth=depth)


ROUTES = [
    list_artifacts,
    list_versions,
    get_version_of_artifact,
    get_version,
    get_lineage,
    *content_routes.ROUTES,
]
