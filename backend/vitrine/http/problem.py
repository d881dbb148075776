"""Every error as `application/problem+json`; what is not ours to tell becomes a reference into the log."""

from __future__ import annotations

import logging
import secrets
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import asyncpg
import msgspec
from litestar import Request, Response
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)

from vitrine.access.permissions import SAFE_METHODS
from vitrine.errors import Invalid, NotSignedIn, Unavailable, VitrineError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = "2"
logger = logging.getLogger(__name__)


class Problem(msgspec.Struct):
    type: str
    title: str
    status: int
    detail: str
    code: str
    facts: dict[str, Any]


def make_problem(
    status: int, code: str, detail: str, *, title: str = "", facts: dict[str, Any] | None = None
) -> Problem:
    """`code` is the name of an error class."""
    return Problem(
        f"urn:vitrine:{code}", title or HTTPStatus(status).phrase, status, detail, code, facts or {}
    )


def answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The error, told to whoever asked. A person who opens a page without being signed in is led to sign-in."""
    error = _find_cause(error)
    if isinstance(error, NotSignedIn) and _is_navigation(request):
        return _lead_to_sign_in(request)
    problem = tell(request, error)
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = RETRY_AFTER_S
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={**headers, "cache-control": "no-store"},
    )


def tell(request: Request[Any, Any, Any], error: Exception) -> Problem:
    """What the error means to a caller."""
    if isinstance(error, VitrineError) and error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return _tell_own(error)
    if isinstance(error, Unavailable) or (
        isinstance(error, VitrineError) and error.status == HTTPStatus.INSUFFICIENT_STORAGE
    ):
        logger.warning("%s %s: %s", request.method, request.scope["path"], error.detail)
        return _tell_own(error)
    if isinstance(error, HTTPException) and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return _tell_http(request, error)
    if (
        request.method not in SAFE_METHODS
    ):  # only then is there a body: msgspec says so of one that it cannot read
        if isinstance(error, RecursionError):
            return make_problem(422, Invalid.__name__, "The body is nested too deeply.")
        if isinstance(error, UnicodeDecodeError):
            return make_problem(422, Invalid.__name__, f"The body is not UTF-8: {error.reason}.")
    if (meaning := _tell_database(error)) is not None:
        return meaning
    reference = secrets.token_hex(6)
    # the path without its query, which may hold a sign-in code; no headers
    logger.error("%s: %s %s failed", reference, request.method, request.scope["path"], exc_info=error)
    return make_problem(
        500,
        "InternalError",
        f"The server failed. Its log says why, under {reference}.",
        facts={"reference": reference},
    )


def _tell_own(error: VitrineError) -> Problem:
    return make_problem(
        error.status, type(error).__name__, error.detail, title=error.title, facts=dict(error.facts)
    )


def _tell_http(request: Request[Any, Any, Any], error: HTTPException) -> Problem:
    """Litestar's own refusals."""
    if isinstance(error, ValidationException):
        extra: list[dict[str, Any]] = error.extra if isinstance(error.extra, list) else []  # type: ignore[assignment]
        found = [{name: one[name] for name in ("source", "key", "message") if one.get(name)} for one in extra]
        detail = (
            "; ".join(f"{one.get('key', 'body')}: {one.get('message', '')}" for one in found) or error.detail
        )
        return make_problem(422, Invalid.__name__, detail, title=Invalid.title, facts={"errors": found})
    code = type(error).__name__.removesuffix("Exception")
    detail = error.detail
    if isinstance(error, NotFoundException):
        detail = f"There is nothing at {request.scope['path']}."
    elif isinstance(error, MethodNotAllowedException):
        detail = f"{request.method} is not for use on {request.scope['path']}."
    return make_problem(error.status_code, "TooLarge" if error.status_code == 413 else code, detail)


def _tell_database(error: Exception) -> Problem | None:
    """A refusal by the database that the asker caused; None for our own mistakes."""
    if isinstance(error, asyncpg.UniqueViolationError):
        facts = {"constraint": error.constraint_name}
        return make_problem(409, "Conflict", "There is one of that name or number already.", facts=facts)
    if isinstance(error, asyncpg.ForeignKeyViolationError):
        return make_problem(
            409, "Conflict", "It refers to something that is not there, or that is still in use."
        )
    if isinstance(error, asyncpg.DataError) or (
        isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)
    ):
        logger.warning("A value was refused by the database: %s", error)
        return make_problem(
            422,
            Invalid.__name__,
            "A value is too large, or holds a character that cannot be stored (U+0000).",
        )
    return None


def _find_cause(error: Exception) -> Exception:
    """The one error inside the groups that Litestar makes of what a dependency raises while it is left."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _is_navigation(request: Request[Any, Any, Any]) -> bool:
    """A browser is about to show the answer as a page."""
    return request.method == "GET" and request.headers.get("sec-fetch-dest") == "document"


def _lead_to_sign_in(request: Request[Any, Any, Any]) -> Response[Any]:
    base_path = request.app.state.settings.base_path
    query = request.scope["query_string"].decode("latin-1")
    wanted = base_path + request.scope["path"] + (f"?{query}" if query else "")
    address = f"{base_path}/auth/sign-in?next={quote(wanted, safe='')}"
    return Response(b"", status_code=303, headers={"location": address, "cache-control": "no-store"})
