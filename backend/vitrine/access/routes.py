"""`/me`, `/users`, `/tokens`, `/audit`."""

from typing import Annotated, Any
from uuid import UUID

import asyncpg
from litestar import Request, delete, get, post
from litestar.params import Parameter
from msgspec import Struct

from vitrine.access.actors import announce_access
from vitrine.access.audit import AuditItem, fetch_audit, write_audit
from vitrine.access.permissions import authorize
from vitrine.access.queries import fetch_users
from vitrine.access.structs import Actor, CreatedToken, Me, NewToken, TokenItem, UserItem
from vitrine.access.tokens import create_token, fetch_tokens, revoke_token
from vitrine.database.pool import transaction
from vitrine.errors import NotPermitted


class Users(Struct):
    items: list[UserItem]


class Tokens(Struct):
    items: list[TokenItem]


class Audit(Struct):
    """`next`: the `before` of the next page."""

    items: list[AuditItem]
    next: int | None


@get("/me", opt={"permission": "signed-in"}, sync_to_thread=False)
def get_me(actor: Actor) -> Me:
    """Who asks, and the value of X-CSRF-Token for changing requests with the session's cookie."""
    is_admin = "server:admin" in actor.server_actions
    return Me(actor.user_id, actor.user_name, actor.csrf, [one.slug for one in actor.projects], is_admin)


@get("/users", opt={"permission": "server:admin"})
async def list_users(db: asyncpg.Connection) -> Users:
    return Users(await fetch_users(db))


@get("/tokens", opt={"permission": "signed-in"})
async def list_tokens(db: asyncpg.Connection, actor: Actor, everybody: bool = False) -> Tokens:
    """The asker's tokens; an administrator may ask for everybody's. The tokens themselves are not stored."""
    if everybody:
        authorize(actor, "server:admin")
    return Tokens(await fetch_tokens(db, None if everybody else actor.user_id))


@post("/tokens", opt={"permission": "signed-in"})
async def add_token(db: asyncpg.Connection, actor: Actor, data: NewToken) -> CreatedToken:
    """A token that may do what its role allows and its user may; only now is it shown."""
    if actor.is_limited:
        raise NotPermitted(
            "A token that is limited in role, project or time makes no others. Sign in without it."
        )
    project_id = authorize(actor, "project:read", data.project) if data.project is not None else None
    created = await create_token(db, actor.user_id, data, user_name=actor.user_name, project_id=project_id)
    facts = {"name": data.name, "role": data.role, "expires_at": created.item.expires_at}
    await write_audit(
        db,
        "create",
        user_id=actor.user_id,
        token_id=actor.token_id,
        object_kind="token",
        object_id=created.item.id,
        project_id=project_id,
        facts=facts,
    )
    return created


@delete("/tokens/{token_id:uuid}", opt={"permission": "signed-in"})
async def remove_token(request: Request[Any, Any, Any], actor: Actor, token_id: UUID) -> None:
    """The token and the sessions opened with it end now. One's own; an administrator may revoke anybody's."""
    state = request.app.state
    of_user = None if "server:admin" in actor.server_actions else actor.user_id
    # Its own transaction, since whoever is signed in by it must be forgotten right after the commit.
    async with transaction(state.pool) as db:
        item = await revoke_token(db, token_id, of_user=of_user)
        facts = {"name": item.name, "user": item.user}
        await write_audit(
            db,
            "revoke",
            user_id=actor.user_id,
            token_id=actor.token_id,
            object_kind="token",
            object_id=token_id,
            facts=facts,
        )
        await announce_access(db)
    state.notifier.wake()
    await state.actors.refresh()


@get("/audit", opt={"permission": "server:admin"})
async def list_audit(
    db: asyncpg.Connection,
    before: Annotated[int | None, Parameter(ge=0, le=2**62)] = None,
    limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
) -> Audit:
    """Who did what, the newest first."""
    items = await fetch_audit(db, before=before, limit=limit)
    return Audit(items, items[-1].id if len(items) == limit else None)


ROUTES = [get_me, list_users, list_tokens, add_token, remove_token, list_audit]
