"""`vitrine token create`."""

from __future__ import annotations

import argparse
import asyncio
import os

import msgspec

from vitrine.access.structs import CreatedToken, NewToken
from vitrine.errors import ProjectNotFound, VitrineError


def run_create(given: argparse.Namespace) -> int:
    """The token alone on stdout. Through the API; on a server's machine, where DATABASE_URL is set, in the database."""
    wanted = NewToken(name=given.name, role=given.role, project=given.project, expires_in_s=given.expires)
    if dsn := os.environ.get("DATABASE_URL"):
        token = asyncio.run(_create_in_database(dsn, wanted))
    else:
        token = _create_by_api(wanted)
    print(token, flush=True)
    return 0


def _create_by_api(wanted: NewToken) -> str:
    from vitrine.commands.asking import ask, find_server

    answer = ask(find_server(), "POST", "/tokens", json=msgspec.to_builtins(wanted))
    return msgspec.convert(answer, CreatedToken).token


async def _create_in_database(dsn: str, wanted: NewToken) -> str:
    from vitrine.access.audit import write_audit
    from vitrine.access.queries import find_project_id
    from vitrine.access.tokens import create_token
    from vitrine.database.pool import open_pool, transaction
    from vitrine.projects.bootstrap import find_administrator

    pool = await open_pool(dsn, size=1)
    try:
        user_id = await find_administrator(pool)
        if user_id is None:
            raise VitrineError("Nobody administers this server. Run `vitrine migrate` on a new database.")
        async with transaction(pool) as db:
            project_id = await find_project_id(db, wanted.project) if wanted.project is not None else None
            if wanted.project is not None and project_id is None:
                raise ProjectNotFound(wanted.project)
            made = await create_token(db, user_id, wanted, user_name="", project_id=project_id)
            facts = {"name": wanted.name, "role": wanted.role, "way": "command line"}
            await write_audit(
                db,
                "create",
                user_id=user_id,
                object_kind="token",
                object_id=made.item.id,
                project_id=project_id,
                facts=facts,
            )
            return made.token
    finally:
        await pool.close()
