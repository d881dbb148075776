"""How many SQL statements a request takes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from vitrine.app import Application


@asynccontextmanager
async def counted(app: Application) -> AsyncIterator[list[str]]:
    """The statements that requests run inside the block. The pool hands out the connection used last."""
    seen: list[str] = []

    def note(record: Any) -> None:
        is_frame = record.query.lower().startswith(("begin", "commit", "rollback"))
        is_of_driver = (
            "current_setting('jit')" in record.query or "typeinfo" in record.query
        )  # once a connection
        if not is_frame and not is_of_driver:
            seen.append(record.query)

    async with app.state.pool.acquire() as db:
        db.add_query_logger(note)
    yield seen
    async with app.state.pool.acquire() as db:
        db.remove_query_logger(note)
