"""`…/runs/{id}/dag`, `…/runs/{id}/dag/statuses`, `…/snapshots/{id}/dag`: structure once, then only what changes."""

from typing import Annotated, Any
from uuid import UUID

import asyncpg
from litestar import MediaType, Request, Response, get
from litestar.openapi import ResponseSpec
from litestar.params import Parameter

from vitrine.errors import SnapshotNotFound
from vitrine.runs.dag import Dag
from vitrine.runs.drawings import DRAWINGS, Drawing, add_externals, name_drawing, sketch_steps
from vitrine.runs.statuses import collect_statuses
from vitrine.runs.step_queries import (
    Drawable,
    fetch_drawable,
    fetch_sketch,
    fetch_step_states,
    find_structure_hash,
)
from vitrine.runs.structs import NodeStatus
from vitrine.runs.structures import load_structure

READ = {"permission": "project:read"}
DRAWN = {200: ResponseSpec(data_container=Dag, description="The drawn graph")}
Collapse = Annotated[
    str, Parameter(max_length=20_000, description="auto, none, or ids of groups between commas")
]


@get("/projects/{project:str}/runs/{run_id:uuid}/dag", opt=READ, responses=DRAWN)
async def get_run_dag(
    request: Request[Any, Any, Any],
    db: asyncpg.Connection,
    project_id: UUID,
    run_id: UUID,
    collapse: Collapse = "auto",
) -> Response[bytes]:
    """The graph of the run's snapshot, with what the run read from before it; without a snapshot, of its steps."""
    run = await fetch_drawable(db, project_id, run_id)
    drawing = await _draw_run(db, project_id, run_id, run, collapse)
    return _answer(request, drawing, cache="private, no-cache")


async def _draw_run(
    db: asyncpg.Connection, project_id: UUID, run_id: UUID, run: Drawable, collapse: str
) -> Drawing:
    if run.structure_hash is not None:
        key = name_drawing(run.structure_hash, collapse, run.externals)
        if kept := DRAWINGS.find(key):
            return kept
        structure = await load_structure(db, project_id, run.snapshot_id)
        if structure is not None:
            return await DRAWINGS.draw(key, add_externals(structure.steps, run.externals), collapse=collapse)
    structure_hash, steps = sketch_steps(await fetch_sketch(db, project_id, run_id))
    key = name_drawing(structure_hash, collapse, run.externals)
    return await DRAWINGS.draw(key, add_externals(steps, run.externals), collapse=collapse)


@get("/projects/{project:str}/snapshots/{snapshot_id:uuid}/dag", opt=READ, responses=DRAWN)
async def get_snapshot_dag(
    request: Request[Any, Any, Any],
    db: asyncpg.Connection,
    project_id: UUID,
    snapshot_id: UUID,
    collapse: Collapse = "auto",
) -> Response[bytes]:
    structure_hash = await find_structure_hash(db, project_id, snapshot_id)
    if structure_hash is None:
        raise SnapshotNotFound(snapshot_id)
    key = name_drawing(structure_hash, collapse)
    drawing = DRAWINGS.find(key)
    if drawing is None:
        structure = await load_structure(db, project_id, snapshot_id)
        if structure is None:
            raise SnapshotNotFound(snapshot_id)
        drawing = await DRAWINGS.draw(key, structure.steps, collapse=collapse)
    # A day, not a year: another version of this program may draw the same graph otherwise.
    return _answer(request, drawing, cache="private, max-age=86400, immutable")


def _answer(request: Request[Any, Any, Any], drawing: Drawing, *, cache: str) -> Response[bytes]:
    """The drawing, compressed once for all who ask; nothing if the asker has it already."""
    headers = {"etag": drawing.etag, "cache-control": cache, "vary": "accept-encoding, cookie, authorization"}
    if drawing.etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(drawing.body, media_type=MediaType.JSON, headers=headers)
    headers["content-encoding"] = "gzip"
    return Response(drawing.compressed, media_type=MediaType.JSON, headers=headers)


@get("/projects/{project:str}/runs/{run_id:uuid}/dag/statuses", opt=READ)
async def get_run_dag_statuses(
    db: asyncpg.Connection, project_id: UUID, run_id: UUID
) -> dict[str, NodeStatus]:
    """By node id, for every node that any collapse of the graph draws."""
    run = await fetch_drawable(db, project_id, run_id)
    states = await fetch_step_states(db, project_id, run_id)
    structure = await load_structure(db, project_id, run.snapshot_id)
    steps, fan_outs = (structure.steps, structure.fan_outs) if structure else ([], [])
    return collect_statuses(steps, fan_outs, states, run.externals)


ROUTES = [get_run_dag, get_snapshot_dag, get_run_dag_statuses]
