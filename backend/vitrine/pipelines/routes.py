"""`/projects/{project}/pipelines` and their snapshots."""

from typing import Annotated
from uuid import UUID

import asyncpg
from litestar import get
from litestar.params import Parameter

from vitrine.paging import LIMIT_MOST, Page
from vitrine.pipelines.queries import fetch_pipeline, fetch_pipelines, fetch_snapshot, fetch_snapshots
from vitrine.pipelines.structs import PipelineItem, SnapshotDetail, SnapshotItem

READ = {"permission": "project:read"}
Limit = Annotated[int, Parameter(ge=1, le=LIMIT_MOST)]


@get("/projects/{project:str}/pipelines", opt=READ)
async def list_pipelines(
    db: asyncpg.Connection,
    project_id: UUID,
    limit: Limit = 50,
    cursor: str | None = None,
    q: Annotated[str | None, Parameter(max_length=255, description="a part of the name")] = None,
) -> Page[PipelineItem]:
    """By name, each with its last 20 runs."""
    return await fetch_pipelines(db, project_id, limit=limit, cursor=cursor, containing=q or None)


@get("/projects/{project:str}/pipelines/{name:str}", opt=READ)
async def get_pipeline(db: asyncpg.Connection, project_id: UUID, name: str) -> PipelineItem:
    """By name or id."""
    return await fetch_pipeline(db, project_id, name)


@get("/projects/{project:str}/pipelines/{name:str}/snapshots", opt=READ)
async def list_snapshots(
    db: asyncpg.Connection, project_id: UUID, name: str, limit: Limit = 50, cursor: str | None = None
) -> Page[SnapshotItem]:
    """The newest first."""
    pipeline = await fetch_pipeline(db, project_id, name)
    return await fetch_snapshots(db, project_id, pipeline.id, limit=limit, cursor=cursor)


@get("/projects/{project:str}/snapshots/{snapshot_id:uuid}", opt=READ)
async def get_snapshot(db: asyncpg.Connection, project_id: UUID, snapshot_id: UUID) -> SnapshotDetail:
    return await fetch_snapshot(db, project_id, snapshot_id)


ROUTES = [list_pipelines, get_pipeline, list_snapshots, get_snapshot]
