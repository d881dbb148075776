"""The outbox: what changed, written in the transaction that changed it, read in one order that never skips.

Ids are handed out before their transactions commit, so a smaller id may appear after a greater one. The reader hands
on an id only when no smaller one can still commit. Proof: a smaller id was handed out before the greater row became
visible. An INSERT locks the table before it takes its id, and the lock is let go only after the commit is visible.
So if every transaction that holds that lock at some time after the greater row was seen has ended, a snapshot taken
then shows every smaller id that will ever be. Ids without a gap between them need no such wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from vitrine.database.pool import Connection
from vitrine.database.rows import fetch_all

READ_LIMIT = 1_000
PRUNE_LIMIT = 10_000


class Announcement(msgspec.Struct, frozen=True):
    """`kind` names what changed; `body` holds the few values a page shows without asking, such as a new status."""

    kind: str
    run_id: UUID | None = None
    body: dict[str, Any] = {}


class Event(msgspec.Struct, frozen=True, gc=False):
    """A row of the outbox; `body` is a JSON object."""

    id: int
    project_id: UUID
    kind: str
    run_id: UUID | None
    body: str


INSERT_EVENTS = """
insert into event (project_id, kind, run_id, body)
select $1, kind, run_id, body::jsonb
from unnest($2::text[], $3::uuid[], $4::text[]) with ordinality as news (kind, run_id, body, position) order by position
"""


async def announce(db: Connection, project_id: UUID, announcements: Sequence[Announcement]) -> None:
    """Readers will see these changes, in this order, once the transaction of `db` commits; wake the notifier then."""
    if announcements:
        await db.execute(
            INSERT_EVENTS,
            project_id,
            [one.kind for one in announcements],
            [one.run_id for one in announcements],
            [msgspec.json.encode(one.body).decode() for one in announcements],
        )


FETCH_AFTER = """
select id, project_id, kind, run_id, body::text from event where id > $1 order by id limit $2
"""
FETCH_WRITERS = """
select coalesce(array_agg(distinct virtualtransaction), '{}') from pg_locks
where relation = 'event'::regclass and mode = 'RowExclusiveLock' and granted
and database = (select oid from pg_database where datname = current_database())
"""
FETCH_LAST_ID = "select coalesce(pg_sequence_last_value(pg_get_serial_sequence('event', 'id')::regclass), 0)"
FETCH_OLDEST_ID = "select min(id) from event"


class Reader:
    """Reads the outbox once, in order. Its connection must be in autocommit: each statement needs a new snapshot."""

    def __init__(self, *, history: int) -> None:
        # Every event after `floor` up to `position` was read. What lies before is older than `history`, or pruned.
        self.position: int | None = None
        self.floor = 0
        self._history = history
        # Every id up to `_seen` had been handed out when `_writers` was read: all who may still commit one of them.
        self._seen = 0
        self._writers: set[str] | None = None

    @property
    def is_waiting(self) -> bool:
        """A writer is holding back events: ask again soon."""
        return bool(self._writers)

    async def fetch_new(self, db: Connection) -> list[Event]:
        """What follows `position` and is certain; at most 1,000. The first answers are up to `history` old events."""
        if self.position is None and not await self._begin(db):
            return []
        while True:
            if self._writers:
                self._writers &= await _fetch_writers(db)
            rows = await fetch_all(db, Event, FETCH_AFTER, self.position, READ_LIMIT)
            certain = self._take_certain(rows)
            if len(certain) == len(rows) or self._writers:
                break
            await self._suspect(db, rows[-1].id)
            if self._writers:
                break
        if certain:
            self.position = certain[-1].id
        return certain

    def _take_certain(self, rows: list[Event]) -> list[Event]:
        assert self.position is not None
        settled = self.position if self._writers else self._seen
        follower = self.position + 1
        for index, row in enumerate(rows):
            if row.id > settled and row.id != follower:
                return rows[:index]
            follower = row.id + 1
        return rows

    async def _suspect(self, db: Connection, seen: int) -> None:
        """`_writers` are all that may still commit an id up to `seen`, which somebody has already seen."""
        self._seen = seen
        self._writers = await _fetch_writers(db)

    async def _begin(self, db: Connection) -> bool:
        """`position` is set; False while a writer may still commit an id that would lie before it."""
        if self._writers is None:
            await self._suspect(db, await db.fetchval(FETCH_LAST_ID))
        elif self._writers:
            self._writers &= await _fetch_writers(db)
        if self._writers:
            return False
        oldest = await db.fetchval(FETCH_OLDEST_ID)
        pruned = self._seen if oldest is None else min(oldest - 1, self._seen)
        self.position = self.floor = max(pruned, self._seen - self._history)
        return True


async def _fetch_writers(db: Connection) -> set[str]:
    return set(await db.fetchval(FETCH_WRITERS))


DELETE_OLDEST = """
with oldest as (select id, at from event order by id limit $1)
delete from event using oldest where event.id = oldest.id and oldest.at < $2
"""


async def prune(db: Connection, before: datetime) -> int:
    """Up to 10,000 events older than `before` are gone. Gives their number."""
    return int((await db.execute(DELETE_OLDEST, PRUNE_LIMIT, before)).rpartition(" ")[2])
