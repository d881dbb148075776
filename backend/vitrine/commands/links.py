"""Sign-in links and the local token, made straight in the database: whoever reaches that is trusted."""

from __future__ import annotations

from vitrine.access.links import create_link
from vitrine.access.structs import NewToken
from vitrine.access.tokens import create_token, find_parts, forget_token, is_valid
from vitrine.database.pool import Pool, open_pool, transaction
from vitrine.errors import VitrineError
from vitrine.projects.bootstrap import find_administrator

LOCAL_TOKEN = "this machine"  # noqa: S105  its name


async def make_link(pool: Pool, origin: str) -> str:
    """A fresh one-time link for the administrator. Raises: VitrineError when there is none."""
    user_id = await find_administrator(pool)
    if user_id is None:
        raise VitrineError("Nobody administers this server. Run `vitrine migrate` on a new database.")
    async with transaction(pool) as db:
        return await create_link(db, user_id, origin)


async def make_link_on(dsn: str, origin: str) -> str:
    """The same, on a database that is not open yet."""
    pool = await open_pool(dsn, size=1)
    try:
        return await make_link(pool, origin)
    finally:
        await pool.close()


async def keep_or_make_token(pool: Pool, known: str | None) -> str:
    """`known` if it still is valid, else a new token of the administrator's for the programs of this machine."""
    async with transaction(pool) as db:
        parts = find_parts(known.encode()) if known else None
        if known and parts and await is_valid(db, parts):
            return known
    user_id = await find_administrator(pool)
    if user_id is None:
        raise VitrineError("Nobody administers this server.")
    async with transaction(pool) as db:
        await forget_token(db, user_id, LOCAL_TOKEN)
        made = await create_token(db, user_id, NewToken(LOCAL_TOKEN), user_name="", project_id=None)
        return made.token
