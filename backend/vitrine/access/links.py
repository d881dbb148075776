"""One-time sign-in links: `/auth/link?code=…`, used once, by whoever comes first."""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import UUID

from vitrine.access.sessions import hash_secret
from vitrine.database.pool import Connection

LINK_LIFE = timedelta(hours=1)

INSERT_LINK = (
    "insert into sign_in_link (code_hash, user_id, expires_at) values ($1, $2, now() + $3::interval)"
)
DELETE_EXPIRED_LINKS = "delete from sign_in_link where expires_at < now()"


async def create_link(db: Connection, user_id: UUID, origin: str) -> str:
    """An address that signs the user in, once, within an hour. `origin` holds the base path, too."""
    code = secrets.token_urlsafe(32)
    await db.execute(DELETE_EXPIRED_LINKS)
    await db.execute(INSERT_LINK, hash_secret(code.encode()), user_id, LINK_LIFE)
    return f"{origin}/auth/link?code={code}"


USE_LINK = """
delete from sign_in_link using app_user
where code_hash = $1 and app_user.id = user_id and is_active and expires_at > now() returning user_id
"""


async def use_link(db: Connection, code: str) -> UUID | None:
    """Whom the link signs in; None when it was used before, has expired, or never was."""
    user_id: UUID | None = await db.fetchval(USE_LINK, hash_secret(code.encode()))
    return user_id
