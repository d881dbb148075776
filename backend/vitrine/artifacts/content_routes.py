"""Contents of artifacts: `…/artifact-versions/{id}/content` and `/table`, `…/visualizations/{id}` and its content and table."""

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import asyncpg
import msgspec
from litestar import MediaType, Request, Response, get
from litestar.openapi import ResponseSpec
from litestar.params import Parameter
from litestar.response import Stream

from vitrine.artifacts.archive import stream_zip
from vitrine.artifacts.content_queries import (
    fetch_stored_version,
    fetch_stored_visualization,
    fetch_visualization,
)
from vitrine.artifacts.queries import TABLE_FILE
from vitrine.artifacts.structs import TableWindow, Visualization
from vitrine.artifacts.tables import Format, Question, read_window
from vitrine.artifacts.visualizations import open_content
from vitrine.errors import TableNotFound
from vitrine.jobs.worker import TABLES
from vitrine.storage.store import BlobStore

READ = {"permission": "project:read"}
STREAMED = {**READ, "no_compress": True}
WINDOW = {200: ResponseSpec(data_container=TableWindow, description="A window of the table")}
WINDOW_LIMIT_S = 30.0
UNCHANGING = "private, max-age=86400, immutable"  # an id stands for one content, for ever

Offset = Annotated[int, Parameter(ge=0, le=10**12)]
WindowLimit = Annotated[int, Parameter(ge=1, le=1_000)]
Columns = Annotated[
    str | None, Parameter(max_length=100_000, description="names between commas; by default all")
]
TableSort = Annotated[
    str | None, Parameter(max_length=1_000, description="a column; with a minus the greatest first")
]
TableFilter = Annotated[
    str | None, Parameter(query="filter", max_length=4_000, description="as `price > 3 and city = 'Bern'`")
]


@get(
    "/projects/{project:str}/artifact-versions/{version_id:uuid}/content",
    opt=STREAMED,
    media_type="application/zip",
)
async def get_version_content(
    request: Request[Any, Any, Any], db: asyncpg.Connection, project_id: UUID, version_id: UUID
) -> Stream:
    """All files of the version as one zip."""
    version = await fetch_stored_version(db, project_id, version_id)
    name = quote(f"{version.artifact}-{version.number}.zip", safe="")
    return Stream(
        stream_zip(request.app.state.store, version.files, at=version.created_at),
        media_type="application/zip",
        headers={
            "content-disposition": f"attachment; filename*=UTF-8''{name}",
            "cache-control": "private, no-cache",
        },
    )


@get("/projects/{project:str}/artifact-versions/{version_id:uuid}/table", opt=READ, responses=WINDOW)
async def get_version_table(
    request: Request[Any, Any, Any],
    db: asyncpg.Connection,
    project_id: UUID,
    version_id: UUID,
    offset: Offset = 0,
    limit: WindowLimit = 200,
    columns: Columns = None,
    sort: TableSort = None,
    filter_: TableFilter = None,
) -> Response[bytes]:
    """A window of a stored DataFrame."""
    version = await fetch_stored_version(db, project_id, version_id)
    digest = next((file.sha256 for file in version.files if file.path.endswith(TABLE_FILE)), None)
    if digest is None:
        raise TableNotFound("This artifact version holds no table. Download its content instead.")
    question = Question("", digest, "parquet", offset, limit, columns, sort, filter_ or None)
    return await _answer_window(request.app.state.store, question)


@get("/projects/{project:str}/visualizations/{visualization_id:uuid}/table", opt=READ, responses=WINDOW)
async def get_visualization_table(
    request: Request[Any, Any, Any],
    db: asyncpg.Connection,
    project_id: UUID,
    visualization_id: UUID,
    offset: Offset = 0,
    limit: WindowLimit = 200,
    columns: Columns = None,
    sort: TableSort = None,
    filter_: TableFilter = None,
) -> Response[bytes]:
    """A window of a visualization that is a CSV or a table."""
    stored = await fetch_stored_visualization(db, project_id, visualization_id)
    formats: dict[str, Format] = {"csv": "csv", "table": "parquet"}
    if stored.kind not in formats:
        raise TableNotFound(f"This visualization is of the kind {stored.kind}: it has no table.")
    question = Question(
        "", stored.digest, formats[stored.kind], offset, limit, columns, sort, filter_ or None
    )
    return await _answer_window(request.app.state.store, question)


async def _answer_window(store: BlobStore, question: Question) -> Response[bytes]:
    async with store.local_path(question.digest) as path:
        question.path = str(path)
        body = await TABLES.run(read_window, msgspec.to_builtins(question), limit_s=WINDOW_LIMIT_S)
    return Response(body, media_type=MediaType.JSON)


@get("/projects/{project:str}/visualizations/{visualization_id:uuid}", opt=READ)
async def get_visualization(
    db: asyncpg.Connection, project_id: UUID, visualization_id: UUID
) -> Visualization:
    return await fetch_visualization(db, project_id, visualization_id)


@get("/projects/{project:str}/visualizations/{visualization_id:uuid}/content", opt=STREAMED)
async def get_visualization_content(
    request: Request[Any, Any, Any],
    db: asyncpg.Connection,
    project_id: UUID,
    visualization_id: UUID,
    raw: Annotated[bool, Parameter(description="Markdown as its text, not as a page")] = False,
) -> Response[Any]:
    """The content as a browser may show it: foreign pages in a sandbox, without a way out."""
    stored = await fetch_stored_visualization(db, project_id, visualization_id)
    content = await open_content(request.app.state.store, stored, is_raw=raw)
    etag = f'"{stored.digest[:32]}{content.variant}"'
    headers = {
        "content-security-policy": content.policy,
        "x-content-type-options": "nosniff",
        "cache-control": UNCHANGING,
        "etag": etag,
    }
    if request.headers.get("if-none-match") == etag:
        await content.body.aclose()
        return Response(None, status_code=304, headers=headers)
    if content.size_bytes is not None:
        headers["content-length"] = str(content.size_bytes)
    if content.file_name:
        headers["content-disposition"] = f'attachment; filename="{content.file_name}"'
    return Stream(content.body, media_type=content.media_type, headers=headers)


ROUTES = [
    get_version_content,
    get_version_table,
    get_visualization_table,
    get_visualization,
    get_visualization_content,
]
