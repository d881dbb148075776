"""Whether steps did the same before: what the SDK asks before it runs them."""

from typing import Annotated
from uuid import UUID

import asyncpg
from litestar import get
from litestar.params import Parameter
from msgspec import Meta

from vitrine.ingest.structs import Sha256
from vitrine.runs.cache_queries import fetch_cached_steps
from vitrine.runs.cache_structs import CachedSteps

KEYS_AT_ONCE = 200


@get("/projects/{project:str}/steps/cached", opt={"permission": "project:read"})
async def list_cached_steps(
    db: asyncpg.Connection,
    project_id: UUID,
    cache_key: Annotated[
        list[Sha256], Meta(max_length=KEYS_AT_ONCE), Parameter(description="SHA-256 of what a step does")
    ],
) -> CachedSteps:
    """The newest step that ended well under each key, with outputs that can be loaded."""
    return CachedSteps(await fetch_cached_steps(db, project_id, cache_key))


ROUTES = [list_cached_steps]
