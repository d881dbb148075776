"""Log chunks as they are reported: added once, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from vitrine.database.pool import Connection
from vitrine.ingest.structs import LogEvent
from vitrine.ingest.tally import Tally
from vitrine.runs.log_codec import PackedLog

INSERT_CHUNKS = """
insert into log_chunk (project_id, run_id, step, attempt, first_line, lines, first_at, last_at, worst_level, body, marks)
select $1, n.* from unnest($2::uuid[], $3::text[], $4::int[], $5::int[], $6::int[], $7::timestamptz[],
  $8::timestamptz[], $9::smallint[], $10::bytea[], $11::bytea[])
  as n (run_id, step, attempt, first_line, lines, first_at, last_at, worst_level, body, marks)
order by n.run_id, n.step, n.attempt, n.first_line
on conflict do nothing returning run_id, step, attempt, first_line
"""
FETCH_TOTALS = """
select n.run_id, n.step, (
  select c.first_line + c.lines - 1 from log_chunk c
  where c.project_id = $1 and c.run_id = n.run_id and c.step = n.step and c.attempt = n.attempt
  order by c.first_line desc limit 1)
from unnest($2::uuid[], $3::text[], $4::int[]) as n (run_id, step, attempt)
order by n.run_id, n.step, n.attempt
"""


async def record_logs(
    db: Connection, project_id: UUID, logs: Sequence[tuple[LogEvent, PackedLog]], tally: Tally
) -> None:
    """The chunks are there; one whose first line is known already is passed over. The runs have rows."""
    if not logs:
        return
    chunks = {_key(event): (event, packed) for event, packed in reversed(logs)}  # of two the first one stays
    columns = [
        list(column) for column in zip(*((*key, *packed) for key, (_, packed) in chunks.items()), strict=True)
    ]
    inserted = [tuple(row) for row in await db.fetch(INSERT_CHUNKS, project_id, *columns)]
    if not inserted:
        return
    tally.accepted.update(chunks[key][0].id for key in inserted)
    places = {key[:3] for key in inserted}
    for run_id, step, total in await db.fetch(
        FETCH_TOTALS, project_id, *map(list, zip(*places, strict=True))
    ):
        tally.announce("log", run_id, step, step=step, total=total)


def _key(event: LogEvent) -> tuple[UUID, str, int, int]:
    assert event.run_id is not None
    return event.run_id, event.body.step, event.body.attempt, event.body.first_line
