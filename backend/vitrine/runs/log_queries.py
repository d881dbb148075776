"""What is read of a step's log: chunks of up to 1,000 lines, in the order of their lines."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from uuid import UUID

import asyncpg
from msgspec import Struct

from vitrine.database.rows import fetch_all, find_one
from vitrine.errors import RunsNotFound, StepNotFound

CHUNK_LINES = 1_000  # no chunk has more
BATCH_CHUNKS = 64


class LogPlace(Struct, frozen=True):
    """One attempt's log. `total` is the number of its last line."""

    project_id: UUID
    run_id: UUID
    step: str
    attempt: int
    total: int


class _Found(Struct):
    attempt: int
    total: int
    is_known: bool


FIND_LOG = """
select chosen.attempt,
       coalesce((select first_line + lines - 1 from log_chunk
                  where project_id = $1 and run_id = $2 and step = $3 and attempt = chosen.attempt
                  order by first_line desc limit 1), 0),
       case when step.key is not null then true
            when exists (select from log_chunk where project_id = $1 and run_id = $2 and step = $3) then true
            else exists (select from snapshot where snapshot.project_id = $1 and snapshot.id = run.snapshot_id
                            and snapshot.spec @> jsonb_build_object('steps', jsonb_build_array(jsonb_build_object('key', $3::text))))
       end
  from run
  left join step on step.project_id = $1 and step.run_id = $2 and step.key = $3
 cross join lateral (select coalesce($4::int, step.attempt, (
       select max(attempt) from log_chunk where project_id = $1 and run_id = $2 and step = $3), 1) as attempt) chosen
 where run.project_id = $1 and run.id = $2
"""


async def fetch_log_place(
    db: asyncpg.Connection, project_id: UUID, run_id: UUID, step: str, *, attempt: int | None
) -> LogPlace:
    """The log of the attempt, by default the newest. Raises: RunsNotFound, StepNotFound."""
    found = await find_one(db, _Found, FIND_LOG, project_id, run_id, step, attempt)
    if found is None:
        raise RunsNotFound([run_id])
    if not found.is_known:
        raise StepNotFound(step)
    return LogPlace(project_id, run_id, step, found.attempt, found.total)


class Chunk(Struct):
    """Lines from `first_line` on, packed."""

    first_line: int
    body: bytes
    marks: bytes


FETCH_CHUNKS = """
select first_line, body, marks from log_chunk
 where project_id = $1 and run_id = $2 and step = $3 and attempt = $4
   and first_line between $5 and $6 and first_line + lines > $7
 order by first_line
"""


async def fetch_chunks(db: asyncpg.Connection, log: LogPlace, *, first: int, last: int) -> list[Chunk]:
    """The chunks that hold lines `first` to `last`, both counted from 1."""
    least = first - CHUNK_LINES + 1  # where a chunk that holds the line may begin
    return await fetch_all(
        db, Chunk, FETCH_CHUNKS, log.project_id, log.run_id, log.step, log.attempt, least, last, first
    )


FETCH_FOLLOWING = """
select first_line, body, marks from log_chunk
 where project_id = $1 and run_id = $2 and step = $3 and attempt = $4 and first_line > $5
 order by first_line limit $6
"""


async def fetch_following(
    db: asyncpg.Connection | asyncpg.Pool, log: LogPlace, *, after: int, limit: int = BATCH_CHUNKS
) -> list[Chunk]:
    """The chunks that begin after line `after`."""
    return await fetch_all(
        db, Chunk, FETCH_FOLLOWING, log.project_id, log.run_id, log.step, log.attempt, after, limit
    )


class Marks(Struct):
    first_line: int
    marks: bytes


FETCH_GRAVE_MARKS = """
select first_line, marks from log_chunk
 where project_id = $1 and run_id = $2 and step = $3 and attempt = $4 and worst_level >= $5
 order by first_line
"""


async def fetch_grave_marks(db: asyncpg.Connection, log: LogPlace, *, level: int) -> list[Marks]:
    """The marks of every chunk that holds a line of this level or above: a few bytes a line, and no text."""
    return await fetch_all(
        db, Marks, FETCH_GRAVE_MARKS, log.project_id, log.run_id, log.step, log.attempt, level
    )


FETCH_ALL_CHUNKS = """
select first_line, body, marks from log_chunk
 where project_id = $1 and run_id = $2 and step = $3 and attempt = $4 and worst_level >= $5
 order by first_line
"""


async def walk_chunks(
    db: asyncpg.Connection, log: LogPlace, *, level: int
) -> AsyncGenerator[list[Chunk], None]:
    """Every chunk that holds a line of this level or above, batch by batch: one statement, and constant memory."""
    async with db.transaction():
        cursor = await db.cursor(FETCH_ALL_CHUNKS, log.project_id, log.run_id, log.step, log.attempt, level)
        while rows := await cursor.fetch(BATCH_CHUNKS):
            yield [Chunk(*row) for row in rows]


FETCH_BODIES = """
select first_line, body, marks from log_chunk
 where project_id = $1 and run_id = $2 and step = $3 and attempt = $4 and first_line = any($5::int[])
 order by first_line
"""


async def fetch_named_chunks(db: asyncpg.Connection, log: LogPlace, first_lines: list[int]) -> list[Chunk]:
    return await fetch_all(
        db, Chunk, FETCH_BODIES, log.project_id, log.run_id, log.step, log.attempt, first_lines
    )
