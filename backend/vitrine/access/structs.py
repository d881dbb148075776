"""Who asks, and what the API says of users, sessions and tokens."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, field

Action = Literal["project:read", "project:write", "project:admin", "server:admin"]


class ReadableProject(Struct, frozen=True):
    """A project and what the actor may do there."""

    id: UUID
    slug: str
    actions: frozenset[str]


class Actor(Struct, frozen=True):
    """Who asks: a user by a browser session or by a token. Rights are resolved to projects once, then cached."""

    user_id: UUID
    user_name: str
    kind: Literal["session", "token"]
    key: bytes
    csrf: str | None
    expires_at: datetime | None
    server_actions: frozenset[str]
    projects: tuple[ReadableProject, ...]
    token_id: UUID | None = None
    is_limited: bool = False
    """By a token of less than its user's rights, or of limited life: it makes no other tokens."""
    by_name: dict[str, ReadableProject] = {}
    """The same projects, by slug and by id."""


class Me(Struct):
    user_id: UUID
    name: str
    csrf: str | None
    projects: list[str]
    is_admin: bool


class TokenItem(Struct):
    id: UUID
    name: str
    user: str
    role: str
    project: str | None
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


class NewToken(Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=255)]
    role: Literal["admin", "viewer"] = "admin"
    project: str | None = None
    expires_in_s: Annotated[int, Meta(ge=1, le=10 * 366 * 86_400)] | None = None


class CreatedToken(Struct):
    """The only time that the token itself is shown."""

    token: str
    item: TokenItem


class UserItem(Struct):
    id: UUID
    name: str
    full_name: str
    email: str | None
    is_active: bool
    roles: list[str] = field(default_factory=list)
