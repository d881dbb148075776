"""`…/runs/{id}/steps/{step}/logs`: windows, search and levels; `…/logs.txt`: the whole of it."""

from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

import asyncpg
from litestar import Request, get
from litestar.params import Parameter
from litestar.response import Stream

from vitrine.ingest.structs import LevelNumbers
from vitrine.runs.log_queries import fetch_log_place
from vitrine.runs.logs import Search, find_level, find_pattern, find_text, read_window, stream_texts
from vitrine.runs.structs import LogHits, LogWindow

READ = {"permission": "project:read"}
Attempt = Annotated[int | None, Parameter(ge=1, le=1000, description="by default the newest")]


@get("/projects/{project:str}/runs/{run_id:uuid}/steps/{step:str}/logs", opt=READ)
async def get_logs(
    db: asyncpg.Connection,
    project_id: UUID,
    run_id: UUID,
    step: str,
    skip: Annotated[
        int, Parameter(query="from", ge=0, le=10**9, description="how many lines to pass over")
    ] = 0,
    limit: Annotated[int, Parameter(ge=1, le=5_000)] = 500,
    attempt: Attempt = None,
    q: Annotated[str, Parameter(max_length=1_000, description="a part of a line, in either case")] = "",
    regex: Annotated[bool, Parameter(description="`q` is a regular expression (RE2)")] = False,
    level: Annotated[
        Literal["debug", "info", "warning", "error", "critical"] | None,
        Parameter(description="this level and above"),
    ] = None,
    after: Annotated[int, Parameter(ge=0, le=10**9, description="hits behind this line")] = 0,
) -> LogWindow | LogHits:
    """A window of lines; with `q` or `level`, hits and how many there are in all."""
    log = await fetch_log_place(db, project_id, run_id, step, attempt=attempt)
    if not q and level is None:
        return await read_window(db, log, skip=skip, limit=limit)
    search = Search(q, level=LevelNumbers[level] if level else 0, after=after, limit=limit)
    if not q:
        return await find_level(db, log, search)
    return await (find_pattern if regex else find_text)(db, log, search)


@get(
    "/projects/{project:str}/runs/{run_id:uuid}/steps/{step:str}/logs.txt",
    opt={**READ, "no_compress": True},
    media_type="text/plain",
)
async def get_logs_text(
    request: Request[Any, Any, Any],
    db: asyncpg.Connection,
    project_id: UUID,
    run_id: UUID,
    step: str,
    attempt: Attempt = None,
) -> Stream:
    """Every line of the log, streamed."""
    log = await fetch_log_place(db, project_id, run_id, step, attempt=attempt)
    return Stream(
        stream_texts(request.app.state.pool, log),
        media_type="text/plain; charset=utf-8",
        headers={
            "content-disposition": f"attachment; filename*=UTF-8''{quote(f'{step}.txt', safe='')}",
            "content-security-policy": "sandbox; default-src 'none'",
            "x-content-type-options": "nosniff",
            "cache-control": "private, no-cache",
        },
    )


ROUTES = [get_logs, get_logs_text]
