from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
import uvicorn
from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler

from vitrine.database.embedded import server
from vitrine.database.migrate import migrate
from vitrine.database.notify import CHANNEL, open_listener, open_notifier
from vitrine.database.pool import Pool, connection, open_pool, transaction
from vitrine.live.hub import Change, Hub, open_hub
from vitrine.live.outbox import Announcement, Reader, announce, prune
from vitrine.live.routes import ROUTES

PROJECT, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture(scope="module")
async def dsn() -> AsyncIterator[str]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)  # as root the server runs under an account of its own
        with server(Path(name, "pg"), settings={"fsync": "off", "synchronous_commit": "off"}) as found:
            await migrate(found)
            yield found


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[Pool]:
    opened = await open_pool(dsn, size=12)
    await opened.execute("truncate event restart identity")
    yield opened
    await opened.close()


async def write(pool: Pool, *kinds: str, project_id: UUID = PROJECT, notifies: bool = True) -> None:
    async with transaction(pool) as db:
        await announce(db, project_id, [Announcement(kind) for kind in kinds])
        if notifies:
            await db.execute(f"notify {CHANNEL}")


async def read_ids(reader: Reader, pool: Pool) -> list[int]:
    async with connection(pool) as db:
        return [event.id for event in await reader.fetch_new(db)]


@asynccontextmanager
async def begun(pool: Pool, history: int = 100) -> AsyncIterator[Reader]:
    reader = Reader(history=history)
    while reader.position is None:
        await read_ids(reader, pool)
    yield reader


@asynccontextmanager
async def left_open(pool: Pool, *kinds: str) -> AsyncIterator[asyncpg.transaction.Transaction]:
    """A transaction that has announced and neither commits nor ends until told."""
    db = await pool.acquire()
    pending = db.transaction()
    await pending.start()
    await announce(db, PROJECT, [Announcement(kind) for kind in kinds])
    try:
        yield pending
    finally:
        await pool.release(db)


async def test_a_slow_transaction_that_came_first_and_commits_last_is_not_skipped(pool: Pool) -> None:
    async with begun(pool) as reader, left_open(pool, "slow") as slow:
        await write(pool, "quick", "quick")
        assert await read_ids(reader, pool) == []
        assert reader.is_waiting
        await slow.commit()
        assert await read_ids(reader, pool) == [1, 2, 3]
        assert not reader.is_waiting


async def test_a_slow_transaction_that_gives_up_holds_back_no_longer(pool: Pool) -> None:
    async with begun(pool) as reader, left_open(pool, "slow") as slow:
        await write(pool, "quick")
        assert await read_ids(reader, pool) == []
        await slow.rollback()
        assert await read_ids(reader, pool) == [2]


async def test_only_events_behind_the_slow_one_wait_for_it(pool: Pool) -> None:
    async with begun(pool) as reader:
        await write(pool, "before")
        async with left_open(pool, "slow") as slow:
            await write(pool, "behind")
            assert await read_ids(reader, pool) == [1]
            assert await read_ids(reader, pool) == []
            await slow.commit()
        assert await read_ids(reader, pool) == [2, 3]


async def test_a_long_transaction_that_announces_nothing_holds_back_nobody(pool: Pool) -> None:
    async with begun(pool) as reader, transaction(pool) as busy:
        await busy.execute("create table elsewhere (id int)")
        await write(pool, "quick")
        assert await read_ids(reader, pool) == [1]
        await busy.execute("drop table elsewhere")


async def test_a_reader_that_begins_during_a_slow_transaction_does_not_skip_it(pool: Pool) -> None:
    reader = Reader(history=0)
    async with left_open(pool, "slow") as slow:
        await write(pool, "quick")
        assert await read_ids(reader, pool) == []
        assert reader.position is None
        await slow.commit()
    await write(pool, "later")
    assert await read_ids(reader, pool) == [3]
    assert reader.floor == 2  # and whoever asks for more than that is told to load everything


async def test_under_many_writers_every_committed_event_is_read_once_in_order(pool: Pool) -> None:
    chance = random.Random(7)
    seen: list[int] = []
    async with begun(pool, history=10_000) as reader:
        writers = [asyncio.create_task(_write_and_hesitate(pool, chance)) for _ in range(8)]
        while not all(writer.done() for writer in writers) or reader.is_waiting:
            seen += await read_ids(reader, pool)
        seen += await read_ids(reader, pool)
    assert seen == [row["id"] for row in await pool.fetch("select id from event order by id")]
    assert 300 < len(seen) < await pool.fetchval("select max(id) from event")  # some had been rolled back


async def _write_and_hesitate(pool: Pool, chance: random.Random) -> None:
    for _ in range(40):
        with suppress(ZeroDivisionError):
            async with transaction(pool) as db:
                await asyncio.sleep(chance.random() * 0.002)
                await announce(db, PROJECT, [Announcement("run")] * chance.randint(1, 3))
                await asyncio.sleep(chance.random() * 0.01)
                if chance.random() < 0.2:
                    raise ZeroDivisionError


async def test_pruning_takes_what_is_older_and_leaves_the_rest(pool: Pool) -> None:
    await write(pool, "old", "old")
    await pool.execute("update event set at = now() - interval '25 hours'")
    await write(pool, "young")
    assert await prune(pool, datetime.now(UTC) - timedelta(days=1)) == 2
    assert [row["kind"] for row in await pool.fetch("select kind from event")] == ["young"]
    async with begun(pool) as reader:
        assert reader.floor == 2


async def test_commits_are_notified_at_most_once_in_50_ms_and_the_last_is_never_lost(
    pool: Pool, dsn: str
) -> None:
    heard: list[float] = []
    listening = await asyncpg.connect(dsn)
    await listening.add_listener(CHANNEL, lambda *_: heard.append(time.monotonic()))
    async with open_notifier(pool) as notifier:
        until = time.monotonic() + 0.4
        while time.monotonic() < until:
            notifier.wake()
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.2)
        assert 2 <= len(heard) <= 10
        count = len(heard)
        notifier.wake()
    await listening.fetchval("select 1")
    assert len(heard) == count + 1  # the notifier was closed at once, and had still sent it
    await listening.close()


async def test_a_listener_looks_each_second_unasked_and_comes_back_when_cut_off(pool: Pool, dsn: str) -> None:
    looks: list[int] = []

    async def look(db: asyncpg.Connection) -> None:
        looks.append(await db.fetchval("select pg_backend_pid()"))

    async with open_listener(dsn, look):
        await _until(lambda: len(looks) >= 2)
        await pool.execute("select pg_terminate_backend($1)", looks[-1])
        await _until(lambda: looks[-1] != looks[0])


async def _until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
async def hub(pool: Pool, dsn: str) -> AsyncIterator[Hub]:
    async with open_hub(dsn) as opened:
        yield opened


async def take(changes: AsyncGenerator[Change, None], count: int) -> list[Change]:
    async with asyncio.timeout(5):
        return [await anext(changes) for _ in range(count)]


async def test_a_change_reaches_a_subscriber_of_its_project_and_no_other(pool: Pool, hub: Hub) -> None:
    run_id = uuid4()
    changes = hub.subscribe(PROJECT, 0)
    async with transaction(pool) as db:
        await announce(db, OTHER, [Announcement("run")])
        await announce(db, PROJECT, [Announcement("step", run_id, {"step": "träin", "status": "running"})])
    (change,) = await take(changes, 1)
    assert change.decode() == {
        "id": 2, "kind": "step", "run_id": str(run_id), "step": "träin", "status": "running",
    }  # fmt: skip
    await changes.aclose()


async def test_a_notified_change_arrives_within_a_second_and_mostly_within_a_tenth(
    pool: Pool, hub: Hub
) -> None:
    changes = hub.subscribe(PROJECT, 0)
    delays = []
    async with open_notifier(pool) as notifier:
        for _ in range(20):
            await write(pool, "run", notifies=False)
            committed_at = time.monotonic()
            notifier.wake()
            await take(changes, 1)
            delays.append(time.monotonic() - committed_at)
    assert max(delays) < 1
    assert sorted(delays)[10] < 0.1
    await changes.aclose()


async def test_a_change_that_nobody_notifies_arrives_all_the_same(pool: Pool, hub: Hub) -> None:
    changes = hub.subscribe(PROJECT, 0)
    await write(pool, "run", notifies=False)
    assert [change.id for change in await take(changes, 1)] == [1]
    await changes.aclose()


async def test_a_subscriber_that_was_slow_gets_what_came_meanwhile(pool: Pool, hub: Hub) -> None:
    changes = hub.subscribe(PROJECT, 0)
    await write(pool, "run")
    await take(changes, 1)
    await write(pool, "run", "run")
    await _until(lambda: hub.position == 3)
    await write(pool, "run")
    await _until(lambda: hub.position == 4)
    assert [change.id for change in await take(changes, 3)] == [2, 3, 4]
    await changes.aclose()


async def test_a_hub_that_starts_later_resumes_from_the_outbox(pool: Pool, dsn: str) -> None:
    await write(pool, *["run"] * 2_500)
    async with open_hub(dsn) as hub:
        changes = hub.subscribe(PROJECT, 1_400)
        assert [change.id for change in await take(changes, 1_100)] == list(range(1_401, 2_501))
        await changes.aclose()
        news = hub.subscribe(PROJECT)
        pending = asyncio.ensure_future(anext(news))
        await asyncio.sleep(0.01)
        await write(pool, "run")
        assert (await pending).id == 2_501
        await news.aclose()


async def test_whoever_missed_more_than_is_kept_is_told_to_load_everything(pool: Pool, dsn: str) -> None:
    hub = Hub(history=3)
    async with open_listener(dsn, hub.look):
        await write(pool, "run", "run", "run")
        await _until(lambda: hub.position == 3)
        await write(pool, *["run"] * 5, project_id=OTHER)
        await _until(lambda: hub.position == 8)
        for after, expected in [(3, ["run"]), (2, ["reset", "run"]), (99, ["reset", "run"])]:
            changes = hub.subscribe(PROJECT, after)
            taking = asyncio.ensure_future(take(changes, len(expected)))
            await asyncio.sleep(0.01)
            await write(pool, "run")
            assert [change.kind for change in await taking] == expected
            await changes.aclose()


async def test_ending_the_streams_ends_each_and_leaves_no_follower(pool: Pool, hub: Hub) -> None:
    readers = [asyncio.create_task(_drain(hub.stream(PROJECT))) for _ in range(5)]
    await _until(lambda: sum(map(len, hub._wakes.values())) == 5)
    hub.end_streams()
    async with asyncio.timeout(1):
        streams = await asyncio.gather(*readers)
    assert all(stream.startswith(b"retry: 1000\n: hello\n\n") for stream in streams)
    assert not hub._wakes
    assert await _drain(hub.stream(PROJECT)) == b"retry: 1000\n: hello\n\n"


async def _drain(stream: AsyncGenerator[bytes, None]) -> bytes:
    return b"".join([chunk async for chunk in stream])


@pytest.fixture
async def url(hub: Hub) -> AsyncIterator[str]:
    """A server with the live route alone; the guard that finds the project is another feature's."""

    def find_project(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        connection.scope["project_id"] = PROJECT  # type: ignore[typeddict-unknown-key]

    app = Litestar(ROUTES, guards=[find_project], state=State({"hub": hub}), openapi_config=None)
    running = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", ws="none", lifespan="off"))
    serving = asyncio.create_task(running.serve())
    await _until(lambda: running.started)
    yield f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}/projects/mine/live"
    hub.end_streams()
    running.should_exit = True
    await serving


@asynccontextmanager
async def open_stream(url: str, **headers: str) -> AsyncIterator[AsyncIterator[str]]:
    """The blocks of an event stream, each as it arrives."""
    async with httpx.AsyncClient() as client, client.stream("GET", url, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-cache, no-transform"
        assert answer.headers["x-accel-buffering"] == "no"
        yield _blocks(answer)


async def _blocks(answer: httpx.Response) -> AsyncIterator[str]:
    rest = ""
    async for text in answer.aiter_text():
        *blocks, rest = (rest + text).split("\n\n")
        for block in blocks:
            yield block


async def test_a_browser_is_greeted_at_once_and_gets_each_change(url: str, pool: Pool) -> None:
    async with asyncio.timeout(5), open_stream(url) as blocks:
        assert await anext(blocks) == "retry: 1000\n: hello"
        assert await anext(blocks) == "id: 0\nevent: ping\ndata: {}"
        await write(pool, "run")
        assert await anext(blocks) == 'id: 1\nevent: change\ndata: {"id":1,"kind":"run","run_id":null}'


async def test_a_quiet_stream_is_pinged_and_tells_where_to_resume(pool: Pool, dsn: str) -> None:
    async with open_hub(dsn, ping_s=0.05) as hub, asyncio.timeout(5):
        blocks = hub.stream(PROJECT)
        assert [await anext(blocks) for _ in range(3)][1:] == [b"id: 0\nevent: ping\ndata: {}\n\n"] * 2
        await write(pool, "run", "run", project_id=OTHER)
        await _until(lambda: hub.position == 2)
        assert await anext(blocks) == b"id: 2\nevent: ping\ndata: {}\n\n"
        await blocks.aclose()


async def test_a_browser_resumes_where_it_was_and_a_program_where_it_says(
    url: str, pool: Pool, hub: Hub
) -> None:
    await write(pool, "run", "run", "run")
    await _until(lambda: hub.position == 3)
    async with asyncio.timeout(5), open_stream(f"{url}?after=0", **{"last-event-id": "1"}) as blocks:
        assert [(await anext(blocks))[:5] for _ in range(3)] == ["retry", "id: 2", "id: 3"]
    async with asyncio.timeout(5), open_stream(f"{url}?after=2") as blocks:
        assert [(await anext(blocks))[:5] for _ in range(2)] == ["retry", "id: 3"]


@pytest.mark.parametrize("unknown", ["x", "9" * 5000, "-1"])
async def test_an_unknown_last_event_resets(url: str, unknown: str) -> None:
    async with asyncio.timeout(5), open_stream(url, **{"last-event-id": unknown}) as blocks:
        await anext(blocks)
        assert (await anext(blocks)).startswith("id: 0\nevent: reset\ndata: {")


async def test_a_browser_that_leaves_is_forgotten(url: str, hub: Hub) -> None:
    async with open_stream(url) as blocks:
        await anext(blocks)
        await _until(lambda: len(hub._wakes) == 1)
    await _until(lambda: not hub._wakes)
