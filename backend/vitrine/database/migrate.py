"""Forward-only SQL migrations: `migrations/NNNN_verb_noun.sql`, applied in order, once, by whichever process comes first.

A file runs in one transaction together with its record: it is applied whole or not at all. A file whose first line is
`-- no transaction` (`create index concurrently`) runs statement by statement and must be safe to repeat.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg

from vitrine.database.pool import connect
from vitrine.errors import SchemaDiffers, Unavailable

MIGRATIONS = Path(__file__).with_name("migrations")
LOCK_LIMIT_S = 5.0
ADVISORY_LOCK = 0x76697472  # any constant: one lock for all processes that migrate this database


class Migration(NamedTuple):
    number: int
    name: str
    sql: str

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.sql.encode()).digest()


def load_migrations(folder: Path) -> list[Migration]:
    """What the folder holds, in order.

    Raises: SchemaDiffers when a name or the numbering is wrong.
    """
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = re.fullmatch(r"(\d{4})_[a-z0-9]+(_[a-z0-9]+)+", path.stem)
        if match is None:
            raise SchemaDiffers(f"{path} is not named NNNN_verb_noun.sql.")
        found.append(Migration(int(match[1]), path.stem, path.read_text(encoding="utf-8")))
    if [one.number for one in found] != list(range(1, len(found) + 1)):
        raise SchemaDiffers(
            f"{folder}: the numbers must run 1, 2, 3, …: {', '.join(one.name for one in found)}."
        )
    return found


async def migrate(dsn: str, folder: Path = MIGRATIONS) -> list[str]:
    """The database has this program's schema. Gives the names of what was applied now.

    Raises: SchemaDiffers when the database is ahead or its history differs; Unavailable when a lock was not to be had.
    """
    migrations = load_migrations(folder)
    db = await connect(dsn)
    try:
        await db.execute("set statement_timeout = 0")
        # DDL that waits for a lock makes every reader queue behind it.
        await db.execute(f"set lock_timeout = '{LOCK_LIMIT_S * 1000:.0f}ms'")
        # Polled: a session that waits inside pg_advisory_lock deadlocks with create index concurrently.
        while not await db.fetchval("select pg_try_advisory_lock($1)", ADVISORY_LOCK):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        return await _apply_missing(db, migrations)
    finally:
        await db.close()


CREATE_TABLE = """
create table if not exists migration (
  id int primary key, name text not null, sha256 bytea not null, applied_at timestamptz not null default now())
"""
FETCH_APPLIED = "select id, name, sha256 from migration order by id"


async def _apply_missing(db: asyncpg.Connection[Any], migrations: list[Migration]) -> list[str]:
    await db.execute(CREATE_TABLE)
    applied = {row["id"]: row for row in await db.fetch(FETCH_APPLIED)}
    if applied and max(applied) > len(migrations):
        raise SchemaDiffers(
            f"The database is at migration {max(applied)} ({applied[max(applied)]['name']}), "
            f"this program knows {len(migrations)}: run a newer Vitrine."
        )
    for one in migrations:
        if one.number in applied and applied[one.number]["sha256"] != one.digest:
            raise SchemaDiffers(
                f"{one.name}.sql was edited after it had been applied: restore it, add a new file instead."
            )
    missing = [one for one in migrations if one.number not in applied]
    for one in missing:
        try:
            await _apply(db, one)
        except asyncpg.LockNotAvailableError as error:
            raise Unavailable(
                f"{one.name} waited more than {LOCK_LIMIT_S:g} s for a lock; nothing of it was kept: try again."
            ) from error
        except asyncpg.PostgresError as error:
            raise SchemaDiffers(f"{one.name} fails: {error}") from error
    return [one.name for one in missing]


RECORD = "insert into migration (id, name, sha256) values ($1, $2, $3)"


async def _apply(db: asyncpg.Connection[Any], one: Migration) -> None:
    record = (RECORD, one.number, one.name, one.digest)
    if one.sql.startswith("-- no transaction"):
        for statement in filter(str.strip, re.split(r";[ \t]*(?:\n|$)", one.sql)):
            await db.execute(statement)
        await db.execute(*record)
        return
    async with db.transaction():
        await db.execute(one.sql)
        await db.execute(*record)
