"""`/projects/{project}/metadata/keys`."""

from typing import Annotated
from uuid import UUID

import asyncpg
from litestar import get
from litestar.params import Parameter

from vitrine.metadata.queries import fetch_keys
from vitrine.metadata.structs import Keys


@get("/projects/{project:str}/metadata/keys", opt={"permission": "project:read"})
async def list_keys(
    db: asyncpg.Connection,
    project_id: UUID,
    q: Annotated[str | None, Parameter(max_length=255, description="a part of the name")] = None,
) -> Keys:
    """The metadata keys of the project, by name."""
    return Keys(await fetch_keys(db, project_id, containing=q or None))


ROUTES = [list_keys]
