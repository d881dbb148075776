"""`/health/live`: the process answers. `/health/ready`: so does its database, with the schema of this program."""

from typing import Any

from litestar import Request, get

from vitrine.database.migrate import MIGRATIONS, load_migrations
from vitrine.database.pool import connection
from vitrine.errors import Unavailable

COUNT_MIGRATIONS = "select count(*) from migration"
KNOWN_MIGRATIONS = len(load_migrations(MIGRATIONS))


@get("/health/live", opt={"permission": "public"}, sync_to_thread=False)
def get_live() -> dict[str, str]:
    return {"status": "ok"}


@get("/health/ready", opt={"permission": "public"})
async def get_ready(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Raises: Unavailable."""
    async with connection(request.app.state.pool) as db:
        if (
            await db.fetchval(COUNT_MIGRATIONS) < KNOWN_MIGRATIONS
        ):  # more: a newer process has migrated already
            raise Unavailable("The database lacks migrations: run `vitrine migrate`.")
    return {"status": "ok"}


ROUTES = [get_live, get_ready]
