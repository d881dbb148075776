"""What a new server starts with: organization, workspace and project `default`, the built-in roles, one administrator."""

from __future__ import annotations

from uuid import UUID

from vitrine.access.roles import assign_role, seed_roles
from vitrine.database.pool import Pool, transaction
from vitrine.ids import content_id

ADMINISTRATOR = "admin"
# The same on every new server, so that a second process that starts at the same time adds nothing.
ORGANIZATION_ID = content_id("organization", "default")
WORKSPACE_ID = content_id("workspace", "default")
PROJECT_ID = content_id("project", "default")
ADMINISTRATOR_ID = content_id("user", ADMINISTRATOR)

IS_EMPTY = "select not exists (select from organization)"
LOCK = "select pg_advisory_xact_lock(1986622067)"
INSERT_ORGANIZATION = "insert into organization (id, slug, name) values ($1, 'default', 'Default')"
INSERT_WORKSPACE = (
    "insert into workspace (id, organization_id, slug, name) values ($1, $2, 'default', 'Default')"
)
INSERT_PROJECT = "insert into project (id, workspace_id, slug, name) values ($1, $2, 'default', 'Default')"
INSERT_USER = "insert into app_user (id, name) values ($1, $2) on conflict (name) do nothing"


async def bootstrap(pool: Pool) -> None:
    """A database without an organization has one, with a project and an administrator. Nobody has a password.

    Run it after migrating; again, it only brings the built-in roles up to date.
    """
    async with transaction(pool) as db:
        await db.execute(LOCK)
        await seed_roles(db)
        if not await db.fetchval(IS_EMPTY):
            return
        await db.execute(INSERT_ORGANIZATION, ORGANIZATION_ID)
        await db.execute(INSERT_WORKSPACE, WORKSPACE_ID, ORGANIZATION_ID)
        await db.execute(INSERT_PROJECT, PROJECT_ID, WORKSPACE_ID)
        await db.execute(INSERT_USER, ADMINISTRATOR_ID, ADMINISTRATOR)
        await assign_role(db, ADMINISTRATOR_ID, "admin", scope="organization", on=ORGANIZATION_ID)


FIND_ADMINISTRATOR = """
select a.user_id from role_assignment a join role on role.id = a.role_id join app_user u on u.id = a.user_id
where u.is_active and 'server:admin' = any(role.actions) and a.organization_id is not null
order by u.name <> 'admin', u.created_at limit 1
"""


async def find_administrator(pool: Pool) -> UUID | None:
    """Whom the commands on the server's own machine act for: `admin`, else the administrator who came first."""
    async with transaction(pool) as db:
        found: UUID | None = await db.fetchval(FIND_ADMINISTRATOR)
        return found
