"""What pipelines report, in few words; a second project; a second person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import RunningServer

from vitrine.app import Application
from vitrine.ids import content_id, new_id
from vitrine.projects.bootstrap import WORKSPACE_ID

Event = dict[str, Any]
Send = Callable[..., Awaitable[dict[str, Any]]]


def make_event(
    kind: str, body: Mapping[str, Any], *, run_id: str | None = None, at: datetime | None = None
) -> Event:
    """An event as a program posts it."""
    when = (at or datetime.now(UTC)).isoformat()
    return {"id": str(new_id()), "kind": kind, "at": when, "run_id": run_id, "body": dict(body)}


@pytest.fixture
def send(api: httpx.AsyncClient) -> Send:
    """Posts events, asserts that all were taken, and gives the receipt; `is_whole=False` leaves rejections to the test."""

    async def post(
        events: Sequence[Event], *, project: str = "default", is_whole: bool = True
    ) -> dict[str, Any]:
        answer = await api.post(f"/api/v1/projects/{project}/events", json={"events": list(events)})
        assert answer.status_code == 200, answer.text
        receipt: dict[str, Any] = answer.json()
        assert not is_whole or receipt["rejected"] == [], receipt
        return receipt

    return post


@dataclass
class MadeRun:
    """A run that was reported. `events` are what was sent, in order."""

    id: str
    pipeline: str
    name: str
    snapshot_id: str
    steps: list[str]
    started_at: datetime
    ended_at: datetime | None
    events: list[Event] = field(default_factory=list)


@pytest.fixture
def make_run(send: Send) -> Callable[..., Awaitable[MadeRun]]:
    """Reports a small run: a chain of steps that took a second each. A failed one fails in its last step.

    Any event body is changed by `run={…}` (its opening) and `step={"<key>": {…}}`.
    """

    async def make(
        pipeline: str = "train",
        *,
        name: str | None = None,
        status: str = "completed",
        steps: Sequence[str] = ("load", "fit"),
        metadata: Mapping[str, Any] | None = None,
        step_metadata: Mapping[str, Mapping[str, Any]] | None = None,
        tags: Sequence[str] = (),
        parameters: Mapping[str, Any] | None = None,
        started_at: datetime | None = None,
        project: str = "default",
        run: Mapping[str, Any] | None = None,
        step: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> MadeRun:
        begin = started_at or datetime.now(UTC) - timedelta(minutes=1)
        run_id = str(new_id())
        made = MadeRun(
            id=run_id,
            pipeline=pipeline,
            name=name or f"{pipeline} {run_id[-4:]}",
            snapshot_id=str(content_id("snapshot", pipeline, *steps)),
            steps=list(steps),
            started_at=begin,
            ended_at=None if status in ("queued", "running") else begin + timedelta(seconds=len(steps)),
        )
        parents = [None, *steps]
        spec = [
            {"key": key, "name": key, "parents": [parent] if parent else []}
            for parent, key in zip(parents, steps, strict=False)
        ]
        opening = {
            "status": "running" if status != "queued" else "queued",
            "pipeline": pipeline,
            "name": made.name,
            "snapshot_id": made.snapshot_id,
            "started_at": begin.isoformat(),
            "tags": list(tags),
            "parameters": dict(parameters or {}),
            **(run or {}),
        }
        made.events = [
            make_event("snapshot", {"id": made.snapshot_id, "pipeline": pipeline, "steps": spec}),
            make_event("run", opening, run_id=run_id),
        ]
        for index, key in enumerate(steps):
            body: dict[str, Any] = {
                "step": key,
                "status": "completed",
                "started_at": (begin + timedelta(seconds=index)).isoformat(),
            }
            if status in ("queued", "running") and index == len(steps) - 1:
                body["status"] = status
            else:
                body["ended_at"] = (begin + timedelta(seconds=index + 1)).isoformat()
            if status == "failed" and index == len(steps) - 1:
                body |= {"status": "failed", "failure": {"type": "ValueError", "message": "no rows"}}
            made.events.append(make_event("step", body | dict((step or {}).get(key, {})), run_id=run_id))
        if metadata:
            made.events.append(make_event("metadata", {"values": dict(metadata)}, run_id=run_id))
        for key, values in (step_metadata or {}).items():
            made.events.append(make_event("metadata", {"values": dict(values), "step": key}, run_id=run_id))
        if made.ended_at:
            closing: dict[str, Any] = {"status": status, "ended_at": made.ended_at.isoformat()}
            if status == "failed":
                closing["failure"] = {"type": "ValueError", "message": "no rows", "step": steps[-1]}
            made.events.append(make_event("run", closing, run_id=run_id))
        await send(made.events, project=project)
        return made

    return make


@pytest.fixture
async def other_project(app: Application) -> str:
    """The slug of a second project, which the administrator reads and the viewer does not."""
    insert = "insert into project (id, workspace_id, slug, name) values ($1, $2, 'other', 'Other')"
    await app.state.pool.execute(insert, new_id(), WORKSPACE_ID)
    await app.state.actors.refresh()
    return "other"


# ── programs that report through the SDK ──────────────────────────────────────────────────────────
@pytest.fixture
def sdk(
    running_server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningServer]:
    """Pipelines of the test report to a real server; what they could not send would lie in `tmp_path`."""
    from vitrine.sdk.reporting import close_reporters

    monkeypatch.setenv("VITRINE_URL", running_server.url)
    monkeypatch.setenv("VITRINE_TOKEN", running_server.token)
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("VITRINE_PROJECT", raising=False)
    yield running_server
    close_reporters()
