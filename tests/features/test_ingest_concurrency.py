"""Many writers at once: no event is lost, none counts twice, nobody waits for ever, numbers have no gaps."""

from __future__ import annotations

import asyncio
import random

import asyncpg
import httpx
from tests.features.conftest import Send
from tests.features.reports import Event, at, event, report_run
from tests.features.states import clear, read_state

from vitrine.ids import new_id

WRITERS = 8


async def write(send: Send, events: list[Event], *, seed: int) -> int:
    """Posts all events in an order of its own, in pieces of up to five; how many changed something."""
    order = random.Random(seed)
    order.shuffle(events)
    accepted = 0
    while events:
        size = order.randint(1, 5)
        piece, events = events[:size], events[size:]
        accepted += (await send(piece))["accepted"]
    return accepted


async def test_eight_writers_of_the_same_events_give_the_state_of_one(
    send: Send, db: asyncpg.Connection
) -> None:
    reports = [one for name in ("train", "test", "train") for one in report_run(name)]
    await send(reports)
    expected = await read_state(db)
    await clear(db)
    await asyncio.gather(*(write(send, list(reports), seed=seed) for seed in range(WRITERS)))
    assert await read_state(db) == expected


async def test_eight_writers_of_large_overlapping_requests_do_not_block_each_other(
    send: Send, db: asyncpg.Connection
) -> None:
    runs = [str(new_id()) for _ in range(3)]
    events = [
        event(
            "step",
            {"step": f"step_{n}", "status": status, "attempt": attempt, "started_at": at(n)},
            run_id=run_id,
        )
        for run_id in runs
        for n in range(40)
        for attempt, status in ((1, "running"), (1, "failed"), (2, "running"), (2, "completed"))
    ]

    async def post(seed: int) -> None:
        order = random.Random(seed)
        for _ in range(3):
            await send(order.sample(events, len(events) * 2 // 3))

    async with asyncio.timeout(120):
        await asyncio.gather(*(post(seed) for seed in range(WRITERS)))
        await send(events)
    state = await read_state(db)
    await clear(db)
    await send(events)
    assert await read_state(db) == state


async def test_each_event_is_accepted_by_one_of_many_writers(send: Send) -> None:
    run_id = str(new_id())
    lines = [{"at": at(1), "text": "x"}]
    events = [
        event("log", {"step": "fit", "first_line": n, "lines": lines}, run_id=run_id) for n in range(1, 60)
    ]
    events += [event("metadata", {"values": {"loss": n}}, run_id=run_id) for n in range(60)]
    accepted = await asyncio.gather(*(write(send, list(events), seed=seed) for seed in range(WRITERS)))
    assert sum(accepted) == len(events)


async def test_numbers_have_no_gaps_when_many_begin_at_once(send: Send, db: asyncpg.Connection) -> None:
    turns = asyncio.Semaphore(WRITERS)

    async def begin(n: int) -> None:
        run_id, version = str(new_id()), str(new_id())
        spec = [{"key": f"step_{n}", "name": "step"}]
        events = [
            event("snapshot", {"id": str(new_id()), "pipeline": "train", "steps": spec}),
            event("run", {"status": "running", "pipeline": "train"}, run_id=run_id),
            event("artifact_version", {"id": version, "artifact": "table"}, run_id=run_id),
            event("model_version", {"id": str(new_id()), "model": "iris"}, run_id=run_id),
        ]
        async with turns:
            await send(events)

    await asyncio.gather(*(begin(n) for n in range(40)))
    for table in ("run", "snapshot", "artifact_version", "model_version"):
        rows = await db.fetch(f"select number from {table} order by number")
        assert [row[0] for row in rows] == list(range(1, 41)), table
    row = await db.fetchrow("select last_run_number, last_snapshot_number from pipeline")
    assert tuple(row) == (40, 40)


async def test_a_refused_event_takes_no_number(send: Send, db: asyncpg.Connection) -> None:
    def version(name: str) -> Event:
        return event("artifact_version", {"id": str(new_id()), "artifact": "table", "version": name})

    await send([version("gold")])
    receipt = await send([version("gold"), version("silver")], is_whole=False)
    assert (receipt["accepted"], len(receipt["rejected"])) == (1, 1)
    rows = await db.fetch("select name, number from artifact_version order by number")
    assert [tuple(row) for row in rows] == [("gold", 1), ("silver", 2)]


async def test_of_fifty_writers_of_one_version_name_one_wins(
    api: httpx.AsyncClient, db: asyncpg.Connection
) -> None:
    async def post() -> str:
        one = event("artifact_version", {"id": str(new_id()), "artifact": "table", "version": "gold"})
        answer = await api.post("/api/v1/projects/default/events", json={"events": [one]})
        while answer.status_code == 503:  # five times as many as there are connections
            answer = await api.post("/api/v1/projects/default/events", json={"events": [one]})
        assert answer.status_code == 200, answer.text
        return "won" if answer.json()["accepted"] else str(answer.json()["rejected"][0]["code"])

    outcomes = await asyncio.gather(*(post() for _ in range(50)))
    assert sorted(outcomes) == ["Conflict"] * 49 + ["won"]
    assert await db.fetchval("select count(*) from artifact_version") == 1


async def test_counts_by_status_are_exact_after_concurrent_changes(
    send: Send, db: asyncpg.Connection
) -> None:
    runs = [str(new_id()) for _ in range(12)]
    events = [
        event("run", body, run_id=run_id)
        for run_id in runs
        for body in (
            {"status": "running", "pipeline": "train"},
            {"status": "failed"},
            {"status": "completed"},
        )
    ]
    await asyncio.gather(*(write(send, list(events), seed=seed) for seed in range(WRITERS)))
    counted = await db.fetch("select status, runs from run_count where runs <> 0")
    assert [tuple(row) for row in counted] == [("completed", 12)]


async def test_reports_of_what_is_being_deleted_do_not_fail(send: Send, db: asyncpg.Connection) -> None:
    events = report_run()

    async def delete() -> None:
        for _ in range(25):
            for table in (
                "run",
                "artifact_version",
                "artifact",
                "model_version",
                "model",
                "pipeline",
                "metadata_key",
                "tag",
            ):
                await db.execute(f"delete from {table}")
                await asyncio.sleep(0)

    await asyncio.gather(delete(), *(write(send, events * 3, seed=seed) for seed in range(3)))
