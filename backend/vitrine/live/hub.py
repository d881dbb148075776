"""One hub a process: reads the outbox once and hands each event to everybody who follows its project."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from vitrine.database.notify import open_listener
from vitrine.database.pool import Connection
from vitrine.live.outbox import READ_LIMIT, Event, Reader, prune

HISTORY = 20_000  # events that a browser may have missed and still catch up with
PING_S = 15.0  # proxies close what is silent for longer, often after 60 s
RETRY_MS = 1_000
HELD_BACK_S = 0.02
KEPT = timedelta(days=1)
PRUNE_EACH_S = 60.0


class Change(msgspec.Struct, frozen=True, gc=False):
    """An event, encoded once for all who get it. Kind `reset`: too much was missed, load everything again."""

    id: int
    kind: str
    run_id: UUID | None
    sse: bytes

    def decode(self) -> dict[str, Any]:
        """`{"id", "kind", "run_id", …body}`, as browsers get it."""
        found: dict[str, Any] = msgspec.json.decode(self.sse[self.sse.index(b"\ndata: ") + 7 :])
        return found


class Batch(NamedTuple):
    """What a follower gets at once. No changes: nothing has happened up to `position`."""

    position: int
    changes: list[Change]


class Hub:
    """A ring of the newest events. Followers are only woken and read the ring themselves: a slow one holds up nothing."""

    def __init__(self, *, history: int = HISTORY, ping_s: float = PING_S) -> None:
        self.position = 0  # every event up to here is in the ring, or was
        self._reader = Reader(history=history)
        self._history, self._ping_s = history, ping_s
        self._order: deque[tuple[UUID, int]] = deque()  # of all projects' events, oldest first
        self._changes: dict[UUID, deque[Change]] = {}
        self._dropped: dict[UUID, int] = {}  # by project, the greatest id that the ring has let go
        self._wakes: dict[UUID, set[asyncio.Event]] = {}
        self._has_begun = asyncio.Event()
        self._is_ending = False
        self._prune_at = 0.0

    async def look(self, db: Connection) -> None:
        """Everything that was committed before now is in the ring, followers are woken, yesterday's rows are gone."""
        while True:
            events = await self._reader.fetch_new(db)
            if self._reader.position is not None:
                self._publish(events, self._reader.position)
            if len(events) == READ_LIMIT:
                continue
            if self._reader.position is not None:
                self._has_begun.set()
            if not self._reader.is_waiting:
                break
            await asyncio.sleep(HELD_BACK_S)
        if time.monotonic() >= self._prune_at:
            self._prune_at = time.monotonic() + PRUNE_EACH_S
            await prune(db, datetime.now(UTC) - KEPT)

    def end_streams(self) -> None:
        """All followers end now, and those that come later at once: the process is going down."""
        self._is_ending = True
        self._has_begun.set()
        for wakes in self._wakes.values():
            for wake in wakes:
                wake.set()

    async def subscribe(self, project_id: UUID, after: int | None = None) -> AsyncGenerator[Change, None]:
        """The project's changes after `after`, by default from now on, as they are committed."""
        async with aclosing(self._follow(project_id, after)) as batches:
            async for batch in batches:
                for change in batch.changes:
                    yield change

    async def stream(self, project_id: UUID, after: int | None = None) -> AsyncGenerator[bytes, None]:
        """The same as server-sent events. Every id line tells the browser where to resume, also those of pings."""
        yield b"retry: %d\n: hello\n\n" % RETRY_MS
        async with aclosing(self._follow(project_id, after)) as batches:
            async for batch in batches:
                if batch.changes:
                    yield b"".join(change.sse for change in batch.changes)
                else:
                    yield (
                        b"id: %d\nevent: ping\ndata: {}\n\n" % batch.position
                    )  # an event, since pages cannot hear comments

    async def _follow(self, project_id: UUID, after: int | None) -> AsyncGenerator[Batch, None]:
        """One batch at once, one at every news of the project, and an empty one after each silence of `ping_s`."""
        wake = asyncio.Event()
        wakes = self._wakes.setdefault(project_id, set())
        wakes.add(wake)
        try:
            await self._has_begun.wait()
            cursor = self.position if after is None else after
            while not self._is_ending:
                wake.clear()
                batch = Batch(self.position, self._fetch_since(project_id, cursor))
                cursor = batch.position
                yield batch  # and more may arrive before we come back
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._ping_s):
                        await wake.wait()
        finally:
            wakes.discard(wake)
            if not wakes:
                self._wakes.pop(project_id, None)

    def _fetch_since(self, project_id: UUID, cursor: int) -> list[Change]:
        reaches_to = max(self._reader.floor, self._dropped.get(project_id, 0))
        # The follower missed some; or is ahead of us: it comes from a quicker process, or the database was restored.
        if not reaches_to <= cursor <= self.position:
            return [_make_change(self.position, "reset", None, {})]
        found = []
        for change in reversed(self._changes.get(project_id, ())):
            if change.id <= cursor:
                break
            found.append(change)
        return found[::-1]

    def _publish(self, events: list[Event], position: int) -> None:
        for event in events:
            body = msgspec.json.decode(event.body)
            change = _make_change(event.id, event.kind, event.run_id, body)
            self._changes.setdefault(event.project_id, deque()).append(change)
            self._order.append((event.project_id, event.id))
        while len(self._order) > self._history:
            self._drop_oldest()
        self.position = position
        for project_id in {event.project_id for event in events}:
            for wake in self._wakes.get(project_id, ()):
                wake.set()

    def _drop_oldest(self) -> None:
        project_id, event_id = self._order.popleft()
        changes = self._changes[project_id]
        changes.popleft()
        if not changes:
            del self._changes[project_id]
        self._dropped[project_id] = event_id


def _make_change(event_id: int, kind: str, run_id: UUID | None, body: dict[str, Any]) -> Change:
    line = msgspec.json.encode({**body, "id": event_id, "kind": kind, "run_id": run_id})
    name = b"reset" if kind == "reset" else b"change"
    return Change(event_id, kind, run_id, b"id: %d\nevent: %s\ndata: %s\n\n" % (event_id, name, line))


@asynccontextmanager
async def open_hub(listen_dsn: str, *, ping_s: float = PING_S) -> AsyncIterator[Hub]:
    """A hub at work. `listen_dsn` leads directly to the primary, not through a transaction pooler."""
    hub = Hub(ping_s=ping_s)
    async with open_listener(listen_dsn, hub.look):
        try:
            yield hub
        finally:
            hub.end_streams()
