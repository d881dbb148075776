"""The dashboard as the server takes it: its routes, and ReactPy around the application.

Litestar reads the annotations of handlers when it starts, so nothing here is postponed.
"""

import asyncio
import inspect
import logging
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from litestar import Litestar, Request, Response, get
from litestar.response import Redirect
from reactpy import component, use_connection
from reactpy.executors.asgi import ReactPyMiddleware

import vitrine_ui.reactpy_patches  # noqa: F401  before anything renders
from vitrine.errors import NotFound
from vitrine.settings import Settings
from vitrine_ui.address import asset, base_path, read_url, settle
from vitrine_ui.api import Api, AsgiApp, Transport, make_transport
from vitrine_ui.assets import Assets, pick_encoding
from vitrine_ui.hooks import Session, SessionContext, use_once
from vitrine_ui.pages.frame import Frame
from vitrine_ui.routes import MISSING, SERVED_BY_OTHERS, match
from vitrine_ui.shell import ROOT_COMPONENT, shell_html
from vitrine_ui.widgets.element import Element

SCOPE_KEY = "vitrine_ui.transport"
FOR_EVER = "public, max-age=31536000, immutable"
PUBLIC = {"permission": "public", "no_compress": True}


class Dashboard:
    """What `vitrine.app.create_app` takes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._assets = Assets(settings.data_dir / "assets")
        settle(base_path=settings.base_path, tree_hash=self._assets.tree_hash)
        self.routes: Sequence[Any] = [make_static_route(self._assets), make_shell_route()]

    def wrap(self, app: Litestar) -> AsgiApp:
        """The application with the dashboard's websocket in front of it."""
        # Serial: see reactpy_patches.
        inner = ReactPyMiddleware(app, root_components=[ROOT_COMPONENT], async_rendering=False)
        transport = make_transport(self._settings, app)

        async def dashboard(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] == "websocket":
                scope = {**scope, SCOPE_KEY: transport}
            await inner(scope, receive, send)

        return dashboard

    def asset_url(self, name: str) -> str:
        """The address of a file of `static/`, for the pages that are not the dashboard's, such as signing in."""
        return asset(f"static/{name}")


def build_dashboard(settings: Settings) -> Dashboard:
    logging.getLogger("httpx").setLevel(logging.WARNING)  # one line a call otherwise
    logging.getLogger("reactpy").setLevel(logging.WARNING)
    return Dashboard(settings)


@component
def Root() -> Element:
    """One tab. Its session begins where the browser is, also after a lost connection."""
    connection = use_connection()

    def begin() -> Session:
        transport: Transport = connection.scope[SCOPE_KEY]
        location = connection.location
        return Session(
            Api(transport, list(connection.scope["headers"])), read_url(location.path, location.query_string)
        )

    return SessionContext(Frame(), value=use_once(begin))


# ── routes ────────────────────────────────────────────────────────────────────────────────────────
def make_static_route(assets: Assets) -> Any:
    @get("/static/{tree:str}/{name:path}", opt=PUBLIC, include_in_schema=False)
    async def serve_static(request: Request[Any, Any, Any], tree: str, name: str) -> Response[bytes]:
        found = assets.find(name.lstrip("/")) if tree == assets.tree_hash else None
        if found is None:
            raise NotFound(f"There is no static file {name!r} in this version of the dashboard.")
        encoding = pick_encoding(request.headers.get("accept-encoding", ""))
        headers = {"cache-control": FOR_EVER, "vary": "accept-encoding", "etag": f'"{found.sha256[:32]}"'}
        if headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(b"", status_code=304, headers=headers)
        if encoding:
            headers["content-encoding"] = encoding
        return Response(await assets.load_body(found, encoding), media_type=found.media_type, headers=headers)

    return serve_static


def make_shell_route() -> Any:
    document = ""

    @get(["/", "/{path:path}"], opt=PUBLIC, include_in_schema=False)
    async def serve_shell(request: Request[Any, Any, Any], path: str = "") -> Response[Any]:
        nonlocal document
        segments = read_url(request.url.path, "").segments
        # Only documents: a stray request for a picture or a script must not be sent to the sign-in page.
        wants_page = request.headers.get("sec-fetch-dest", "document") == "document"
        if not wants_page or (segments and segments[0] in SERVED_BY_OTHERS):
            raise NotFound(f"There is nothing at {request.url.path}.")
        if not await is_signed_in(request):
            return Redirect(sign_in_address(request), status_code=303, headers={"cache-control": "no-store"})
        document = document or await asyncio.to_thread(shell_html)
        status = 404 if match(segments).route is MISSING else 200
        return Response(
            document,
            status_code=status,
            media_type="text/html",
            headers={"cache-control": "no-store"},
        )

    return serve_shell


async def is_signed_in(request: Request[Any, Any, Any]) -> bool:
    find: Callable[..., Any] = request.app.state.actors.find
    found = find(request.scope["headers"])
    return (await found if inspect.isawaitable(found) else found) is not None


def sign_in_address(request: Request[Any, Any, Any]) -> str:
    query = request.scope["query_string"].decode("latin-1")
    here = base_path() + request.url.path + (f"?{query}" if query else "")
    return f"{base_path()}/auth/sign-in?next={quote(here, safe='')}"
