"""The graph of a run and of a snapshot, and the state of its nodes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from tests.features.conftest import MadeRun, Send, make_event
from tests.features.statements import counted

from vitrine.app import Application
from vitrine.ids import new_id

MakeRun = Callable[..., Awaitable[MadeRun]]
API = "/api/v1/projects/default"
BEGIN = datetime(2026, 11, 1, 12, tzinfo=UTC)


async def get(api: httpx.AsyncClient, path: str, **parameters: Any) -> Any:
    answer = await api.get(API + path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def trials(number: int) -> list[dict[str, Any]]:
    """load → `number` trials → choose, each with an output."""
    made = [{"key": "load", "name": "load", "outputs": [{"name": "rows", "artifact": "rows"}]}]
    for n in range(1, number + 1):
        made.append(
            {
                "key": f"trial_{n}",
                "name": "trial",
                "parents": ["load"],
                "inputs": [{"name": "rows", "step": "load", "output": "rows"}],
                "outputs": [{"name": "score", "artifact": f"score_{n}"}],
            }
        )
    inputs = [{"name": f"score_{n}", "step": f"trial_{n}", "output": "score"} for n in range(1, number + 1)]
    parents = [f"trial_{n}" for n in range(1, number + 1)]
    made.append({"key": "choose", "name": "choose", "parents": parents, "inputs": inputs})
    return made


async def start(send: Send, steps: list[dict[str, Any]], *events: dict[str, Any], run_id: str) -> str:
    """A run of these steps; the snapshot's id."""
    snapshot_id = str(new_id())
    opening = {
        "status": "running",
        "pipeline": "sweep",
        "snapshot_id": snapshot_id,
        "started_at": BEGIN.isoformat(),
    }
    snapshot = make_event("snapshot", {"id": snapshot_id, "pipeline": "sweep", "steps": steps})
    await send([snapshot, make_event("run", opening, run_id=run_id), *events])
    return snapshot_id


def step(run_id: str, key: str, status: str, **body: Any) -> dict[str, Any]:
    body = {"step": key, "status": status, "started_at": BEGIN.isoformat(), **body}
    if status in ("completed", "failed", "cached"):
        body.setdefault("ended_at", (BEGIN + timedelta(seconds=2)).isoformat())
    return make_event("step", body, run_id=run_id)


async def test_the_graph_of_a_run_is_that_of_its_snapshot(api: httpx.AsyncClient, send: Send) -> None:
    run_id = str(new_id())
    snapshot_id = await start(send, trials(2), run_id=run_id)
    dag = await get(api, f"/runs/{run_id}/dag")
    assert dag == await get(api, f"/snapshots/{snapshot_id}/dag")
    assert {node["id"] for node in dag["nodes"]} == {
        "step:load", "artifact:load:rows", "step:trial_1", "artifact:trial_1:score", "step:trial_2",
        "artifact:trial_2:score", "step:choose",
    }  # fmt: skip
    assert {"source": "step:load", "target": "artifact:load:rows", "bends": []} in dag["edges"]
    assert dag["groups"] == [{"id": "trial", "name": "trial", "size": 2}]


async def test_a_group_is_collapsed_when_asked(api: httpx.AsyncClient, send: Send) -> None:
    run_id = str(new_id())
    await start(send, trials(3), run_id=run_id)
    dag = await get(api, f"/runs/{run_id}/dag", collapse="trial")
    assert {node["id"] for node in dag["nodes"]} == {
        "step:load", "artifact:load:rows", "group:trial", "artifact:group:trial:score", "step:choose",
    }  # fmt: skip


async def test_the_graph_of_a_snapshot_never_changes_and_is_not_sent_twice(
    api: httpx.AsyncClient, send: Send
) -> None:
    snapshot_id = await start(send, trials(2), run_id=str(new_id()))
    first = await api.get(f"{API}/snapshots/{snapshot_id}/dag")
    assert "immutable" in first.headers["cache-control"]
    assert not first.headers["etag"].startswith("W/")
    again = await api.get(
        f"{API}/snapshots/{snapshot_id}/dag", headers={"if-none-match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    other = await api.get(f"{API}/snapshots/{snapshot_id}/dag", params={"collapse": "trial"})
    assert other.headers["etag"] != first.headers["etag"]


async def test_a_graph_once_drawn_takes_one_statement(
    app: Application, api: httpx.AsyncClient, send: Send
) -> None:
    run_id = str(new_id())
    snapshot_id = await start(send, trials(4), run_id=run_id)
    for path, most in ((f"/runs/{run_id}/dag", 2), (f"/snapshots/{snapshot_id}/dag", 2)):
        async with counted(app) as statements:
            await get(api, path)
        assert len(statements) <= most
        async with counted(app) as statements:
            await get(api, path)
        assert len(statements) == 1
    async with counted(app) as statements:
        await get(api, f"/runs/{run_id}/dag/statuses")
    assert len(statements) <= 3


async def test_what_a_run_read_from_before_it_is_in_its_graph(
    api: httpx.AsyncClient, send: Send, make_run: MakeRun
) -> None:
    earlier = await make_run("prepare")
    version_id, run_id = str(new_id()), str(new_id())
    await send(
        [
            make_event(
                "artifact_version", {"id": version_id, "artifact": "iris", "step": "load"}, run_id=earlier.id
            )
        ]
    )
    snapshot_id = await start(
        send, trials(2), step(run_id, "load", "running", inputs={"raw": [version_id]}), run_id=run_id
    )
    dag = await get(api, f"/runs/{run_id}/dag")
    node = next(node for node in dag["nodes"] if node["id"] == f"artifact:external:{version_id}")
    assert node["name"] == "iris"
    edges = {(edge["source"], edge["target"]) for edge in dag["edges"]}
    assert (node["id"], "step:load") in edges
    drawn = {node["id"] for node in (await get(api, f"/snapshots/{snapshot_id}/dag"))["nodes"]}
    assert node["id"] not in drawn
    status = (await get(api, f"/runs/{run_id}/dag/statuses"))[node["id"]]
    assert (status["artifact_version_id"], status["version"]) == (version_id, 1)


async def test_an_input_that_arrives_before_its_maker_is_no_artifact_from_before(
    api: httpx.AsyncClient, send: Send
) -> None:
    run_id, version_id = str(new_id()), str(new_id())
    await start(
        send, trials(2), step(run_id, "trial_1", "running", inputs={"rows": [version_id]}), run_id=run_id
    )
    ids = {node["id"] for node in (await get(api, f"/runs/{run_id}/dag"))["nodes"]}
    assert f"artifact:external:{version_id}" not in ids


async def test_a_run_without_a_snapshot_is_drawn_from_its_steps(api: httpx.AsyncClient, send: Send) -> None:
    run_id, version_id = str(new_id()), str(new_id())
    await send(
        [
            make_event("run", {"status": "running", "pipeline": "script"}, run_id=run_id),
            step(run_id, "load", "completed", outputs={"rows": [version_id]}),
            make_event("artifact_version", {"id": version_id, "artifact": "table", "step": "load", "output": "rows"}, run_id=run_id),
            step(run_id, "fit", "running", inputs={"rows": [version_id]}),
        ]
    )  # fmt: skip
    dag = await get(api, f"/runs/{run_id}/dag")
    assert {node["id"]: node["name"] for node in dag["nodes"]} == {
        "step:load": "load", "artifact:load:rows": "table", "step:fit": "fit",
    }  # fmt: skip
    assert {(edge["source"], edge["target"]) for edge in dag["edges"]} == {
        ("step:load", "artifact:load:rows"), ("artifact:load:rows", "step:fit"),
    }  # fmt: skip


async def test_statuses_tell_of_steps_artifacts_and_groups(api: httpx.AsyncClient, send: Send) -> None:
    run_id, version_id = str(new_id()), str(new_id())
    await start(
        send,
        trials(3),
        step(run_id, "load", "completed", outputs={"rows": [version_id]}),
        make_event("artifact_version", {"id": version_id, "artifact": "rows", "step": "load", "output": "rows"}, run_id=run_id),
        step(run_id, "trial_1", "failed"),
        step(run_id, "trial_2", "running", attempt=2),
        step(run_id, "choose", "skipped", started_at=None, blocked_by="trial_1"),
        run_id=run_id,
    )  # fmt: skip
    statuses = await get(api, f"/runs/{run_id}/dag/statuses")
    assert statuses["step:load"] == {
        "status": "completed", "started_at": "2026-11-01T12:00:00Z", "ended_at": "2026-11-01T12:00:02Z", "duration_s": 2.0,
    }  # fmt: skip
    assert statuses["artifact:load:rows"] == {
        "status": "completed",
        "artifact_version_id": version_id,
        "version": 1,
    }
    assert statuses["step:trial_2"]["attempt"] == 2
    assert statuses["step:trial_3"] == {"status": "queued"}
    assert statuses["step:choose"] == {"status": "skipped", "blocked_by": "trial_1"}
    group = statuses["group:trial"]
    assert (group["status"], group["counts"]) == ("failed", {"failed": 1, "running": 1, "queued": 1})
    assert "ended_at" not in group
    drawn = {
        node["id"]
        for collapse in ("none", "trial")
        for node in (await get(api, f"/runs/{run_id}/dag", collapse=collapse))["nodes"]
    }
    assert set(statuses) <= drawn


async def test_a_cached_step_says_which_run_it_took_its_outputs_from(
    api: httpx.AsyncClient, send: Send, make_run: MakeRun
) -> None:
    first = await make_run("sweep")
    run_id = str(new_id())
    await start(send, trials(2), step(run_id, "load", "cached", cached_from_run_id=first.id), run_id=run_id)
    assert (await get(api, f"/runs/{run_id}/dag/statuses"))["step:load"]["cached_from"] == 1
    cached = (await get(api, f"/runs/{run_id}/steps"))["items"][0]["cached_from"]
    assert (cached["id"], cached["number"], cached["pipeline"]) == (first.id, 1, "sweep")


async def test_a_snapshot_of_another_project_answers_like_one_that_does_not_exist(
    api: httpx.AsyncClient, make_run: MakeRun, other_project: str
) -> None:
    foreign = await make_run(project=other_project)
    unknown_id = str(new_id())
    for path in ("", "/dag"):
        theirs = await api.get(f"{API}/snapshots/{foreign.snapshot_id}{path}")
        unknown = await api.get(f"{API}/snapshots/{unknown_id}{path}")
        assert theirs.status_code == unknown.status_code == 404
        assert theirs.text.replace(foreign.snapshot_id, "") == unknown.text.replace(unknown_id, "")
