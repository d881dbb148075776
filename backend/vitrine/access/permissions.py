"""What each route needs, who may do it, and the proof at start-up that no route forgot to say."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from vitrine.access.cross_site import check_same_site
from vitrine.access.structs import Action, Actor
from vitrine.errors import NotPermitted, NotSignedIn, ProjectNotFound

PERMISSIONS = frozenset(
    {"public", "signed-in", "project:read", "project:write", "project:admin", "server:admin"}
)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def authorize(actor: Actor, action: Action, project: str | UUID | None = None) -> UUID | None:
    """The id of the project, by its slug or id, on which the actor may do this. None for an action on the server.

    Raises: ProjectNotFound for one that the actor may not read, as for one that does not exist; NotPermitted.
    """
    if project is None:
        if action not in actor.server_actions:
            raise NotPermitted(
                f"This needs the right {action!r} on the server. Ask an administrator.", needs=action
            )
        return None
    found = actor.by_name.get(str(project))
    if found is None or "project:read" not in found.actions:
        raise ProjectNotFound(str(project))
    if action not in found.actions:
        raise NotPermitted(
            f"This needs the right {action!r} on the project {found.slug!r}. Ask an administrator of it.",
            needs=action,
        )
    return found.id


async def require(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The asker may do what the route declares; `scope` knows the actor and the project_id. Litestar calls it for each route.

    Raises: NotSignedIn, CrossSite, ProjectNotFound, NotPermitted.
    """
    permission = handler.opt.get("permission")
    if permission == "public":
        return
    scope: dict[str, Any] = connection.scope  # type: ignore[assignment]
    if permission is None:  # Litestar makes handlers for OPTIONS by itself
        raise NotPermitted("This method is not for use here.")
    state = scope["litestar_app"].state
    actor = await state.actors.find(scope["headers"])
    if actor is None:
        raise NotSignedIn("Sign in, or send a valid token as `Authorization: Bearer vit_…`.")
    if actor.kind == "session" and scope["method"] not in SAFE_METHODS:
        check_same_site(scope["headers"], state.settings, csrf=actor.csrf)
    scope["actor"] = actor
    if permission == "signed-in":
        return
    if permission == "server:admin":
        authorize(actor, permission)
    else:
        scope["project_id"] = authorize(actor, permission, scope["path_params"]["project"])


def check_permissions(app: Litestar) -> None:
    """Every route declares who may use it. Raises: RuntimeError naming those that do not."""
    wrong = []
    for route in app.routes:
        for handler in getattr(route, "route_handlers", None) or [route.route_handler]:  # type: ignore[union-attr]
            methods = getattr(handler, "http_methods", {type(handler).__name__})
            if methods == {"OPTIONS"}:  # made by Litestar; `require` refuses them
                continue
            permission = handler.opt.get("permission")
            needs_project = str(permission).startswith("project:")
            if permission not in PERMISSIONS or (needs_project and "{project:" not in route.path):
                wrong.append(f"{'/'.join(sorted(methods))} {route.path} declares {permission!r}")
    if wrong:
        raise RuntimeError("Every route needs opt={'permission': …}: " + "; ".join(wrong))
