"""A run as a program reports it, with everything that can happen: a retry, a cached step, a failure, late metadata."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from vitrine.ids import content_id, new_id

Event = dict[str, Any]
BEGIN = datetime(2026, 11, 1, 12, tzinfo=UTC)


def at(second: float) -> str:
    return (BEGIN + timedelta(seconds=second)).isoformat()


def event(kind: str, body: Mapping[str, Any], *, run_id: str | None = None, second: float = 0) -> Event:
    return {"id": str(new_id()), "kind": kind, "at": at(second), "run_id": run_id, "body": dict(body)}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def report_run(pipeline: str = "train") -> list[Event]:
    """About thirty events in the order in which they happened."""
    run, cached_run = str(new_id()), str(new_id())
    snapshot, model = str(content_id("snapshot", pipeline)), str(content_id("model_version", "iris", "v1"))
    table, old, first, second, plot = (str(new_id()) for _ in range(5))

    def step(second: float, **body: Any) -> Event:
        return event("step", body, run_id=run, second=second)

    def version(id: str, second: float, **body: Any) -> Event:
        return event("artifact_version", {"id": id, **body}, run_id=run, second=second)

    def log(first_line: int, texts: list[str], *, attempt: int = 1) -> Event:
        lines = [
            {"at": at(5 + n), "text": text, "stream": "stderr", "level": "error"}
            for n, text in enumerate(texts)
        ]
        return event(
            "log", {"step": "fit", "attempt": attempt, "first_line": first_line, "lines": lines}, run_id=run
        )

    spec = [
        {"key": "load", "name": "load", "outputs": [{"name": "table", "artifact": "table"}]},
        {
            "key": "fit",
            "name": "fit",
            "parents": ["load"],
            "inputs": [{"name": "x", "step": "load", "output": "table"}],
        },
        {"key": "plot", "name": "plot", "parents": ["fit"]},
    ]
    said = {"id": snapshot, "pipeline": pipeline, "steps": spec, "code": "def train(): …"}
    opening = {
        "pipeline": pipeline,
        "name": "night",
        "snapshot_id": snapshot,
        "started_at": at(1),
        "parameters": {"lr": 0.1},
    }
    picture = {
        "id": str(new_id()),
        "kind": "html",
        "sha256": digest("picture"),
        "size_bytes": 7,
        "name": "p.html",
    }
    file = {"path": "table.parquet", "sha256": digest("table"), "size_bytes": 5}
    known = {"id": model, "model": "iris", "version": "v1"}
    return [
        event("snapshot", said, second=0),
        event("run", {"status": "queued", **opening, "tags": ["night"]}, run_id=run, second=0),
        event("model_version", known | {"description": "of irises", "tags": ["iris"], "metadata": {"license": "MIT"}}, run_id=run),
        event("run", {"status": "running", **opening, "environment": {"python": "3.11"}}, run_id=run, second=1),
        event("run", {"status": "running", "tags": ["gpu"], "model_version_ids": [model]}, run_id=run, second=1),
        event("metadata", {"values": {"seed": 1, "where": {"host": "a", "rack": None}}}, run_id=run, second=1),
        step(1, step="load", status="cached", started_at=at(1), ended_at=at(1), cache_key=digest("load"),
             cached_from_run_id=cached_run, outputs={"table": [old]}),
        step(2, step="fit", status="queued"),
        step(2, step="fit", status="running", started_at=at(2), parameters={"depth": 3}, cache_key=digest("fit"),
             inputs={"x": [old]}),
        log(1, ["one", "two"]),
        log(3, ["three"]),
        step(3, step="fit", status="failed", ended_at=at(3), failure={"type": "ValueError", "message": "no"}),
        step(4, step="fit", attempt=2, status="running", started_at=at(4)),
        log(1, ["again"], attempt=2),
        version(first, 5, artifact="model", type="model", step="fit", output="model", files=[file], metadata={"f1": 0.8}),
        version(second, 6, artifact="model", step="fit", output="model", tags=["best"], visualizations=[picture]),
        version(plot, 6, artifact="plot", step="plot", output="figure", uri="s3://plots/1"),
        version(table, 6, artifact="table", version=f"of {run}"),
        event("metadata", {"values": {"f1": 0.9, "when": "2026-11-01T12:00:00Z"}, "artifact_version_id": first}, second=6),
        event("metadata", {"values": {"f1": "NaN"}, "step": "fit"}, run_id=run, second=6),
        event("metadata", {"values": {"f1": 0.91, "ok": True}, "step": "fit"}, run_id=run, second=7),
        event("metadata", {"values": {"seed": 2}}, run_id=run, second=7),
        event("metadata", {"values": {"license": "BSD"}, "model_version_id": model}, second=7),
        event("model_version", known | {"artifacts": [{"artifact_version_id": first, "link": "model"},
                                                      {"artifact_version_id": table}]}, run_id=run, second=7),
        step(7, step="fit", attempt=2, status="completed", ended_at=at(7), outputs={"model": [first, second], "log": [table]},
             resources={"interval_s": 1.0, "cpu_percent": [1.5], "memory_bytes": [1000]}),
        step(8, step="plot", status="skipped", blocked_by="fit"),
        event("heartbeat", {}, run_id=run, second=8),
        event("heartbeat", {}, run_id=run, second=9),
        event("run", {"status": "failed", "ended_at": at(9), "failure": {"type": "Oops"}}, run_id=run, second=9),
        event("run", {"status": "completed", "ended_at": at(10)}, run_id=run, second=10),
        event("snapshot", said, second=20),
        event("model_version", known | {"description": "of all irises"}, second=21),
    ]  # fmt: skip
