"""Events in any order, any number of times, in any requests, give one state."""

from __future__ import annotations

import random
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.features.conftest import Send
from tests.features.reports import Event, at, digest, event, report_run
from tests.features.states import State, clear, read_state

from vitrine.ids import new_id

EVENTS = report_run()
_expected: list[State] = []


async def deliver(send: Send, events: list[Event], *, cuts: list[int]) -> None:
    """The events are posted in requests that end at the cuts."""
    begin = 0
    for end in [*sorted(set(cuts)), len(events)]:
        if begin < end:
            await send(events[begin:end])
        begin = end


async def expect(send: Send, db: asyncpg.Connection) -> State:
    """The state after the events in their order, each in a request of its own."""
    if not _expected:
        await clear(db)
        await deliver(send, EVENTS, cuts=list(range(len(EVENTS))))
        _expected.append(await read_state(db))
    return _expected[0]


# No shrinking: a failure is as clear from the first example, and each one takes a second.
@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(shuffle=st.randoms(use_true_random=False), copies=st.integers(1, 5), data=st.data())
async def test_events_five_times_in_any_order_and_any_requests_give_one_state(
    send: Send, db: asyncpg.Connection, shuffle: random.Random, copies: int, data: st.DataObject
) -> None:
    expected = await expect(send, db)
    await clear(db)
    events = EVENTS * copies
    shuffle.shuffle(events)
    cuts = data.draw(st.lists(st.integers(1, len(events)), max_size=12))
    await deliver(send, events, cuts=cuts)
    assert await read_state(db) == expected


async def test_the_same_events_again_change_nothing(send: Send, db: asyncpg.Connection) -> None:
    first = await send(EVENTS)
    assert first["accepted"] > len(EVENTS) // 2
    before = await read_state(db)
    numbers = await db.fetch(
        "select id, number, xmin from run union all select id, number, xmin from artifact_version"
    )
    assert await send(EVENTS) == {"accepted": 0, "duplicate": len(EVENTS), "rejected": []}
    assert await read_state(db) == before
    assert numbers == await db.fetch(
        "select id, number, xmin from run union all select id, number, xmin from artifact_version"
    )


async def test_each_event_in_a_request_of_its_own_changes_something(send: Send) -> None:
    """Of the report, all but the snapshot said again by a later run."""
    unchanged = [one["kind"] for one in EVENTS if (await send([one]))["accepted"] == 0]
    assert unchanged == ["snapshot"]


def step_event(run_id: str, **body: Any) -> Event:
    return event("step", {"step": "fit", **body}, run_id=run_id)


async def test_a_step_may_end_before_it_starts(send: Send, db: asyncpg.Connection) -> None:
    run_id = str(new_id())
    start = step_event(run_id, status="running", started_at=at(1), parameters={"depth": 3})
    end = step_event(run_id, status="completed", ended_at=at(2))
    await send([end])
    await send([start])
    row = await db.fetchrow(
        "select status, started_at, ended_at, parameters from step where run_id = $1", run_id
    )
    assert (row["status"], row["started_at"].isoformat(), row["ended_at"].isoformat()) == (
        "completed",
        at(1),
        at(2),
    )
    assert bytes(row["parameters"]) == b'{"depth": 3}'


async def test_a_run_may_finish_before_it_starts(send: Send, api: httpx.AsyncClient) -> None:
    run_id = str(new_id())
    start = event("run", {"status": "running", "pipeline": "train", "started_at": at(1)}, run_id=run_id)
    await send([event("run", {"status": "completed", "ended_at": at(5)}, run_id=run_id)])
    assert (await api.get("/api/v1/projects/default/runs")).json()["items"] == []
    await send([start])
    found = (await api.get(f"/api/v1/projects/default/runs/{run_id}")).json()
    assert (found["status"], found["duration_s"], found["number"]) == ("completed", 4.0, 1)


async def test_metadata_may_come_before_its_run(send: Send, api: httpx.AsyncClient) -> None:
    run_id = str(new_id())
    await send([event("metadata", {"values": {"f1": 0.9}}, run_id=run_id)])
    await send([event("metadata", {"values": {"loss": 0.1}, "step": "fit"}, run_id=run_id)])
    await send([event("run", {"status": "running", "pipeline": "train"}, run_id=run_id)])
    found = (await api.get(f"/api/v1/projects/default/runs/{run_id}")).json()
    assert found["metadata"] == {"f1": 0.9}
    assert found["step_metadata"] == {"fit": {"loss": 0.1}}


async def test_metadata_may_come_before_their_artifact_version(send: Send, db: asyncpg.Connection) -> None:
    id = str(new_id())
    late = event("artifact_version", {"id": id, "artifact": "table", "metadata": {"rows": 1, "columns": 2}})
    await send([event("metadata", {"values": {"rows": 3}, "artifact_version_id": id})])
    await send([late])
    row = await db.fetchrow("select number, meta from artifact_version where id = $1", id)
    assert (row["number"], bytes(row["meta"])) == (1, b'{"rows": 3, "columns": 2}')
    assert await db.fetchval("select count(*) from metadata_history where target_id = $1", id) == 3


async def test_a_model_may_name_artifacts_that_come_later(send: Send, db: asyncpg.Connection) -> None:
    model, table = str(new_id()), str(new_id())
    links = [{"artifact_version_id": table, "link": "data"}]
    await send([event("model_version", {"id": model, "model": "iris", "artifacts": links})])
    await send([event("artifact_version", {"id": table, "artifact": "table"})])
    row = await db.fetchrow(
        "select a.name, m.link from model_version_artifact m join artifact_version v on v.id = m.artifact_version_id "
        "join artifact a on a.id = v.artifact_id"
    )
    assert tuple(row) == ("table", "data")


async def fetch_outputs(db: asyncpg.Connection, run_id: str) -> list[str]:
    rows = await db.fetch(
        "select artifact_version_id from step_output where run_id = $1 order by output, position", run_id
    )
    return [str(row[0]) for row in rows]


@pytest.mark.parametrize("is_reversed", [False, True])
async def test_a_cached_step_has_the_outputs_of_the_earlier_run(
    send: Send, db: asyncpg.Connection, is_reversed: bool
) -> None:
    earlier, later, version = str(new_id()), str(new_id()), str(new_id())
    made = event(
        "artifact_version",
        {"id": version, "artifact": "model", "step": "fit", "output": "model"},
        run_id=earlier,
    )
    cached = step_event(
        later,
        status="cached",
        cached_from_run_id=earlier,
        cache_key=digest("x"),
        outputs={"model": [version]},
    )
    for one in (cached, made) if is_reversed else (made, cached):
        await send([one])
    assert await fetch_outputs(db, earlier) == await fetch_outputs(db, later) == [version]


async def test_an_artifact_version_alone_makes_an_output_until_the_step_lists_them(
    send: Send, db: asyncpg.Connection
) -> None:
    run_id, one, two = str(new_id()), str(new_id()), str(new_id())
    for id in (two, one):
        await send(
            [
                event(
                    "artifact_version",
                    {"id": id, "artifact": "model", "step": "fit", "output": "model"},
                    run_id=run_id,
                )
            ]
        )
    assert await fetch_outputs(db, run_id) == [one, two]
    await send([step_event(run_id, status="completed", outputs={"model": [two]})])
    assert await fetch_outputs(db, run_id) == [two]


async def test_of_two_lists_of_outputs_the_later_one_counts_whole(send: Send, db: asyncpg.Connection) -> None:
    run_id, one, two, three = (str(new_id()) for _ in range(4))
    first = step_event(run_id, status="failed", outputs={"model": [one, two]})
    second = step_event(run_id, status="completed", attempt=2, outputs={"model": [three]})
    await send([second])
    assert (await send([first]))["accepted"] == 1
    assert await fetch_outputs(db, run_id) == [three]
