"""Runs reported through the API as a program would: wide graphs, batches of steps, long logs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx

from tests.bench.server import Server
from vitrine.ids import new_id

BATCH = 1_000


def post_events(server: Server, events: list[dict[str, object]]) -> None:
    for first in range(0, len(events), BATCH):
        answer = httpx.post(
            f"{server.api}/events",
            json={"events": events[first : first + BATCH]},
            headers=server.headers,
            timeout=60,
        )
        answer.raise_for_status()
        assert answer.json()["rejected"] == [], answer.json()["rejected"][:3]


def event(
    kind: str, body: dict[str, object], *, run_id: str | None = None, at: datetime | None = None
) -> dict[str, object]:
    return {
        "id": str(new_id()),
        "kind": kind,
        "at": (at or datetime.now(UTC)).isoformat(),
        "run_id": run_id,
        "body": body,
    }


def wide_steps(steps: int) -> list[dict[str, object]]:
    """A pipeline as sweeps make it: load, prepare in branches of forty, train, evaluate, report."""
    made: list[dict[str, object]] = [step("load", [])]
    while len(made) < steps - 1:
        number = len(made)
        parent = "load" if number % 4 == 1 else str(made[-1]["key"])
        made.append(step(f"stage_{number}", [parent]))
    made.append(step("report", [str(made[index]["key"]) for index in range(4, len(made), 4)]))
    return made


def step(key: str, parents: list[str]) -> dict[str, object]:
    return {
        "key": key,
        "name": key,
        "parents": parents,
        "inputs": [
            {"name": f"in_{index}", "step": parent, "output": "output"}
            for index, parent in enumerate(parents)
        ],
        "outputs": [{"name": "output", "artifact": f"wide::{key}::output", "data_type": "builtins.dict"}],
    }


def report_wide_run(server: Server, *, steps: int) -> str:
    """A finished run of a wide graph; its id."""
    run_id, snapshot_id = str(new_id()), str(new_id())
    spec = wide_steps(steps)
    begin = datetime.now(UTC) - timedelta(minutes=5)
    events = [
        event("snapshot", {"id": snapshot_id, "pipeline": f"wide_{steps}", "steps": spec}),
        event("run", {"status": "running", "pipeline": f"wide_{steps}", "name": f"wide {steps}", "snapshot_id": snapshot_id,
                      "started_at": begin.isoformat()}, run_id=run_id),
    ]  # fmt: skip
    for one in spec:
        body = {
            "step": one["key"],
            "status": "completed",
            "started_at": begin.isoformat(),
            "ended_at": (begin + timedelta(seconds=2)).isoformat(),
        }
        events.append(event("step", body, run_id=run_id))
    events.append(
        event("run", {"status": "completed", "ended_at": datetime.now(UTC).isoformat()}, run_id=run_id)
    )
    post_events(server, events)
    return run_id
