from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from vitrine.database.embedded import server
from vitrine.database.pool import SERVER_SETTINGS, Pool, connection, open_pool, transaction
from vitrine.database.rows import fetch_all, find_one
from vitrine.errors import Conflict, DatabaseUnavailable, Unavailable

QUICK = {"fsync": "off", "synchronous_commit": "off"}


class Cup(msgspec.Struct):
    id: int
    meta: msgspec.Raw


@pytest.fixture(scope="module")
async def dsn() -> AsyncIterator[str]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)  # as root the server runs under an account of its own
        with server(Path(name, "pg"), settings=QUICK) as found:
            yield found


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[Pool]:
    opened = await open_pool(dsn, size=2)
    await opened.execute("drop table if exists cup")
    await opened.execute("create table cup (id int primary key, meta jsonb not null)")
    yield opened
    await opened.close()


async def test_json_passes_through_unparsed_in_lists_too(pool: Pool) -> None:
    async with connection(pool) as db:
        for id, meta in enumerate([{"a": [1, None]}, msgspec.Raw(b'{"b": 2}'), b'"c"', "d", 5]):
            await db.execute("insert into cup values ($1, $2)", id, meta)
        await db.execute("insert into cup select 9, unnest($1::jsonb[])", [{"e": "träin"}])
    cups = await fetch_all(pool, Cup, "select id, meta from cup order by id")
    assert [msgspec.json.decode(cup.meta) for cup in cups] == [
        {"a": [1, None]},
        {"b": 2},
        "c",
        "d",
        5,
        {"e": "träin"},
    ]
    assert msgspec.json.decode(msgspec.json.encode(cups[0])) == {"id": 0, "meta": {"a": [1, None]}}


async def test_one_row_is_found_or_none(pool: Pool) -> None:
    await pool.execute("insert into cup values (1, '{}')")
    async with connection(pool) as db:
        found = await find_one(db, Cup, "select id, meta from cup where id = $1", 1)
        assert found is not None
        assert found.id == 1
    assert await find_one(pool, Cup, "select id, meta from cup where id = $1", 2) is None


async def test_a_transaction_is_kept_whole_or_not_at_all(pool: Pool) -> None:
    async with transaction(pool) as db:
        await db.execute("insert into cup values (1, '{}')")

    async def fail() -> None:
        async with transaction(pool) as db:
            await db.execute("insert into cup values (2, '{}')")
            raise Conflict("taken")

    with pytest.raises(Conflict):
        await fail()
    assert await pool.fetchval("select array_agg(id) from cup") == [1]


async def test_a_busy_pool_says_so_within_two_seconds_instead_of_hanging(pool: Pool) -> None:
    async with connection(pool), connection(pool):
        began_at = time.monotonic()
        answers = [fetch_all(pool, Cup, "select id, meta from cup") for _ in range(50)]
        for answer in await asyncio.gather(*answers, return_exceptions=True):
            assert isinstance(answer, Unavailable)
            assert "No database connection became free" in answer.detail
        assert time.monotonic() - began_at < 3
    async with connection(pool) as db:
        assert await db.fetchval("select 1") == 1


async def test_a_statement_that_takes_too_long_is_stopped(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SERVER_SETTINGS, "statement_timeout", "200")
    pool = await open_pool(dsn, size=1)
    with pytest.raises(Unavailable, match="took more than 5 s"):
        async with connection(pool) as db:
            await db.execute("select pg_sleep(30)")
    async with connection(pool) as db:
        assert await db.fetchval("show application_name") == "vitrine"
    await pool.close()


async def test_a_mistake_in_a_statement_stays_what_it_is(pool: Pool) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        async with connection(pool) as db:
            await db.execute("select * from saucer")
    with pytest.raises(FileNotFoundError):
        async with connection(pool):
            Path("/no/such/file").read_text()


async def test_a_cancelled_request_gives_its_connection_back_clean(pool: Pool) -> None:
    async def work() -> None:
        async with transaction(pool) as db:
            await db.execute("insert into cup values (1, '{}')")
            await db.execute("select pg_sleep(30)")

    for _ in range(3):
        task = asyncio.create_task(work())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with connection(pool) as one, connection(pool) as two:
        assert await one.fetchval("select count(*) from cup") == 0
        assert not two.is_in_transaction()


async def test_a_lost_connection_is_unavailable_and_the_next_one_works(pool: Pool) -> None:
    async def lose() -> None:
        async with transaction(pool) as db, connection(pool) as other:
            pid = await db.fetchval("select pg_backend_pid()")
            await other.execute("select pg_terminate_backend($1)", pid)
            await db.execute("insert into cup values (1, '{}')")

    with pytest.raises(DatabaseUnavailable):
        await lose()
    async with connection(pool) as db:
        assert await db.fetchval("select count(*) from cup") == 0


async def test_a_killed_server_is_unavailable_until_it_is_back_and_the_pool_recovers(pool: Pool) -> None:
    async with connection(pool) as db:
        data = Path(await db.fetchval("show data_directory"))
    os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    failures = 0
    async with asyncio.timeout(15):
        while True:
            try:
                async with connection(pool) as db:
                    await db.fetchval("select 1")
                if failures:
                    break
            except Unavailable:
                failures += 1
            await asyncio.sleep(0.02)
    assert failures


async def test_a_server_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="does not let us in"):
        await open_pool(f"postgresql://postgres@/postgres?host={tmp_path}")
