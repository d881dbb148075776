"""Rows become structs, column by column in the order of the select list."""

from __future__ import annotations

from typing import TypeVar

import asyncpg
import msgspec

from vitrine.database.pool import Connection, Pool, connection

Row = TypeVar("Row", bound=msgspec.Struct)


async def fetch_all(db: Connection | Pool, row: type[Row], sql: str, *args: object) -> list[Row]:
    """Every row as a `row`. Values are not converted: text for an enum stays text."""
    if isinstance(db, asyncpg.Pool):
        async with connection(db) as one:
            return await fetch_all(one, row, sql, *args)
    return [row(*record) for record in await db.fetch(sql, *args)]


async def find_one(db: Connection | Pool, row: type[Row], sql: str, *args: object) -> Row | None:
    """The first row as a `row`, or None when there is none."""
    if isinstance(db, asyncpg.Pool):
        async with connection(db) as one:
            return await find_one(one, row, sql, *args)
    record = await db.fetchrow(sql, *args)
    return None if record is None else row(*record)
