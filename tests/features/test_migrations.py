from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from vitrine.database.embedded import server
from vitrine.database.migrate import MIGRATIONS, load_migrations, migrate
from vitrine.errors import DatabaseUnavailable, SchemaDiffers, Unavailable


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)  # as root the server runs under an account of its own
        with server(Path(name, "pg"), settings={"fsync": "off", "synchronous_commit": "off"}) as found:
            yield found


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database without tables."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("drop schema public cascade; create schema public")
    yield connection
    await connection.close()


def write(folder: Path, **files: str) -> Path:
    for name, sql in files.items():
        (folder / f"{name.removeprefix('m')}.sql").write_text(sql)
    return folder


async def test_migrations_run_once_and_in_order(dsn: str, db: asyncpg.Connection, tmp_path: Path) -> None:
    write(
        tmp_path,
        m0001_create_cup="create table cup (id int)",
        m0002_fill_cup="insert into cup values (1), (2)",
    )
    assert await migrate(dsn, tmp_path) == ["0001_create_cup", "0002_fill_cup"]
    assert await migrate(dsn, tmp_path) == []
    write(tmp_path, m0003_add_colour="alter table cup add colour text")
    assert await migrate(dsn, tmp_path) == ["0003_add_colour"]
    assert await db.fetchval("select count(*) from cup where colour is null") == 2


async def test_four_processes_at_once_apply_each_migration_once(
    dsn: str, db: asyncpg.Connection, tmp_path: Path
) -> None:
    write(
        tmp_path,
        m0001_create_cup="create table cup (id int); insert into cup values (1)",
        m0002_index_cup="-- no transaction\ncreate index concurrently cup_id on cup (id);\n",
    )
    applied = await asyncio.gather(*(migrate(dsn, tmp_path) for _ in range(4)))
    assert sorted(map(len, applied)) == [0, 0, 0, 2]
    assert await db.fetchval("select count(*) from cup") == 1


async def test_a_failing_migration_leaves_nothing_and_is_named(
    dsn: str, db: asyncpg.Connection, tmp_path: Path
) -> None:
    write(
        tmp_path, m0001_create_cup="create table cup (id int)", m0002_break_cup="drop table cup; select 1 / 0"
    )
    with pytest.raises(SchemaDiffers, match="0002_break_cup fails: division by zero"):
        await migrate(dsn, tmp_path)
    assert await db.fetchval("select to_regclass('cup') is not null")
    assert [row["name"] for row in await db.fetch("select name from migration")] == ["0001_create_cup"]
    write(tmp_path, m0002_break_cup="drop table cup")
    assert await migrate(dsn, tmp_path) == ["0002_break_cup"]


async def test_a_database_that_is_ahead_is_refused(dsn: str, db: asyncpg.Connection, tmp_path: Path) -> None:
    write(tmp_path, m0001_create_cup="create table cup (id int)", m0002_fill_cup="insert into cup values (1)")
    await migrate(dsn, tmp_path)
    (tmp_path / "0002_fill_cup.sql").unlink()
    with pytest.raises(
        SchemaDiffers, match=r"migration 2 \(0002_fill_cup\), this program knows 1: run a newer Vitrine"
    ):
        await migrate(dsn, tmp_path)


async def test_an_edited_history_is_refused_before_anything_new_runs(
    dsn: str, db: asyncpg.Connection, tmp_path: Path
) -> None:
    await migrate(dsn, write(tmp_path, m0001_create_cup="create table cup (id int)"))
    write(tmp_path, m0001_create_cup="create table cup (id bigint)", m0002_drop_cup="drop table cup")
    with pytest.raises(SchemaDiffers, match=r"0001_create_cup\.sql was edited"):
        await migrate(dsn, tmp_path)
    assert await db.fetchval("select to_regclass('cup') is not null")


async def test_a_migration_does_not_queue_readers_behind_a_lock_it_cannot_have(
    dsn: str, db: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vitrine.database.migrate.LOCK_LIMIT_S", 0.2)
    await db.execute("create table cup (id int)")
    write(tmp_path, m0001_add_colour="alter table cup add colour text")
    async with db.transaction():
        await db.fetch("select * from cup")
        with pytest.raises(Unavailable, match="0001_add_colour waited"):
            await migrate(dsn, tmp_path)
    assert await migrate(dsn, tmp_path) == ["0001_add_colour"]


@pytest.mark.parametrize(
    "names", [("0001_create_cup", "0003_fill_cup"), ("0001_create_cup", "0001_fill_cup"), ("1_cup",)]
)
def test_names_and_numbers_of_files_must_be_right(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (tmp_path / f"{name}.sql").write_text("select 1")
    with pytest.raises(SchemaDiffers):
        load_migrations(tmp_path)


async def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    with pytest.raises(DatabaseUnavailable, match=r"PostgreSQL at 127\.0\.0\.1") as caught:
        await migrate("postgresql://someone:secret@127.0.0.1:9/vitrine")
    assert "secret" not in str(caught.value)


async def test_the_product_s_own_migrations_make_an_empty_database_ready(
    dsn: str, db: asyncpg.Connection
) -> None:
    assert await migrate(dsn) == [one.name for one in load_migrations(MIGRATIONS)]
    assert await db.fetchval("select count(*) from event") == 0
