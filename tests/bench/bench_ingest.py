"""The way in: step events in batches of a thousand, and log lines, through HTTP on one connection."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import httpx
import msgspec

from tests.bench.events import event
from tests.bench.rows import Row
from tests.bench.server import Server
from vitrine.ids import new_id

BATCHES = 10


def measure(server: Server) -> list[Row]:
    return [measure_steps(server), measure_logs(server)]


def measure_steps(server: Server) -> Row:
    now = datetime.now(UTC).isoformat()
    run_ids = [str(new_id()) for _ in range(BATCHES)]
    bodies = [
        msgspec.json.encode(
            {
                "events": [
                    event(
                        "step",
                        {"step": f"step_{n}", "status": "completed", "started_at": now, "ended_at": now},
                        run_id=run_id,
                    )
                    for n in range(1_000)
                ]
            }
        )
        for run_id in run_ids
    ]
    return Row(
        "ingest, steps in batches of 1,000",
        post_all(server, bodies, per_body=1_000),
        "rows/s",
        20_000,
        is_floor=True,
    )


def measure_logs(server: Server) -> Row:
    run_id, lines_a_body = str(new_id()), 10_000
    now = datetime.now(UTC).isoformat()
    bodies = []
    for first in range(0, 100_000, lines_a_body):
        pieces = [
            event("log", {"step": "train", "first_line": first + piece + 1, "lines": [
                {"at": now, "text": f"epoch {first + piece + n} loss 0.{n:04d}"} for n in range(1_000)]}, run_id=run_id)
            for piece in range(0, lines_a_body, 1_000)
        ]  # fmt: skip
        bodies.append(msgspec.json.encode({"events": pieces}))
    return Row(
        "ingest, log lines of one step",
        post_all(server, bodies, per_body=lines_a_body),
        "lines/s",
        300_000,
        is_floor=True,
    )


def post_all(server: Server, bodies: list[bytes], *, per_body: int) -> float:
    with httpx.Client(headers={**server.headers, "content-type": "application/json"}, timeout=60) as client:
        begin = time.perf_counter()
        for body in bodies:
            answer = client.post(f"{server.api}/events", content=body)
            assert answer.status_code == 200, answer.text
            assert answer.json()["rejected"] == []
        return per_body * len(bodies) / (time.perf_counter() - begin)
