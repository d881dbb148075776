"""What becomes of events and contents that are as they should be."""

from __future__ import annotations

import hashlib
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
from tests.features.conftest import Send
from tests.features.reports import Event, at, digest, event, report_run

from vitrine.ids import new_id

PROJECT = "/api/v1/projects/default"


def run_event(run_id: str, **body: Any) -> Event:
    return event("run", body, run_id=run_id)


async def fetch_body(db: asyncpg.Connection, sql: str, *args: object) -> Any:
    return msgspec.json.decode(await db.fetchval(sql, *args))


# ── receipts ──────────────────────────────────────────────────────────────────────────────────────
async def test_no_events_are_fine(send: Send) -> None:
    assert await send([]) == {"accepted": 0, "duplicate": 0, "rejected": []}


async def test_an_event_that_is_superseded_counts_as_duplicate(send: Send) -> None:
    run_id = str(new_id())
    earlier, later = run_event(run_id, status="failed"), run_event(run_id, status="completed")
    assert (await send([later]))["accepted"] == 1
    assert await send([earlier]) == {"accepted": 0, "duplicate": 1, "rejected": []}


async def test_the_later_made_event_wins_whichever_comes_first(send: Send, db: asyncpg.Connection) -> None:
    run_id = str(new_id())
    first = run_event(run_id, status="running", pipeline="train", name="first")
    second = run_event(run_id, status="running", pipeline="train", name="second")
    await send([second])
    await send([first])
    assert await db.fetchval("select name from run") == "second"


async def test_a_run_that_runs_is_never_queued_again(send: Send, db: asyncpg.Connection) -> None:
    run_id = str(new_id())
    await send([run_event(run_id, status="running", pipeline="train")])
    await send([run_event(run_id, status="queued", pipeline="train")])
    assert await db.fetchval("select status from run") == "running"


async def test_a_run_that_changes_its_pipeline_is_counted_and_numbered_there(
    send: Send, db: asyncpg.Connection
) -> None:
    run_id = str(new_id())
    await send([run_event(str(new_id()), status="running", pipeline="test")])
    await send([run_event(run_id, status="running", pipeline="train")])
    await send([run_event(run_id, status="completed", pipeline="test")])
    rows = await db.fetch(
        "select p.name, c.status, c.runs from run_count c join pipeline p on p.id = c.pipeline_id where runs <> 0 order by 2"
    )
    assert [tuple(row) for row in rows] == [("test", "completed", 1), ("test", "running", 1)]
    assert await db.fetchval("select number from run where id = $1", run_id) == 2


# ── steps ─────────────────────────────────────────────────────────────────────────────────────────
async def test_a_step_shows_its_newest_attempt(send: Send, db: asyncpg.Connection) -> None:
    run_id = str(new_id())
    events = [
        event("step", {"step": "fit", "attempt": attempt, **body}, run_id=run_id)
        for attempt, body in (
            (1, {"status": "running", "started_at": at(1)}),
            (1, {"status": "failed", "ended_at": at(2), "failure": {"type": "ValueError"}}),
            (2, {"status": "running", "started_at": at(3)}),
        )
    ]
    for one in reversed(events):
        await send([one])
    row = await db.fetchrow("select attempt, status, ended_at from step")
    assert tuple(row) == (2, "running", None)
    rows = await db.fetch("select attempt, status, failure is null from step_attempt order by attempt")
    assert [tuple(row) for row in rows] == [(1, "failed", False), (2, "running", True)]


async def test_a_later_attempt_keeps_what_was_said_of_the_step(send: Send, db: asyncpg.Connection) -> None:
    run_id = str(new_id())
    said = {"step": "fit", "status": "running", "parameters": {"lr": 0.1}, "cache_key": digest("key")}
    await send([event("step", said, run_id=run_id)])
    await send([event("step", {"step": "fit", "status": "completed", "attempt": 2}, run_id=run_id)])
    row = await db.fetchrow("select parameters, cache_key, status from step")
    assert (bytes(row[0]), row[1].hex(), row[2]) == (b'{"lr": 0.1}', digest("key"), "completed")


async def test_a_thousand_steps_arrive_in_one_request(send: Send, db: asyncpg.Connection) -> None:
    run_id = str(new_id())
    events = [event("step", {"step": f"step_{n}", "status": "completed"}, run_id=run_id) for n in range(1000)]
    assert (await send(events))["accepted"] == 1000
    assert (
        await db.fetchval(
            "select count(*) from step s join step_attempt a on a.run_id = s.run_id and a.step = s.key"
        )
        == 1000
    )


# ── metadata ──────────────────────────────────────────────────────────────────────────────────────
async def test_values_are_kept_by_kind_and_shown_as_they_were(
    send: Send, db: asyncpg.Connection, api: httpx.AsyncClient
) -> None:
    run_id = str(new_id())
    values = {
        "metrics": {"f1": 0.9, "best": {"epoch": 3}},
        "ok": True,
        "loss": "NaN",
        "rate": "-Infinity",
        "when": "2026-11-01T12:00:00+01:00",
        "name": "é" * 2000,
        "tiny": 5e-310,
        "huge": 1e300,
        "long": 2**62 + 1,
        "classes": ["a", "b"],
        "nothing": None,
    }
    await send(
        [
            run_event(run_id, status="running", pipeline="train"),
            event("metadata", {"values": values}, run_id=run_id),
        ]
    )
    rows = await db.fetch(
        "select k.name, m.kind, m.num, m.text from run_metadata m join metadata_key k on k.id = m.key_id"
    )
    found = {row["name"]: tuple(row)[1:] for row in rows}
    assert str(found.pop("loss")) == "('number', nan, None)"
    assert found == {
        "metrics.f1": ("number", 0.9, None),
        "metrics.best.epoch": ("number", 3.0, None),
        "ok": ("bool", 1.0, "true"),
        "rate": ("number", float("-inf"), None),
        "when": ("instant", 1793530800.0, "2026-11-01T12:00:00+01:00"),
        "name": ("text", None, "é" * 500),
        "tiny": ("number", 5e-310, None),
        "huge": ("number", 1e300, None),
        "long": ("number", float(2**62), None),
        "classes": ("json", None, None),
        "nothing": ("json", None, None),
    }
    shown = (await api.get(f"{PROJECT}/runs/{run_id}")).json()["metadata"]
    shown["huge"] = float(shown["huge"])  # jsonb writes out all its zeros
    assert shown == {"metrics.f1": 0.9, "metrics.best.epoch": 3} | {
        key: value for key, value in values.items() if key != "metrics"
    }


async def test_the_history_of_a_name_keeps_every_value(send: Send, db: asyncpg.Connection) -> None:
    run_id = str(new_id())
    for n in (1, 2, 3):
        await send([event("metadata", {"values": {"loss": n}}, run_id=run_id)])
    rows = await db.fetch("select value from metadata_history order by event_id")
    assert [bytes(row[0]) for row in rows] == [b"1", b"2", b"3"]
    assert await db.fetchval("select num from run_metadata") == 3


# ── what watchers hear ────────────────────────────────────────────────────────────────────────────
async def fetch_news(db: asyncpg.Connection) -> list[tuple[str, Any]]:
    rows = await db.fetch("delete from event returning id, kind, body")
    return [
        (row["kind"], msgspec.json.decode(row["body"])) for row in sorted(rows, key=lambda one: one["id"])
    ]


async def test_each_change_is_announced_once_a_request(send: Send, db: asyncpg.Connection) -> None:
    run_id = str(new_id())
    lines = [{"at": at(1), "text": "x"}] * 3
    events = [
        run_event(run_id, status="running", pipeline="train"),
        event("step", {"step": "fit", "status": "running"}, run_id=run_id),
        event("step", {"step": "fit", "status": "failed"}, run_id=run_id),
        event("log", {"step": "fit", "first_line": 1, "lines": lines}, run_id=run_id),
        event("log", {"step": "fit", "first_line": 4, "lines": lines}, run_id=run_id),
        event("metadata", {"values": {"a": 1}}, run_id=run_id),
        event("metadata", {"values": {"b": 1}}, run_id=run_id),
        run_event(run_id, status="failed"),
    ]
    await send(events)
    assert await fetch_news(db) == [
        ("run", {"status": "failed", "pipeline": "train"}),
        ("step", {"step": "fit", "status": "failed"}),
        ("log", {"step": "fit", "total": 6}),
        ("metadata", {"step": ""}),
    ]
    await send(events)
    assert await fetch_news(db) == []


async def test_many_steps_of_one_run_are_announced_as_one(send: Send, db: asyncpg.Connection) -> None:
    run_id = str(new_id())
    await send([event("step", {"step": f"step_{n}", "status": "running"}, run_id=run_id) for n in range(101)])
    assert await fetch_news(db) == [("step", {"step": None, "status": None, "count": 101})]


async def test_what_a_whole_report_announces(send: Send, db: asyncpg.Connection) -> None:
    await send(report_run())
    kinds = [kind for kind, _ in await fetch_news(db)]
    assert set(kinds) == {"snapshot", "run", "step", "log", "metadata", "artifact_version", "model_version"}


# ── contents ──────────────────────────────────────────────────────────────────────────────────────
CONTENT = b"0123456789" * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()
PATH = f"{PROJECT}/blobs/{DIGEST}"


async def test_a_content_is_new_once_and_read_back(api: httpx.AsyncClient) -> None:
    first, second = await api.put(PATH, content=CONTENT), await api.put(PATH, content=CONTENT)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json() == {"sha256": DIGEST, "size_bytes": len(CONTENT)}
    found = await api.get(PATH)
    assert found.content == CONTENT
    assert found.headers["etag"] == f'"{DIGEST}"'
    assert "immutable" in found.headers["cache-control"]


async def test_an_empty_content_is_one_too(api: httpx.AsyncClient) -> None:
    path = f"{PROJECT}/blobs/{hashlib.sha256(b'').hexdigest()}"
    assert (await api.put(path, content=b"")).status_code == 201
    found = await api.get(path)
    assert (found.status_code, found.content) == (200, b"")


async def test_a_content_is_never_shown_as_a_page(api: httpx.AsyncClient) -> None:
    await api.put(PATH, content=CONTENT)
    headers = (await api.get(PATH)).headers
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"].startswith("attachment")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("sandbox;")


@pytest.mark.parametrize(
    ("asked", "status", "content", "said"),
    [
        ("bytes=0-9", 206, CONTENT[:10], "bytes 0-9/10000"),
        ("bytes=9990-", 206, CONTENT[-10:], "bytes 9990-9999/10000"),
        ("bytes=-5", 206, CONTENT[-5:], "bytes 9995-9999/10000"),
        ("bytes=-99999", 206, CONTENT, "bytes 0-9999/10000"),
        ("bytes=5-99999", 206, CONTENT[5:], "bytes 5-9999/10000"),
        ("bytes=10000-", 416, b"", "bytes */10000"),
        ("bytes=-0", 416, b"", "bytes */10000"),
        ("bytes=9-5", 200, CONTENT, None),
        ("bytes=0-1,5-6", 200, CONTENT, None),
        ("lines=1-2", 200, CONTENT, None),
        ("bytes=-", 200, CONTENT, None),
    ],
)
async def test_one_part_of_a_content_can_be_read(
    api: httpx.AsyncClient, asked: str, status: int, content: bytes, said: str | None
) -> None:
    await api.put(PATH, content=CONTENT)
    found = await api.get(PATH, headers={"range": asked})
    assert (found.status_code, found.content, found.headers.get("content-range")) == (status, content, said)


async def test_a_part_is_the_whole_when_the_content_is_another_than_expected(api: httpx.AsyncClient) -> None:
    await api.put(PATH, content=CONTENT)
    found = await api.get(PATH, headers={"range": "bytes=0-9", "if-range": '"other"'})
    assert (found.status_code, found.content) == (200, CONTENT)


async def test_head_says_how_large_a_content_is(api: httpx.AsyncClient) -> None:
    assert (await api.head(PATH)).status_code == 404
    await api.put(PATH, content=CONTENT)
    found = await api.head(PATH)
    assert (found.status_code, found.content, found.headers["content-length"]) == (
        200,
        b"",
        str(len(CONTENT)),
    )


async def test_a_known_content_is_not_sent_again(api: httpx.AsyncClient) -> None:
    await api.put(PATH, content=CONTENT)
    found = await api.get(PATH, headers={"if-none-match": f'"{DIGEST}"'})
    assert (found.status_code, found.content) == (304, b"")


async def test_a_client_learns_which_contents_are_missing(api: httpx.AsyncClient) -> None:
    await api.put(PATH, content=CONTENT)
    answer = await api.post(f"{PROJECT}/blobs/missing", json={"sha256": [DIGEST, digest("other")]})
    assert (answer.status_code, answer.json()) == (200, {"missing": [digest("other")]})
    assert (await api.post(f"{PROJECT}/blobs/missing", json={"sha256": ["x"]})).status_code == 422


async def test_a_content_of_another_project_is_unknown_until_it_is_sent(
    api: httpx.AsyncClient, other_project: str
) -> None:
    theirs = PATH.replace("default", other_project)
    await api.put(PATH, content=CONTENT)
    assert (await api.get(theirs)).status_code == (await api.head(theirs)).status_code == 404
    answer = await api.post(f"/api/v1/projects/{other_project}/blobs/missing", json={"sha256": [DIGEST]})
    assert answer.json() == {"missing": [DIGEST]}
    assert (await api.put(theirs, content=b"only the name is known")).status_code == 422
    assert (await api.get(theirs)).status_code == 404
    assert (await api.put(theirs, content=CONTENT)).status_code == 201
    assert (await api.get(theirs)).content == CONTENT
