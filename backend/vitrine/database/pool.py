"""Connections to PostgreSQL, and what their failures mean to a caller."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import asyncpg
import msgspec

from vitrine.errors import DatabaseUnavailable, StoreFull, Unavailable, VitrineError

Connection: TypeAlias = "asyncpg.Connection[Any] | asyncpg.pool.PoolConnectionProxy[Any]"
Pool: TypeAlias = "asyncpg.Pool[Any]"

ACQUIRE_LIMIT_S = 2.0
CONNECT_LIMIT_S = 5.0
STATEMENT_LIMIT_S = 5.0
# A pooler in between must be told to pass these on: ignore_startup_parameters of pgbouncer.
SERVER_SETTINGS = {
    "application_name": "vitrine",
    "statement_timeout": f"{STATEMENT_LIMIT_S * 1000:.0f}",
    # A transaction that somebody forgot holds back live events and vacuum.
    "idle_in_transaction_session_timeout": "60000",
}
_TRY_AGAIN = (
    asyncpg.PostgresConnectionError,  # class 08, connection lost
    asyncpg.OperatorInterventionError,  # class 57: shut down, starting up, statement_timeout
    asyncpg.InsufficientResourcesError,  # class 53: too many connections, out of memory
    asyncpg.TransactionRollbackError,  # class 40: deadlock, serialization
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,  # the server's last words reached an idle connection before its end did
    ConnectionError,
)


async def open_pool(dsn: str, *, size: int = 10) -> Pool:
    """A pool of at most `size` connections, one of them tried. Close it.

    jsonb arrives as `msgspec.Raw`, unparsed; it is sent as Raw or bytes of JSON, or as any object msgspec encodes
    (so a str becomes a JSON string). Released connections are not reset: no SET, LISTEN or session lock on them.
    Raises: DatabaseUnavailable.
    """
    pool = await asyncpg.create_pool(
        dsn,
        min_size=0,  # with a floor, asyncpg logs a traceback at every try to reach a database that is away
        max_size=size,
        init=_teach_jsonb,
        reset=_keep_session,
        server_settings=SERVER_SETTINGS,
        timeout=CONNECT_LIMIT_S,
        command_timeout=STATEMENT_LIMIT_S + 5,
    )
    try:
        async with pool.acquire(timeout=CONNECT_LIMIT_S):
            return pool
    except (OSError, asyncpg.PostgresError) as error:
        pool.terminate()
        raise _unreachable(dsn, error) from error


async def connect(dsn: str, *, command_limit_s: float | None = None) -> asyncpg.Connection[Any]:
    """A connection of its own, direct or through a pooler. Close it. Raises: DatabaseUnavailable."""
    try:
        # pgbouncer in transaction mode loses prepared statements: no cache
        return await asyncpg.connect(
            dsn,
            timeout=CONNECT_LIMIT_S,
            command_timeout=command_limit_s,
            statement_cache_size=0,
            server_settings={"application_name": "vitrine"},
        )
    except (OSError, asyncpg.PostgresError) as error:
        raise _unreachable(dsn, error) from error


@asynccontextmanager
async def connection(pool: Pool) -> AsyncIterator[Connection]:
    """A connection of the pool, in autocommit.

    Raises: Unavailable when none is free within 2 s, when the database is away or breaks off, or when a statement
    takes too long; StoreFull when its disk is full.
    """
    try:
        db = await pool.acquire(timeout=ACQUIRE_LIMIT_S)
    except TimeoutError as error:
        raise Unavailable(
            f"No database connection became free within {ACQUIRE_LIMIT_S:.0f} s: try again."
        ) from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseUnavailable("The database does not answer: try again.") from error
    try:
        yield db
    except Exception as error:
        if (meaning := _translate(error, is_lost=_is_lost(db))) is None:
            raise
        raise meaning from error
    finally:
        await pool.release(db)


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """A connection in a transaction, committed at the end, rolled back by an exception. Raises: as `connection`."""
    async with connection(pool) as db, db.transaction():
        yield db


def _translate(error: Exception, *, is_lost: bool) -> VitrineError | None:
    """What a failure of the database means to a caller; None when it is not the database's state that failed."""
    if isinstance(error, asyncpg.DiskFullError):
        return StoreFull("The database's disk is full.")
    if isinstance(error, asyncpg.QueryCanceledError | TimeoutError):
        return Unavailable(
            f"The database took more than {STATEMENT_LIMIT_S:.0f} s: ask for less, or try again."
        )
    if isinstance(error, _TRY_AGAIN) or (is_lost and isinstance(error, asyncpg.InterfaceError)):
        return DatabaseUnavailable("The database broke off: try again.")
    return None


def _is_lost(db: Connection) -> bool:
    try:
        return bool(db.is_closed())
    except asyncpg.InterfaceError:  # closed, and the pool has already taken it back
        return True


def _unreachable(dsn: str, error: Exception) -> DatabaseUnavailable:
    parts = urlsplit(dsn)
    where = parts.hostname or "its socket"  # never the DSN: it may hold a password
    return DatabaseUnavailable(f"PostgreSQL at {where} does not let us in: {error or type(error).__name__}.")


async def _keep_session(db: Connection) -> None:
    """Nothing: the default reset is one more round trip a request. An open transaction is rolled back regardless."""


async def _teach_jsonb(db: Connection) -> None:
    await db.set_type_codec(
        "jsonb", schema="pg_catalog", format="binary", encoder=_encode_jsonb, decoder=_decode_jsonb
    )


def _encode_jsonb(value: object) -> bytes:
    """jsonb on the wire is a version byte and the text."""
    return b"\x01" + (value if isinstance(value, bytes | msgspec.Raw) else msgspec.json.encode(value))


def _decode_jsonb(wire: bytes) -> msgspec.Raw:
    return msgspec.Raw(wire[1:])
