"""The one door for what pipelines report: events, and the contents that they speak of."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from litestar import Request, Response, get, post, put
from litestar.response import Stream
from msgspec import Meta, Struct

from vitrine.access.structs import Actor
from vitrine.database.pool import connection
from vitrine.errors import BlobNotFound
from vitrine.ingest.apply import apply_events
from vitrine.ingest.blobs import Span, fetch_missing, find_blob_size, read_range, record_blob
from vitrine.ingest.decode import decode
from vitrine.ingest.receive import check_json, check_length, read_body, stream_body
from vitrine.ingest.structs import Receipt, Sha256
from vitrine.storage.store import check_digest

IN_THREAD_FROM_BYTES = 100_000  # less is decoded sooner than a thread has been asked


@post(
    "/projects/{project:str}/events",
    status_code=200,
    opt={"permission": "project:write"},
    request_max_body_size=None,
)
async def post_events(request: Request[Any, Any, Any], project_id: UUID, actor: Actor) -> Receipt:
    """Events take effect: `{"events": [{"id", "kind", "at", "run_id", "body"}]}`, plain, or packed by zstd or gzip.

    Each one is taken or refused alone; 422 only when the whole can't be read. Any order, any number of times.
    """
    state = request.app.state
    check_json(request)
    body = await read_body(request, limit_bytes=state.settings.ingest_limit_bytes)
    decoded = decode(body) if len(body) < IN_THREAD_FROM_BYTES else await asyncio.to_thread(decode, body)
    receipt = await apply_events(state.pool, project_id, decoded, user_id=actor.user_id)
    if receipt.accepted:
        state.notifier.wake()
    return receipt


class StoredBlob(Struct):
    sha256: str
    size_bytes: int


@put(
    "/projects/{project:str}/blobs/{digest:str}",
    opt={"permission": "project:write"},
    request_max_body_size=None,
)
async def put_blob(request: Request[Any, Any, Any], project_id: UUID, digest: str) -> Response[StoredBlob]:
    """The content is stored, if its SHA-256 is the one in the address: 201 when new to the project, else 200."""
    state = request.app.state
    check_digest(digest)
    limit_bytes = state.settings.blob_limit_bytes
    check_length(request, limit_bytes)
    size_bytes = await state.store.write(digest, stream_body(request), limit_bytes=limit_bytes)
    async with connection(state.pool) as db:  # only now: an upload may take an hour
        is_new = await record_blob(db, project_id, digest, size_bytes)
    return Response(StoredBlob(digest, size_bytes), status_code=201 if is_new else 200)


class Asked(Struct, forbid_unknown_fields=True):
    sha256: Annotated[list[Sha256], Meta(max_length=10_000)]


class Missing(Struct):
    missing: list[str]


@post("/projects/{project:str}/blobs/missing", status_code=200, opt={"permission": "project:write"})
async def list_missing_blobs(db: asyncpg.Connection, project_id: UUID, data: Asked) -> Missing:
    """Which of these contents the project does not have yet, so that only those are uploaded."""
    return Missing(await fetch_missing(db, project_id, data.sha256))


@get(
    "/projects/{project:str}/blobs/{digest:str}",
    opt={"permission": "project:read", "no_compress": True},
    media_type="application/octet-stream",
)
async def get_blob(request: Request[Any, Any, Any], project_id: UUID, digest: str) -> Response[Any]:
    """The content, or one part of it by `Range`, to download: never to be shown as a page."""
    state = request.app.state
    check_digest(digest)
    async with connection(state.pool) as db:
        size_bytes = await find_blob_size(db, project_id, digest)
    if size_bytes is None or await state.store.find_size(digest) is None:
        raise BlobNotFound(digest)
    headers = {
        "etag": f'"{digest}"',
        "cache-control": "private, max-age=31536000, immutable",
        "accept-ranges": "bytes",
        "content-disposition": f'attachment; filename="{digest}"',
        "content-security-policy": "sandbox; default-src 'none'",
        "x-content-type-options": "nosniff",
    }
    if headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    wanted = request.headers.get("range")
    if request.headers.get("if-range", headers["etag"]) != headers["etag"]:
        wanted = None
    try:
        span = read_range(wanted, size_bytes)
    except ValueError:
        return Response(b"", status_code=416, headers=headers | {"content-range": f"bytes */{size_bytes}"})
    if span is None:
        span, status = Span(0, size_bytes), 200
    else:
        status = 206
        headers["content-range"] = f"bytes {span.start}-{span.start + span.length - 1}/{size_bytes}"
    headers["content-length"] = str(span.length)
    chunks = (
        _nothing()
        if request.scope.get("is_head")
        else state.store.read(digest, start=span.start, length=span.length)
    )
    return Stream(chunks, status_code=status, media_type="application/octet-stream", headers=headers)


async def _nothing() -> AsyncIterator[bytes]:
    """What an answer to HEAD holds."""
    return
    yield b""


ROUTES = [post_events, put_blob, list_missing_blobs, get_blob]
