"""Who asks. Found once in ten seconds, then known; forgotten at once, in every process, when somebody's rights change."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from vitrine.access.cookies import SESSION, Headers, find_cookie, name_cookie
from vitrine.access.roles import ROLE_ACTIONS
from vitrine.access.sessions import hash_secret
from vitrine.access.structs import Actor, ReadableProject
from vitrine.access.tokens import find_parts
from vitrine.database.pool import Connection, Pool, connection
from vitrine.database.rows import find_one
from vitrine.errors import VitrineError
from vitrine.live.hub import Hub
from vitrine.live.outbox import Announcement, announce
from vitrine.settings import Settings

KNOWN_S = 10.0  # how long a revocation may go unnoticed should its announcement be lost
KNOWN_LIMIT = 10_000
SERVER_EVENTS = UUID(int=0)  # announcements that belong to no project
SIGNED_OUT, RIGHTS_CHANGED = 4401, 1012  # close codes: go to sign-in; come back
logger = logging.getLogger(__name__)

# Follows a `with asker as (…)`: the user's own roles and those of their teams, and which projects these reach.
RIGHTS = """
given as (
  select unnest(role.actions) as action, a.organization_id, a.workspace_id, a.project_id
  from asker join role_assignment a
    on a.user_id = asker.user_id or a.team_id in (select team_id from team_member m where m.user_id = asker.user_id)
  join role on role.id = a.role_id),
reach as (
  select project.id, project.slug, array_agg(distinct given.action) as actions
  from project join workspace on workspace.id = project.workspace_id
  join given on given.project_id = project.id or given.workspace_id = workspace.id
    or given.organization_id = workspace.organization_id
  where given.action like 'project:%' group by project.id, project.slug)
select asker.user_id, asker.name, asker.csrf, asker.expires_at, asker.token_id, asker.role, asker.project_id,
  asker.token_expires,
  array(select distinct action from given where action like 'server:%'),
  (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'slug', slug, 'actions', actions) order by slug), '[]') from reach)
from asker
"""
FIND_BY_SESSION = f"""
with asker as (
  select s.user_id, u.name, s.csrf, least(s.expires_at, now() + $2::interval) as expires_at, t.id as token_id, t.role,
    t.project_id, t.expires_at is not null as token_expires
  from browser_session s join app_user u on u.id = s.user_id left join token t on t.id = s.token_id
  where s.id_hash = $1 and u.is_active and s.expires_at > now() and s.seen_at > now() - $2::interval),
touched as (
  update browser_session set seen_at = now()
  where id_hash = $1 and seen_at < now() - interval '1 minute' and exists (select from asker)),
{RIGHTS}
"""  # noqa: S608  constants only
# Equality of digests may be compared in any time: what it gives away is of the digest, not of the secret.
FIND_BY_TOKEN = f"""
with asker as (
  select t.user_id, u.name, null::text as csrf, t.expires_at, t.id as token_id, t.role, t.project_id,
    t.expires_at is not null as token_expires
  from token t join app_user u on u.id = t.user_id
  where t.id = $1 and t.secret_hash = $2 and u.is_active and (t.expires_at is null or t.expires_at > now())),
touched as (
  update token set last_used_at = now()
  where id = $1 and (last_used_at is null or last_used_at < now() - interval '1 minute') and exists (select from asker)),
{RIGHTS}
"""  # noqa: S608  constants only


class Asker(msgspec.Struct):
    """A row of both: the user, the token in play if there is one, and the user's rights before its limits."""

    user_id: UUID
    name: str
    csrf: str | None
    expires_at: datetime | None
    token_id: UUID | None
    role: str | None
    token_project_id: UUID | None
    token_expires: bool
    server_actions: list[str]
    projects: msgspec.Raw


class Known(NamedTuple):
    actor: Actor
    until: float  # of time.monotonic()


class Watch(msgspec.Struct, eq=False):
    """A connection that stays open: a socket or a stream. `end` is called once, with a close code."""

    actor: Actor
    headers: Headers
    end: Callable[[int], None]
    timer: asyncio.TimerHandle | None = None


class Actors:
    """Every actor that this process has lately seen, and the connections that they hold open."""

    def __init__(self, pool: Pool, settings: Settings) -> None:
        self._pool = pool
        self._idle = timedelta(seconds=settings.session_idle_s)
        self._cookie = name_cookie(settings, SESSION).encode()
        self._known: dict[bytes, Known] = {}
        self._watches: set[Watch] = set()
        self._checks: set[asyncio.Task[None]] = set()

    async def find(self, headers: Headers) -> Actor | None:
        """Whoever the bearer token, else the session cookie stands for. None: nobody we know. Raises: Unavailable."""
        kind, secret = self._read_credential(headers)
        if secret is None:
            return None
        key = hash_secret(secret)
        known = self._known.get(key)
        if known is not None and known.until > time.monotonic():
            return known.actor
        actor = await self._fetch(kind, key, secret)
        if actor is None:
            self._known.pop(key, None)
            return None
        if len(self._known) >= KNOWN_LIMIT:
            self._known.clear()
        left_s = (
            KNOWN_S if actor.expires_at is None else (actor.expires_at - datetime.now(UTC)).total_seconds()
        )
        self._known[key] = Known(actor, time.monotonic() + min(KNOWN_S, left_s))
        return actor

    def _read_credential(self, headers: Headers) -> tuple[Literal["session", "token"], bytes | None]:
        """A bearer token wins: it is never sent by a browser on its own."""
        for key, value in headers:
            if key == b"authorization":
                scheme, _, secret = value.partition(b" ")
                return "token", secret if scheme.lower() == b"bearer" else None
        return "session", find_cookie(headers, self._cookie)

    async def _fetch(self, kind: Literal["session", "token"], key: bytes, secret: bytes) -> Actor | None:
        if kind == "session":
            arguments: tuple[object, ...] = (FIND_BY_SESSION, key, self._idle)
        elif parts := find_parts(secret):
            arguments = (FIND_BY_TOKEN, *parts)
        else:
            return None
        async with connection(self._pool) as db:
            row = await find_one(db, Asker, *arguments)  # type: ignore[arg-type]
        return None if row is None else _make_actor(row, kind, key)

    # ── what stays open ───────────────────────────────────────────────────────────────────────────
    def watch(self, actor: Actor, headers: Headers, end: Callable[[int], None]) -> Watch:
        """`end` will be called when the actor signs out, is signed out, expires or has other rights."""
        watch = Watch(actor, headers, end)
        self._watches.add(watch)
        self._set_timer(watch)
        return watch

    def unwatch(self, watch: Watch) -> None:
        self._watches.discard(watch)
        if watch.timer:
            watch.timer.cancel()

    def _set_timer(self, watch: Watch) -> None:
        if watch.timer:
            watch.timer.cancel()
        if (expires_at := watch.actor.expires_at) is not None:
            left_s = max(0.0, (expires_at - datetime.now(UTC)).total_seconds()) + 0.01
            watch.timer = asyncio.get_running_loop().call_later(left_s, self._expire, watch)

    def _expire(self, watch: Watch) -> None:
        self._known.pop(watch.actor.key, None)
        task = asyncio.ensure_future(self._check([watch]))
        self._checks.add(task)
        task.add_done_callback(self._checks.discard)

    async def _check(self, watches: list[Watch]) -> None:
        """Those connections are ended whose actor is gone or has other rights. Others go on, with a new end."""
        for watch in watches:
            try:
                actor = await self.find(watch.headers)
            except VitrineError as error:
                logger.warning("An open connection could not be checked, so it is closed: %s", error)
                actor = None
            if watch not in self._watches:
                continue
            if actor is not None and (actor.by_name, actor.server_actions) == (
                watch.actor.by_name,
                watch.actor.server_actions,
            ):
                watch.actor = actor
                self._set_timer(watch)
            else:
                self.unwatch(watch)
                watch.end(SIGNED_OUT if actor is None else RIGHTS_CHANGED)

    async def refresh(self) -> None:
        """Nobody is known any more, and what is open was checked again. Call it after the commit of a change of rights."""
        self._known.clear()
        await self._check(list(self._watches))

    async def run(self, hub: Hub) -> None:
        """Refreshes whenever a process announces a change of rights. Until cancelled."""
        # From the beginning of what the hub knows: whoever was found before it began to listen is looked up again.
        async for change in hub.subscribe(SERVER_EVENTS, 0):
            if change.kind in ("access", "reset"):
                try:
                    await self.refresh()
                except Exception:  # a bug must not keep later revocations from being heard
                    logger.exception("Rights could not be read again")


def _make_actor(row: Asker, kind: Literal["session", "token"], key: bytes) -> Actor:
    """The user's rights, narrowed to the token's role and project."""
    projects = msgspec.json.decode(row.projects, type=tuple[ReadableProject, ...])
    server_actions = frozenset(row.server_actions)
    if row.role is not None:
        allowed = ROLE_ACTIONS.get(row.role, frozenset())
        server_actions &= allowed if row.token_project_id is None else frozenset()
        projects = tuple(
            ReadableProject(one.id, one.slug, one.actions & allowed)
            for one in projects
            if row.token_project_id in (None, one.id) and one.actions & allowed
        )
    by_name = {one.slug: one for one in projects} | {str(one.id): one for one in projects}
    return Actor(
        user_id=row.user_id,
        user_name=row.name,
        kind=kind,
        key=key,
        csrf=row.csrf,
        expires_at=row.expires_at,
        server_actions=server_actions,
        projects=projects,
        token_id=row.token_id,
        is_limited=row.role is not None
        and (row.role != "admin" or row.token_project_id is not None or row.token_expires),
        by_name=by_name,
    )


async def announce_access(db: Connection) -> None:
    """Every process forgets whom it knows once this transaction commits: a session, a token or a role has changed."""
    await announce(db, SERVER_EVENTS, [Announcement("access")])


@asynccontextmanager
async def open_actors(pool: Pool, hub: Hub, settings: Settings) -> AsyncIterator[Actors]:
    """Actors that hear of changes."""
    actors = Actors(pool, settings)
    task = asyncio.create_task(actors.run(hub))
    try:
        yield actors
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
