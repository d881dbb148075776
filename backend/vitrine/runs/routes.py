"""`/projects/{project}/runs`: the list, a run, its steps; renaming, tagging, archiving and deleting it by hand."""

from typing import Annotated, Any
from uuid import UUID

import asyncpg
from litestar import delete, get, patch
from litestar.params import Parameter
from msgspec import structs

from vitrine.access.audit import write_audit
from vitrine.access.structs import Actor
from vitrine.errors import Invalid
from vitrine.live.outbox import Announcement, announce
from vitrine.paging import LIMIT_MOST, Page
from vitrine.runs import cache_routes, dag_routes, log_routes
from vitrine.runs.change_queries import delete_run, tag_run, untag_run, update_run
from vitrine.runs.queries import fetch_run, fetch_runs, find_newest_runs
from vitrine.runs.step_queries import (
    fetch_attempts,
    fetch_run_snapshot,
    fetch_step,
    fetch_step_artifacts,
    fetch_steps,
)
from vitrine.runs.steps import describe_step, order_steps
from vitrine.runs.structs import RunChange, RunDeletion, RunDetail, RunItem, StepDetail, Steps
from vitrine.runs.structures import load_structure

READ = {"permission": "project:read"}
Limit = Annotated[int, Parameter(ge=1, le=LIMIT_MOST)]
WRITE = {"permission": "project:write"}
MOST_KEYS = 100
NAME_LIMIT = 255


@get("/projects/{project:str}/runs", opt=READ)
async def list_runs(
    db: asyncpg.Connection,
    project_id: UUID,
    limit: Limit = 50,
    cursor: str | None = None,
    filter_: Annotated[
        str, Parameter(query="filter", description="as `status = 'failed' and metadata.loss < 0.1`")
    ] = "",
    sort: Annotated[str | None, Parameter(description="a field; with a minus the greatest first")] = None,
    metadata: Annotated[
        list[str] | None, Parameter(description="keys whose values to tell", max_items=MOST_KEYS)
    ] = None,
    archived: bool = False,
) -> Page[RunItem]:
    """Runs, by default the newest first; a page at a time."""
    is_usual = not (cursor or filter_.strip() or metadata or archived) and sort in (None, "", "-started_at")
    if is_usual and (newest := await find_newest_runs(db, project_id, limit=limit)):
        return newest
    return await fetch_runs(
        db,
        project_id,
        filter_=filter_,
        sort=sort,
        cursor=cursor,
        limit=limit,
        metadata=metadata or (),
        archived=archived,
    )


@get("/projects/{project:str}/runs/{run_id:uuid}", opt=READ)
async def get_run(db: asyncpg.Connection, project_id: UUID, run_id: UUID) -> RunDetail:
    return await fetch_run(db, project_id, run_id)


@patch("/projects/{project:str}/runs/{run_id:uuid}", opt=WRITE)
async def change_run(
    db: asyncpg.Connection, project_id: UUID, actor: Actor, run_id: UUID, data: RunChange
) -> RunDetail:
    """The run as it is now. What the body leaves out stays."""
    check_names([*([] if data.name is None else [data.name]), *data.add_tags])
    status = await update_run(db, project_id, run_id, name=data.name, archived=data.archived)
    if data.add_tags:
        await tag_run(db, project_id, run_id, data.add_tags)
    if data.remove_tags:
        await untag_run(db, project_id, run_id, data.remove_tags)
    asked = structs.asdict(data)
    facts = {name: value for name, value in asked.items() if value not in (None, [])}
    await put_on_record(db, project_id, actor, run_id, act="change", facts=facts, status=status)
    return await fetch_run(db, project_id, run_id)


@delete("/projects/{project:str}/runs/{run_id:uuid}", opt=WRITE, status_code=200)
async def remove_run(db: asyncpg.Connection, project_id: UUID, actor: Actor, run_id: UUID) -> RunDeletion:
    """What went with the run. Artifact versions that it made stay."""
    gone = await delete_run(db, project_id, run_id)
    await put_on_record(
        db, project_id, actor, run_id, act="delete", facts=structs.asdict(gone), status="deleted"
    )
    return gone


async def put_on_record(
    db: asyncpg.Connection,
    project_id: UUID,
    actor: Actor,
    run_id: UUID,
    *,
    act: str,
    facts: dict[str, Any],
    status: str,
) -> None:
    """Who did it is in the audit, and whoever watches will hear of it."""
    await write_audit(
        db,
        act,
        user_id=actor.user_id,
        token_id=actor.token_id,
        object_kind="run",
        object_id=run_id,
        project_id=project_id,
        facts=facts,
    )
    await announce(db, project_id, [Announcement("run", run_id, {"status": status})])


@get("/projects/{project:str}/runs/{run_id:uuid}/steps", opt=READ)
async def list_steps(db: asyncpg.Connection, project_id: UUID, run_id: UUID) -> Steps:
    snapshot_id = await fetch_run_snapshot(db, project_id, run_id)
    structure = await load_structure(db, project_id, snapshot_id)
    begun = await fetch_steps(db, project_id, run_id)
    return Steps(order_steps(structure.steps if structure else [], begun))


@get("/projects/{project:str}/runs/{run_id:uuid}/steps/{step:str}", opt=READ)
async def get_step(db: asyncpg.Connection, project_id: UUID, run_id: UUID, step: str) -> StepDetail:
    row = await fetch_step(db, project_id, run_id, step)
    attempts = await fetch_attempts(db, project_id, run_id, step)
    inputs, outputs = await fetch_step_artifacts(db, project_id, run_id, step)
    return describe_step(step, row, attempts=attempts, inputs=inputs, outputs=outputs)


def check_names(names: list[str]) -> None:
    """Raises: Invalid for a name or tag that is empty, too long or holds a NUL."""
    for name in names:
        if not name.strip() or len(name) > NAME_LIMIT or "\0" in name:
            raise Invalid(f"{name[:80]!r} cannot be a name: 1 to {NAME_LIMIT} characters, not all blank.")


ROUTES = [
    list_runs,
    get_run,
    change_run,
    remove_run,
    list_steps,
    get_step,
    *cache_routes.ROUTES,
    *dag_routes.ROUTES,
    *log_routes.ROUTES,
]
