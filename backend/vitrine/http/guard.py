"""The outermost door: host, path prefix, security headers; for sockets also origin, session and limits.

ReactPy's sockets never reach Litestar, so nothing behind this door checks them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import msgspec

from vitrine.access.actors import SIGNED_OUT
from vitrine.http.exchange import Exchange, Header
from vitrine.http.problem import MEDIA_TYPE, make_problem
from vitrine.http.socket import Socket
from vitrine.settings import Settings

# The hash is that of an empty <style>, which Plotly makes and fills by script.
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; "
    "img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; "
    "connect-src 'self'"
)
HEALTH = "/health/"


class AsgiApp(Protocol):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


def list_security_headers(settings: Settings) -> Sequence[Header]:
    """Those of every answer that does not set its own."""
    headers = [
        (b"content-security-policy", POLICY.encode()),
        (b"x-content-type-options", b"nosniff"),
        # not no-referrer, with which forms say `Origin: null`
        (b"referrer-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
    ]
    if settings.is_secure:
        headers.append((b"strict-transport-security", b"max-age=31536000; includeSubDomains"))
    return headers


class Guard:
    """An ASGI application around all others. `state` is the application's: it holds `actors` once that has started."""

    def __init__(self, app: AsgiApp, settings: Settings, state: Any) -> None:
        self._app, self._state = app, state
        self._base = settings.base_path
        self._origins = frozenset(settings.origins)
        self._hosts = frozenset(urlsplit(origin).netloc.encode() for origin in settings.origins)
        self._headers = list_security_headers(settings)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._open_socket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        is_head = scope["method"] == "HEAD"
        if is_head:  # answered as GET would be, without the body
            scope = {**scope, "method": "GET", "is_head": True}
        inner = self._strip_base(scope)
        exchange = Exchange(
            scope if inner is None else inner,  # the one in which the route and the actor are noted
            receive,
            send,
            headers=self._headers,
            actors=getattr(self._state, "actors", None),
            is_head=is_head,
        )
        if inner is None:
            await _refuse(exchange, 404, "NotFound", f"Everything here is below {self._base}/.")
        elif not self._knows_host(inner):
            await _refuse(
                exchange, 421, "UnknownHost", "This server does not go by that name: see VITRINE_ORIGINS."
            )
        else:
            try:
                await self._app(inner, exchange.receive, exchange.send)
            finally:
                await exchange.close()

    async def _open_socket(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()  # websocket.connect
        inner = self._strip_base(scope)
        origin = next((value for key, value in scope["headers"] if key == b"origin"), b"").decode("latin-1")
        is_ours = inner is not None and self._knows_host(inner) and origin in self._origins
        if not is_ours or not _is_readable(scope["query_string"]):
            # before it is accepted: the browser gets a 403
            await send({"type": "websocket.close", "code": 4403})
            return
        actor = await self._state.actors.find(scope["headers"])
        if actor is None or actor.kind != "session":
            # A browser does not tell its page why a handshake failed: accept, then say so.
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": SIGNED_OUT})
            return
        await Socket(self._app, self._state.actors, actor).run(inner, receive, send)

    def _knows_host(self, scope: Any) -> bool:
        host = next((value for key, value in scope["headers"] if key == b"host"), b"")
        return host in self._hosts or scope["path"].startswith(HEALTH)

    def _strip_base(self, scope: Any) -> Any:
        """The scope with the path below our own prefix; None when it lies elsewhere.

        Litestar splits the path on root_path anywhere in it, so that must stay empty.
        """
        if not self._base:
            scope["root_path"] = ""
            return scope
        path: str = scope["path"]
        if path != self._base and not path.startswith(self._base + "/"):
            return None
        raw: bytes = scope.get("raw_path") or path.encode()
        return {
            **scope,
            "root_path": "",
            "path": path[len(self._base) :] or "/",
            "raw_path": raw[len(self._base) :] or b"/",
        }


def _is_readable(query: bytes) -> bool:
    """ReactPy reads the page's address from it, and fails of one that it cannot take apart."""
    try:
        parse_qs(query.decode(), strict_parsing=bool(query))
    except ValueError:
        return False
    return True


async def _refuse(exchange: Exchange, status: int, code: str, detail: str) -> None:
    body = msgspec.json.encode(make_problem(status, code, detail))
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", b"%d" % len(body))]
    await exchange.send({"type": "http.response.start", "status": status, "headers": headers})
    await exchange.send({"type": "http.response.body", "body": body})
