"""Waking other processes: something was committed, go and look. What it was, they read for themselves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias

import asyncpg

from vitrine.database.pool import Pool, connect, connection
from vitrine.errors import VitrineError

CHANNEL = "vitrine"
NOTIFY = f"select pg_notify('{CHANNEL}', '')"
NOTIFY_PAUSE_S = 0.05  # a NOTIFY per commit takes one global lock and costs 3 to 10 times the throughput
POLL_S = 1.0  # a lost notification, or a pooler that swallows them, costs this much
RECONNECT_LIMIT_S = 5.0
LOOK_LIMIT_S = 10.0  # a statement without an answer for so long: the network has gone

Look: TypeAlias = "Callable[[asyncpg.Connection[Any]], Awaitable[None]]"
_LOST = (VitrineError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
logger = logging.getLogger(__name__)


class Notifier:
    """Tells all processes, at most once in 50 ms, that something was committed. Call `wake` after the commit."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._news = asyncio.Event()

    def wake(self) -> None:
        self._news.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._news.wait()
            await self.flush()
            await asyncio.sleep(NOTIFY_PAUSE_S)

    async def flush(self) -> None:
        """What `wake` asked for has been sent, or the database is away: then the listeners' own poll will find it."""
        if not self._news.is_set():
            return
        self._news.clear()
        try:
            async with connection(self._pool) as db:
                await db.execute(NOTIFY)
        except VitrineError as error:
            logger.warning("Nobody could be notified: %s", error)


@asynccontextmanager
async def open_notifier(pool: Pool) -> AsyncIterator[Notifier]:
    """A notifier at work, flushed at the end."""
    notifier = Notifier(pool)
    async with _running(notifier.run()):
        yield notifier
    await notifier.flush()


class Listener:
    """Calls `look` with a connection of its own at every notification, and each second anyway.

    One a process. `look` runs one at a time; notifications during a run cause one more. The DSN leads to the primary
    and not through a transaction pooler; through one, only the poll is left.
    """

    def __init__(self, dsn: str, look: Look) -> None:
        self._dsn, self._look = dsn, look
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled; a lost connection is made again, ever more patiently up to 5 s."""
        pause_s = 0.1
        while True:
            try:
                db = await connect(self._dsn, command_limit_s=LOOK_LIMIT_S)
                try:
                    await db.add_listener(CHANNEL, self._hear)
                    while True:
                        await self._look(db)
                        pause_s = 0.1
                        await self._wait()
                finally:
                    db.terminate()  # close() waits for a server that may be gone
            except _LOST as error:
                logger.warning("Not listening to the database: %s", error)
            except Exception:  # a bug in `look` must not silence the live updates for good
                logger.exception("Looking for news failed")
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, RECONNECT_LIMIT_S)

    def _hear(self, *_: object) -> None:
        self._news.set()

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._news.wait()
        self._news.clear()


@asynccontextmanager
async def open_listener(dsn: str, look: Look) -> AsyncIterator[Listener]:
    """A listener at work."""
    listener = Listener(dsn, look)
    async with _running(listener.run()):
        yield listener


@asynccontextmanager
async def _running(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
