"""Who did what, written in the transaction that did it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from vitrine.database.pool import Connection
from vitrine.database.rows import fetch_all

INSERT_AUDIT = """
insert into audit (user_id, token_id, project_id, action, object_kind, object_id, facts)
values ($1, $2, $3, $4, $5, $6, $7)
"""


async def write_audit(
    db: Connection,
    action: str,
    *,
    user_id: UUID,
    token_id: UUID | None = None,
    object_kind: str,
    object_id: object = None,
    project_id: UUID | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """The act is on record if the transaction commits. `action` is a verb: create, revoke, …; facts hold no secret."""
    named = None if object_id is None else str(object_id)
    await db.execute(INSERT_AUDIT, user_id, token_id, project_id, action, object_kind, named, facts or {})


class AuditItem(msgspec.Struct):
    id: int
    at: datetime
    user: str | None
    token_id: UUID | None
    project: str | None
    action: str
    object_kind: str
    object_id: str | None
    facts: msgspec.Raw


FETCH_AUDIT = """
select a.id, a.at, u.name, a.token_id, p.slug, a.action, a.object_kind, a.object_id, a.facts
from audit a left join app_user u on u.id = a.user_id left join project p on p.id = a.project_id
where $1::bigint is null or a.id < $1 order by a.id desc limit $2
"""


async def fetch_audit(db: Connection, *, before: int | None, limit: int) -> list[AuditItem]:
    """The newest acts first, those before the id `before`."""
    return await fetch_all(db, AuditItem, FETCH_AUDIT, before, limit)
