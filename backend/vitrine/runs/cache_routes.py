"""Whether a step did the same before: what the SDK asks before it runs one."""

from typing import Annotated
from uuid import UUID

import asyncpg
from litestar import get
from litestar.params import Parameter

from vitrine.runs import cache_queries
from vitrine.runs.cache_structs import CachedAnswer


@get("/projects/{project:str}/steps/cached", opt={"permission": "project:read"})
async def find_cached_step(
    db: asyncpg.Connection, project_id: UUID, cache_key: Annotated[str, Parameter(pattern="^[0-9a-f]{64}$")]
) -> CachedAnswer:
    """The newest step that ended well under the key, with outputs that can be loaded."""
    return CachedAnswer(await cache_queries.find_cached_step(db, project_id, bytes.fromhex(cache_key)))


ROUTES = [find_cached_step]
