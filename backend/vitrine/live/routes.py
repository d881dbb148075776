"""`GET /projects/{project}/live`: what changes in a project, as it changes."""

import re
from typing import Annotated, Any

from litestar import Request, get
from litestar.params import Parameter
from litestar.response import Stream


@get(
    "/projects/{project:str}/live",
    opt={"permission": "project:read", "no_compress": True},
    media_type="text/event-stream",
)
async def live(
    request: Request[Any, Any, Any],
    after: Annotated[int | None, Parameter(ge=0, description="the id of the last event seen")] = None,
    last_event_id: Annotated[str | None, Parameter(header="last-event-id")] = None,
) -> Stream:
    """Server-sent events `{"id","kind","run_id",…}`; a browser resumes by itself, others by `after`.

    Event `reset`: more was missed than is kept; load everything again.
    """
    if last_event_id is not None:  # newer than `after`, which stays in the address when a browser reconnects
        after = int(last_event_id) if re.fullmatch(r"[0-9]{1,18}", last_event_id) else -1
    return Stream(
        request.app.state.hub.stream(request.scope["project_id"], after),  # type: ignore[typeddict-item]
        media_type="text/event-stream",
        headers={"cache-control": "no-cache, no-transform", "x-accel-buffering": "no"},
    )


ROUTES = [live]
