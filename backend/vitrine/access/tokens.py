"""API tokens: `vit_<id>_<secret>`. The id finds the row, the row holds the secret's SHA-256. Shown once."""

from __future__ import annotations

import base64
import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from vitrine.access.sessions import hash_secret
from vitrine.access.structs import CreatedToken, NewToken, TokenItem
from vitrine.database.pool import Connection
from vitrine.database.rows import fetch_all, find_one
from vitrine.errors import Conflict, NotFound
from vitrine.ids import new_id

FORM = re.compile(rb"vit_([A-Za-z0-9_-]{22})_([A-Za-z0-9_-]{43})")


class TokenParts(NamedTuple):
    id: UUID
    secret_hash: bytes


def find_parts(token: bytes) -> TokenParts | None:
    """The row's id and the hash to compare with; None for what has not the form of a token."""
    if (match := FORM.fullmatch(token)) is None:
        return None
    return TokenParts(UUID(bytes=base64.urlsafe_b64decode(match[1] + b"==")), hash_secret(match[2]))


def write_token(token_id: UUID, secret: str) -> str:
    return f"vit_{base64.urlsafe_b64encode(token_id.bytes).rstrip(b'=').decode()}_{secret}"


INSERT_NEW = """
insert into token (id, user_id, name, secret_hash, role, project_id, expires_at)
values ($1, $2, $3, $4, $5, $6, $7) on conflict (user_id, name) do nothing returning created_at
"""


async def create_token(
    db: Connection, user_id: UUID, wanted: NewToken, *, user_name: str, project_id: UUID | None
) -> CreatedToken:
    """A new token; this is the only time that it is known. Raises: Conflict when the user has one of that name."""
    token_id, secret = new_id(), secrets.token_urlsafe(32)
    lasts = timedelta(seconds=wanted.expires_in_s) if wanted.expires_in_s is not None else None
    expires_at = datetime.now(UTC) + lasts if lasts else None
    created_at = await db.fetchval(
        INSERT_NEW,
        token_id,
        user_id,
        wanted.name,
        hash_secret(secret.encode()),
        wanted.role,
        project_id,
        expires_at,
    )
    if created_at is None:
        raise Conflict(
            f"There is a token {wanted.name!r} already: revoke it, or choose another name.", name=wanted.name
        )
    item = TokenItem(
        token_id,
        wanted.name,
        user_name,
        wanted.role,
        wanted.project,
        created_at,
        last_used_at=None,
        expires_at=expires_at,
    )
    return CreatedToken(write_token(token_id, secret), item)


FETCH_TOKENS = """
select t.id, t.name, u.name, t.role, p.slug, t.created_at, t.last_used_at, t.expires_at
from token t join app_user u on u.id = t.user_id left join project p on p.id = t.project_id
where $1::uuid is null or t.user_id = $1 order by t.id desc limit 1000
"""


async def fetch_tokens(db: Connection, user_id: UUID | None) -> list[TokenItem]:
    """The user's tokens, or everybody's for None; the newest first, 1,000 at most."""
    return await fetch_all(db, TokenItem, FETCH_TOKENS, user_id)


FIND_OWN = """
select t.id, t.name, u.name, t.role, p.slug, t.created_at, t.last_used_at, t.expires_at
from token t join app_user u on u.id = t.user_id left join project p on p.id = t.project_id
where t.id = $1 and ($2::uuid is null or t.user_id = $2)
"""
DELETE_BY_ID = "delete from token where id = $1"


async def revoke_token(db: Connection, token_id: UUID, *, of_user: UUID | None) -> TokenItem:
    """The token is gone, and with it the sessions that were opened with it. Raises: NotFound; also another user's."""
    item = await find_one(db, TokenItem, FIND_OWN, token_id, of_user)
    if item is None:
        raise NotFound(f"There is no token {token_id} of yours.", token_id=str(token_id))
    await db.execute(DELETE_BY_ID, token_id)
    return item


DELETE_BY_NAME = "delete from token where user_id = $1 and name = $2"


async def forget_token(db: Connection, user_id: UUID, name: str) -> None:
    """The user has no token of that name."""
    await db.execute(DELETE_BY_NAME, user_id, name)


IS_VALID = """
select exists (select from token where id = $1 and secret_hash = $2 and (expires_at is null or expires_at > now()))
"""


async def is_valid(db: Connection, parts: TokenParts) -> bool:
    """Somebody may sign in with it now."""
    return bool(await db.fetchval(IS_VALID, parts.id, parts.secret_hash))
