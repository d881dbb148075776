"""Roles: what each allows, and giving one to a user on an organization, a workspace or a project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from vitrine.database.pool import Connection
from vitrine.ids import content_id, new_id

PROJECT_ACTIONS = ("project:read", "project:write", "project:admin")
# Every action that a token of the role may do, if its user may.
ROLE_ACTIONS: Mapping[str, frozenset[str]] = {
    "admin": frozenset({*PROJECT_ACTIONS, "server:admin"}),
    "viewer": frozenset({"project:read"}),
}
Scope = Literal["organization", "workspace", "project"]
# Whoever administers the organization administers the server: there is one organization a server.
BUILT_IN: Mapping[tuple[str, Scope], tuple[str, ...]] = {
    ("admin", "organization"): (*PROJECT_ACTIONS, "server:admin"),
    ("admin", "workspace"): PROJECT_ACTIONS,
    ("admin", "project"): PROJECT_ACTIONS,
    ("viewer", "organization"): ("project:read",),
    ("viewer", "workspace"): ("project:read",),
    ("viewer", "project"): ("project:read",),
}

UPSERT_ROLE = """
insert into role (id, organization_id, name, scope, actions) values ($1, null, $2, $3, $4)
on conflict (organization_id, scope, name) do update set actions = excluded.actions where role.actions <> excluded.actions
"""


def built_in_role(name: str, scope: Scope) -> UUID:
    """The id of a built-in role: the same on every server."""
    return content_id("role", scope, name)


async def seed_roles(db: Connection) -> None:
    """The built-in roles are there and allow what this program says."""
    for (name, scope), actions in BUILT_IN.items():
        await db.execute(UPSERT_ROLE, built_in_role(name, scope), name, scope, list(actions))


INSERT_ASSIGNMENT = """
insert into role_assignment (id, role_id, user_id, organization_id, workspace_id, project_id, created_by)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (role_id, user_id, team_id, organization_id, workspace_id, project_id) do nothing
"""


async def assign_role(
    db: Connection, user_id: UUID, role: str, *, scope: Scope, on: UUID, by: UUID | None = None
) -> None:
    """The user has the built-in role on that organization, workspace or project."""
    places: dict[str, Any] = {"organization": None, "workspace": None, "project": None, scope: on}
    await db.execute(
        INSERT_ASSIGNMENT,
        new_id(),
        built_in_role(role, scope),
        user_id,
        places["organization"],
        places["workspace"],
        places["project"],
        by,
    )
