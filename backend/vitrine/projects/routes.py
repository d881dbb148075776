"""`GET /projects`, `GET /projects/{project}`."""

from uuid import UUID

import asyncpg
from litestar import get
from msgspec import Struct

from vitrine.access.structs import Actor
from vitrine.projects.queries import fetch_project, fetch_projects
from vitrine.projects.structs import ProjectDetail, ProjectItem


class Projects(Struct):
    items: list[ProjectItem]


@get("/projects", opt={"permission": "signed-in"})
async def list_projects(db: asyncpg.Connection, actor: Actor) -> Projects:
    """The projects that the asker may read."""
    return Projects(await fetch_projects(db, [one.id for one in actor.projects]))


@get("/projects/{project:str}", opt={"permission": "project:read"})
async def get_project(db: asyncpg.Connection, project_id: UUID) -> ProjectDetail:
    return await fetch_project(db, project_id)


ROUTES = [list_projects, get_project]
