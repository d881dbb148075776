"""A browser's sessions. The cookie holds 256 random bits, the table their SHA-256."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from vitrine.database.pool import Connection
from vitrine.database.rows import find_one
from vitrine.settings import Settings


def hash_secret(secret: bytes) -> bytes:
    """What is stored of a secret. It is random and long: no salt, no slow hash."""
    return hashlib.sha256(secret).digest()


INSERT_SESSION = """
insert into browser_session (id_hash, user_id, csrf, token_id, expires_at) values ($1, $2, $3, $4, $5)
"""


async def open_session(
    db: Connection,
    user_id: UUID,
    settings: Settings,
    *,
    token_id: UUID | None = None,
    until: datetime | None = None,
) -> str:
    """The id of a new session, for the cookie. One that was opened with a token may do what the token may, until it ends."""
    session_id = secrets.token_urlsafe(32)
    ends_at = datetime.now(UTC) + timedelta(seconds=settings.session_life_s)
    expires_at = min(ends_at, until) if until else ends_at
    await db.execute(
        INSERT_SESSION,
        hash_secret(session_id.encode()),
        user_id,
        secrets.token_urlsafe(24),
        token_id,
        expires_at,
    )
    return session_id


class ClosedSession(msgspec.Struct):
    """Whose it was, and with which token it had been opened."""

    user_id: UUID
    token_id: UUID | None


DELETE_SESSION = "delete from browser_session where id_hash = $1 returning user_id, token_id"


async def close_session(db: Connection, id_hash: bytes) -> ClosedSession | None:
    """The session is gone. None: it had gone before."""
    return await find_one(db, ClosedSession, DELETE_SESSION, id_hash)


DELETE_EXPIRED_SESSIONS = (
    "delete from browser_session where expires_at < now() or seen_at < now() - $1::interval"
)


async def sweep_sessions(db: Connection, settings: Settings) -> None:
    """Sessions that have ended by themselves are gone."""
    await db.execute(DELETE_EXPIRED_SESSIONS, timedelta(seconds=settings.session_idle_s))
