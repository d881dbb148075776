"""The server: every feature's routes in one list, what they share, and the guard around it all."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import msgspec
from litestar import Litestar, MediaType, Request, Response, Router, get
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig

import vitrine
from vitrine.access import routes as access
from vitrine.access.actors import open_actors
from vitrine.access.attempts import Attempts
from vitrine.access.permissions import SAFE_METHODS, check_permissions, require
from vitrine.access.sign_in import PAGES as SIGN_IN_PAGES
from vitrine.access.structs import Actor
from vitrine.artifacts import routes as artifacts
from vitrine.database.notify import open_notifier
from vitrine.database.pool import connection, open_pool, transaction
from vitrine.http.guard import AsgiApp, Guard
from vitrine.http.health import ROUTES as HEALTH_ROUTES
from vitrine.http.problem import answer_error
from vitrine.ingest import routes as ingest
from vitrine.live import routes as live
from vitrine.live.hub import open_hub
from vitrine.metadata import routes as metadata
from vitrine.pipelines import routes as pipelines
from vitrine.projects import routes as projects
from vitrine.runs import routes as runs
from vitrine.settings import Settings
from vitrine.storage.local import LocalStore

BODY_LIMIT_BYTES = 1_000_000
CLOSE_LIMIT_S = 5.0
FEATURES = (access, projects, metadata, pipelines, runs, artifacts, ingest, live)


class Dashboard(Protocol):
    """What the dashboard brings along. `routes` declare their permissions as all others do."""

    routes: Sequence[Any]

    def wrap(self, api: Litestar) -> AsgiApp:
        """The application with the dashboard's sockets and modules before it."""

    def asset_url(self, name: str) -> str:
        """Where a browser finds the stylesheet or script `name`, such as `vitrine.css`."""


class Application:
    """The whole server as one ASGI application. `state` is filled once it has started."""

    def __init__(self, settings: Settings, dashboard: Dashboard | None) -> None:
        self.litestar = build_litestar(settings, dashboard)
        self.state: State = self.litestar.state
        inner: AsgiApp = dashboard.wrap(self.litestar) if dashboard else self.litestar
        self._guard = Guard(inner, settings, self.state)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._guard(scope, receive, send)

    def end_streams(self) -> None:
        """Live streams end now, so that a server that is going down need not wait for them."""
        if hub := self.state.get("hub"):
            hub.end_streams()


def create_app(settings: Settings, *, dashboard: Dashboard | None = None) -> Application:
    """The server, not yet started. Raises: RuntimeError when a route does not declare its permission."""
    app = Application(settings, dashboard)
    check_permissions(app.litestar)
    return app


def build_litestar(settings: Settings, dashboard: Dashboard | None) -> Litestar:
    """The routes, behind `require`, without the guard: the dashboard's own calls come in here."""
    api = Router("/api/v1", route_handlers=[*list_feature_routes(), get_openapi])
    pages = list(dashboard.routes) if dashboard else []
    return Litestar(
        [api, *HEALTH_ROUTES, *SIGN_IN_PAGES, *pages],
        guards=[require],
        dependencies={
            "db": Provide(provide_db),
            "project_id": Provide(provide_project_id, sync_to_thread=False),
            "actor": Provide(provide_actor, sync_to_thread=False),
        },
        exception_handlers={Exception: answer_error, HTTPException: answer_error},
        lifespan=[open_resources],
        request_max_body_size=BODY_LIMIT_BYTES,
        openapi_config=OpenAPIConfig(
            title="Vitrine",
            version=vitrine.__version__,
            # Litestar's own routes would answer HTML to every unknown path beside them: parked out of the way
            openapi_router=Router("/api/litestar", route_handlers=[], opt={"permission": "signed-in"}),
            render_plugins=[],
        ),
        logging_config=None,
        state=State(
            {
                "settings": settings,
                "version": vitrine.__version__,
                "dashboard": dashboard,
                "attempts": Attempts(),
            }
        ),
    )


def list_feature_routes() -> list[Any]:
    """The routes of every feature, below /api/v1."""
    return [route for feature in FEATURES for route in feature.ROUTES]


@asynccontextmanager
async def open_resources(app: Litestar) -> AsyncIterator[None]:
    """What all requests share is open, and in `app.state`."""
    settings: Settings = app.state.settings
    async with AsyncExitStack() as stack:
        pool = await open_pool(settings.database_url, size=settings.pool_size)
        stack.push_async_callback(close_pool, pool)
        hub = await stack.enter_async_context(open_hub(settings.database_listen_url or settings.database_url))
        app.state.update(
            pool=pool,
            store=LocalStore(settings.store),
            notifier=await stack.enter_async_context(open_notifier(pool)),
            hub=hub,
            actors=await stack.enter_async_context(open_actors(pool, hub, settings)),
        )
        yield


async def close_pool(pool: asyncpg.Pool) -> None:
    """Its connections are closed, those still in use after 5 s, too."""
    try:
        async with asyncio.timeout(CLOSE_LIMIT_S):
            await pool.close()
    except TimeoutError:
        pool.terminate()


# Each of the three asks for the one before it: Litestar starts tasks for dependencies that could be had side by side,
# and two such tasks cost more than the rest of the frame.
def provide_actor(request: Request[Any, Any, Any]) -> Actor | None:
    """None where everybody may come."""
    found: Actor | None = request.scope.get("actor")  # type: ignore[assignment]
    return found


def provide_project_id(request: Request[Any, Any, Any], actor: Actor | None) -> UUID | None:
    """None where the path names no project."""
    found: UUID | None = request.scope.get("project_id")  # type: ignore[assignment]
    return found


async def provide_db(
    request: Request[Any, Any, Any], project_id: UUID | None
) -> AsyncGenerator[asyncpg.Connection, None]:
    """A connection to read; for what changes something a transaction, committed before the answer starts."""
    state = request.app.state
    if request.method in SAFE_METHODS:
        async with connection(state.pool) as db:
            yield db
        return
    async with transaction(state.pool) as db:
        yield db
    state.notifier.wake()


@get("/openapi.json", opt={"permission": "signed-in"}, include_in_schema=False, sync_to_thread=False)
def get_openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The reference of this API."""
    state = request.app.state
    if "openapi" not in state:
        state["openapi"] = msgspec.json.encode(request.app.openapi_schema.to_schema())
    return Response(state["openapi"], media_type=MediaType.JSON)
