"""`/auth/…`: a one-time link or a token becomes a browser's session, and signing out ends it."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from litestar import MediaType, Request, Response, get, post
from litestar.datastructures import Cookie

from vitrine.access.actors import announce_access
from vitrine.access.audit import write_audit
from vitrine.access.cookies import BEFORE_SIGN_IN, SESSION, find_cookie, make_cookie, name_cookie
from vitrine.access.cross_site import check_origin
from vitrine.access.links import use_link
from vitrine.access.sessions import close_session, hash_secret, open_session, sweep_sessions
from vitrine.access.sign_in_page import draw_sign_in
from vitrine.access.structs import Actor
from vitrine.database.pool import Connection, transaction
from vitrine.errors import CrossSite
from vitrine.settings import Settings

FORM_LIMIT_BYTES = 16_384
FORM_LIFE_S = 3600
STYLE = Path(__file__).with_name("sign_in.css").read_text(encoding="utf-8")
LINK_GONE = "This link has been used before, or has expired."
UNKNOWN_TOKEN = "This token is not known here, or has expired."  # noqa: S105
AnyRequest = Request[Any, Any, Any]


@get("/auth/link", opt={"permission": "public"}, include_in_schema=False)
async def follow_link(request: AnyRequest, code: str = "", next: str = "") -> Response[Any]:
    """Signs in whom the link was made for, once."""
    state = request.app.state
    if request.scope.get("is_head") or "prefetch" in request.headers.get("sec-purpose", ""):
        return Response(b"", status_code=204)  # only looks: the link stays unused
    if (refusal := state.attempts.find_refusal(_address(request))) is not None:
        return _show(request, next, status=429, notice=refusal)
    async with transaction(state.pool) as db:
        user_id = await use_link(db, code)
        if user_id is not None:
            return await _enter(request, db, user_id, next, way="link")
    if await state.actors.find(request.scope["headers"]):
        return _lead(safe_next(next, state.settings))
    state.attempts.count_failure(_address(request))
    return _show(request, next, status=410, notice=LINK_GONE)


@get("/auth/sign-in", opt={"permission": "public"}, include_in_schema=False)
async def show_sign_in(request: AnyRequest, next: str = "") -> Response[Any]:
    state = request.app.state
    if await state.actors.find(request.scope["headers"]):
        return _lead(safe_next(next, state.settings))
    return _show(request, next)


@post(
    "/auth/sign-in",
    opt={"permission": "public"},
    include_in_schema=False,
    request_max_body_size=FORM_LIMIT_BYTES,
)
async def sign_in(request: AnyRequest) -> Response[Any]:
    """A token opens a session that may do what the token may."""
    state = request.app.state
    check_origin(request.scope["headers"], state.settings)
    form = await _read_form(request)
    if not _is_proven(request, form.get("proof", "")):
        return _show(
            request,
            form.get("next", ""),
            status=403,
            notice="The page was open for too long, or cookies are off. Try again.",
        )
    if (refusal := state.attempts.find_refusal(_address(request))) is not None:
        return _show(request, form.get("next", ""), status=429, notice=refusal)
    token = form.get("token", "").strip()
    actor: Actor | None = await state.actors.find([(b"authorization", b"Bearer " + token.encode())])
    if actor is None:
        state.attempts.count_failure(_address(request))
        return _show(request, form.get("next", ""), status=401, wrong=UNKNOWN_TOKEN)
    async with transaction(state.pool) as db:
        return await _enter(
            request,
            db,
            actor.user_id,
            form.get("next", ""),
            way="token",
            token_id=actor.token_id,
            until=actor.expires_at,
        )


@post(
    "/auth/sign-out",
    opt={"permission": "public"},
    include_in_schema=False,
    request_max_body_size=FORM_LIMIT_BYTES,
)
async def sign_out(request: AnyRequest) -> Response[Any]:
    """The session is gone, and all that it held open is closed."""
    state = request.app.state
    check_origin(request.scope["headers"], state.settings)
    async with transaction(state.pool) as db:
        await _leave(request, db)
    state.notifier.wake()
    await state.actors.refresh()
    settings: Settings = state.settings
    return _lead(f"{settings.base_path}/auth/sign-in", make_cookie(settings, SESSION, "", max_age_s=0))


@get("/auth/sign-in.css", opt={"permission": "public"}, include_in_schema=False, sync_to_thread=False)
def get_style() -> Response[str]:
    return Response(STYLE, media_type=MediaType.CSS, headers={"cache-control": "public, max-age=3600"})


def safe_next(wanted: str, settings: Settings) -> str:
    """`wanted` if it is a page of ours, else the first page. What a browser could read as another host is not."""
    start = f"{settings.base_path}/"
    is_plain = re.fullmatch(r"/(?!/|\\|%2f|%5c)[\w\-./?=&%~+,:;@!$'()*]*", wanted, re.ASCII | re.IGNORECASE)
    if is_plain and wanted.startswith(start) and not wanted.startswith(f"{start}auth/"):
        return wanted
    return start


async def _enter(
    request: AnyRequest,
    db: Connection,
    user_id: UUID,
    next: str,
    *,
    way: str,
    token_id: UUID | None = None,
    until: datetime | None = None,
) -> Response[Any]:
    """A new session, whatever cookie came along: one that was planted before is worth nothing."""
    state = request.app.state
    await _leave(request, db)
    await sweep_sessions(db, state.settings)
    session_id = await open_session(db, user_id, state.settings, token_id=token_id, until=until)
    await write_audit(
        db, "sign-in", user_id=user_id, token_id=token_id, object_kind="session", facts={"way": way}
    )
    return _lead(
        safe_next(next, state.settings),
        make_cookie(state.settings, SESSION, session_id, max_age_s=state.settings.session_life_s),
        make_cookie(state.settings, BEFORE_SIGN_IN, "", max_age_s=0, same_site="strict"),
    )


async def _leave(request: AnyRequest, db: Connection) -> None:
    """The session of the cookie, if there is one, ends."""
    state = request.app.state
    session_id = find_cookie(request.scope["headers"], name_cookie(state.settings, SESSION).encode())
    if session_id is None:
        return
    closed = await close_session(db, hash_secret(session_id))
    if closed is not None:
        await announce_access(db)
        await write_audit(
            db, "sign-out", user_id=closed.user_id, token_id=closed.token_id, object_kind="session"
        )


def _lead(address: str, *cookies: Cookie) -> Response[Any]:
    return Response(
        b"",
        status_code=303,
        headers={"location": address, "cache-control": "no-store"},
        cookies=list(cookies),
    )


def _show(
    request: AnyRequest, next: str, *, status: int = 200, notice: str = "", wrong: str = ""
) -> Response[Any]:
    """The page with its form. The cookie is kept when there is one, so that a second tab does not break the first."""
    state = request.app.state
    settings: Settings = state.settings
    found = find_cookie(request.scope["headers"], name_cookie(settings, BEFORE_SIGN_IN).encode())
    before = (
        found.decode("latin-1") if found and re.fullmatch(rb"[\w-]{43}", found) else secrets.token_urlsafe(32)
    )
    html = draw_sign_in(
        base=settings.base_path,
        host=urlsplit(settings.origins[0]).netloc,
        proof=_prove(before),
        next=safe_next(next, settings),
        version=state.version,
        asset_url=state.dashboard.asset_url if state.dashboard else None,
        notice=notice,
        wrong=wrong,
    )
    cookie = make_cookie(settings, BEFORE_SIGN_IN, before, max_age_s=FORM_LIFE_S, same_site="strict")
    return Response(html, status_code=status, media_type=MediaType.HTML, cookies=[cookie])


def _prove(before: str) -> str:
    """What the form sends along with the cookie: only a page of ours has seen both."""
    return hashlib.sha256(b"sign-in " + before.encode()).hexdigest()


def _is_proven(request: AnyRequest, proof: str) -> bool:
    before = find_cookie(
        request.scope["headers"], name_cookie(request.app.state.settings, BEFORE_SIGN_IN).encode()
    )
    expected = _prove(before.decode("latin-1")) if before else ""
    return bool(expected) and hmac.compare_digest(expected.encode(), proof.encode())


async def _read_form(request: AnyRequest) -> dict[str, str]:
    """The last value of each field. Raises: CrossSite for what our form does not send."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise CrossSite("Sign in with the form of this page.")
    fields = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=10)
    return {name: values[-1] for name, values in fields.items()}


def _address(request: AnyRequest) -> str:
    """Whose connection it is. Headers that name somebody else are only read, by the server, from trusted proxies."""
    client = request.scope.get("client")
    return str(client[0]) if client else ""


PAGES = [follow_link, show_sign_in, sign_in, sign_out, get_style]
