"""Users and their roles, to look at."""

from __future__ import annotations

from uuid import UUID

from vitrine.access.structs import UserItem
from vitrine.database.pool import Connection
from vitrine.database.rows import fetch_all

FETCH_USERS = """
select u.id, u.name, u.full_name, u.email, u.is_active, array(
  select role.name || ' of ' || role.scope || ' ' || coalesce(o.slug, w.slug, p.slug)
  from role_assignment a join role on role.id = a.role_id
  left join organization o on o.id = a.organization_id left join workspace w on w.id = a.workspace_id
  left join project p on p.id = a.project_id
  where a.user_id = u.id order by 1)
from app_user u order by u.name limit 1000
"""


async def fetch_users(db: Connection) -> list[UserItem]:
    """Everybody, by name; 1,000 at most. A role reads `viewer of project fraud`."""
    return await fetch_all(db, UserItem, FETCH_USERS)


FIND_PROJECT_ID = "select id from project where slug = $1 or id::text = $1"


async def find_project_id(db: Connection, name: str) -> UUID | None:
    """By slug or id, whoever may read it."""
    found: UUID | None = await db.fetchval(FIND_PROJECT_ID, name)
    return found
