"""The run list, a run, its steps; what a person changes of a run by hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
from tests.features.conftest import MadeRun, Send, make_event
from tests.features.statements import counted

from vitrine.app import Application
from vitrine.ids import new_id

MakeRun = Callable[..., Awaitable[MadeRun]]
RUNS = "/api/v1/projects/default/runs"
BEGIN = datetime(2026, 11, 1, 12, tzinfo=UTC)


async def get(api: httpx.AsyncClient, path: str, **parameters: Any) -> Any:
    answer = await api.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def walk(api: httpx.AsyncClient, **parameters: Any) -> list[dict[str, Any]]:
    """All items, page by page."""
    items, cursor = [], None
    while True:
        page = await get(api, RUNS, **parameters, **({"cursor": cursor} if cursor else {}))
        items += page["items"]
        if (cursor := page["next"]) is None:
            return items


# ── the list ──────────────────────────────────────────────────────────────────────────────────────
async def test_the_list_shows_the_newest_run_first(api: httpx.AsyncClient, make_run: MakeRun) -> None:
    old = await make_run("train", started_at=BEGIN, tags=["prod", "night"])
    new = await make_run("score", status="failed", started_at=BEGIN + timedelta(hours=1))
    page = await get(api, RUNS)
    assert [item["id"] for item in page["items"]] == [new.id, old.id]
    assert page["total"] == {"count": 2, "exact": True}
    assert page["next"] is None
    first, second = page["items"]
    assert first["status"] == "failed"
    assert first["pipeline"]["name"] == "score"
    assert first["user"]["name"] == "admin"
    assert first["number"] == 1
    assert first["duration_s"] == 2.0
    assert first["started_at"] == "2026-11-01T13:00:00Z"
    assert second["tags"] == ["night", "prod"]
    assert second["metadata"] == {}


async def test_an_empty_project_has_an_empty_list(api: httpx.AsyncClient) -> None:
    assert await get(api, RUNS) == {"items": [], "next": None, "total": {"count": 0, "exact": True}}


async def test_pages_drop_nothing_and_repeat_nothing(api: httpx.AsyncClient, make_run: MakeRun) -> None:
    made = [await make_run(started_at=BEGIN + timedelta(minutes=n // 3)) for n in range(11)]
    waiting = await make_run(status="queued", run={"started_at": None})
    for sort in (None, "-started_at", "started_at", "name", "-duration_s", "tag", "-metadata.absent"):
        items = await walk(api, limit=3, **({"sort": sort} if sort else {}))
        ids = [item["id"] for item in items]
        assert len(ids) == len(set(ids)), sort
        assert set(ids) == {waiting.id, *(run.id for run in made)}, sort
    assert (await walk(api, limit=3))[-1]["id"] == waiting.id


async def test_runs_that_arrive_meanwhile_shift_no_page(api: httpx.AsyncClient, make_run: MakeRun) -> None:
    made = [await make_run(started_at=BEGIN + timedelta(minutes=n)) for n in range(4)]
    first = await get(api, RUNS, limit=2)
    await make_run(started_at=BEGIN + timedelta(hours=1))
    second = await get(api, RUNS, limit=2, cursor=first["next"])
    assert [item["id"] for item in first["items"] + second["items"]] == [run.id for run in reversed(made)]
    assert second["total"]["count"] == 5


async def test_a_filter_narrows_the_list_and_its_total(api: httpx.AsyncClient, make_run: MakeRun) -> None:
    good = await make_run(metadata={"accuracy": 0.95}, tags=["prod"])
    await make_run(metadata={"accuracy": 0.5}, tags=["prod"])
    await make_run(status="failed")
    page = await get(api, RUNS, filter="metadata.accuracy > 0.9 and tag = 'prod'")
    assert [item["id"] for item in page["items"]] == [good.id]
    assert page["total"] == {"count": 1, "exact": True}
    page = await get(api, RUNS, filter="status = 'completed'", limit=1)
    assert page["total"] == {"count": 2, "exact": True}
    assert (await get(api, RUNS, filter="status = 'completed'", limit=1, cursor=page["next"]))["next"] is None


async def test_the_asked_metadata_come_with_the_runs(api: httpx.AsyncClient, make_run: MakeRun) -> None:
    await make_run(metadata={"accuracy": 0.9}, step_metadata={"fit": {"accuracy": 0.1, "loss": "NaN"}})
    page = await get(api, RUNS, metadata=["accuracy", "loss", "nowhere"])
    assert page["items"][0]["metadata"] == {"accuracy": 0.9, "loss": "NaN"}
    sorted_ = await get(
        api, RUNS, metadata="accuracy", sort="-metadata.accuracy", filter="metadata.accuracy > 0"
    )
    assert sorted_["items"][0]["metadata"] == {"accuracy": 0.9}


async def test_a_wrong_filter_sort_or_cursor_says_what_is_wrong(api: httpx.AsyncClient) -> None:
    wrong = {"filter": "status = ", "sort": "owner.password_hash", "cursor": "bm9wZQ"}
    for name, value in wrong.items():
        answer = await api.get(RUNS, params={name: value})
        assert answer.status_code == 422, answer.text
    answer = await api.get(RUNS, params={"filter": "status = "})
    assert answer.json()["facts"]["position"] == 9
    assert (await api.get(RUNS, params={"limit": 201})).status_code == 422


async def test_a_run_that_only_its_steps_speak_of_is_not_listed(api: httpx.AsyncClient, send: Send) -> None:
    run_id = str(new_id())
    await send([make_event("step", {"step": "load", "status": "running"}, run_id=run_id)])
    assert (await get(api, RUNS))["items"] == []
    assert (await get(api, f"{RUNS}/{run_id}/steps"))["items"][0]["key"] == "load"


async def test_no_page_of_the_list_takes_more_than_three_statements(
    app: Application, api: httpx.AsyncClient, make_run: MakeRun
) -> None:
    for n in range(4):
        await make_run(metadata={"accuracy": n / 4}, tags=["prod"])
    asked: list[tuple[dict[str, Any], int]] = [
        ({"limit": 2}, 1),
        ({"limit": 50}, 2),
        ({"limit": 1, "filter": "metadata.accuracy > 0.1 and tag = 'prod'", "sort": "-metadata.accuracy"}, 3),
        ({"limit": 1, "filter": "status = 'completed'", "metadata": "accuracy"}, 2),
    ]
    for parameters, most in asked:
        async with counted(app) as statements:
            await get(api, RUNS, **parameters)
        assert 1 <= len(statements) <= most, statements


async def test_an_unchanged_list_is_not_sent_again(api: httpx.AsyncClient, make_run: MakeRun) -> None:
    await make_run()
    tag = (await api.get(RUNS)).headers["etag"]
    assert (await api.get(RUNS, headers={"if-none-match": tag})).status_code == 304
    await make_run()
    assert (await api.get(RUNS, headers={"if-none-match": tag})).status_code == 200


# ── one run ───────────────────────────────────────────────────────────────────────────────────────
async def test_a_run_tells_everything_of_itself_in_one_statement(
    app: Application, api: httpx.AsyncClient, make_run: MakeRun
) -> None:
    made = await make_run(
        status="failed",
        steps=("load", "fit"),
        metadata={"accuracy": 0.9},
        step_metadata={"fit": {"loss": 0.1}},
        parameters={"epochs": 3},
        tags=["prod"],
        run={"code_version": "abc", "environment": {"python": "3.11"}},
    )
    async with counted(app) as statements:
        run = await get(api, f"{RUNS}/{made.id}")
    assert len(statements) == 1
    assert run["status"] == "failed"
    assert run["failure"]["type"] == "ValueError"
    assert run["failure"]["step"] == "fit"
    assert run["step_counts"] == {"completed": 1, "failed": 1}
    assert run["metadata"] == {"accuracy": 0.9}
    assert run["step_metadata"] == {"fit": {"loss": 0.1}}
    assert run["parameters"] == {"epochs": 3}
    assert run["environment"] == {"python": "3.11"}
    assert run["code_version"] == "abc"
    assert run["tags"] == ["prod"]
    assert run["snapshot_id"] == made.snapshot_id
    assert run["duration_s"] == 2.0


async def test_a_run_of_another_project_answers_like_one_that_does_not_exist(
    api: httpx.AsyncClient, make_run: MakeRun, other_project: str
) -> None:
    foreign = await make_run(project=other_project)
    paths = ["", "/steps", "/steps/load", "/dag", "/dag/statuses", "/steps/load/logs", "/steps/load/logs.txt"]
    for path in paths:
        theirs = await api.get(f"{RUNS}/{foreign.id}{path}")
        unknown_id = str(new_id())
        unknown = await api.get(f"{RUNS}/{unknown_id}{path}")
        assert theirs.status_code == unknown.status_code == 404, path
        assert theirs.text.replace(foreign.id, "") == unknown.text.replace(unknown_id, ""), path
        assert theirs.json()["code"] == "RunsNotFound"
    assert (await get(api, RUNS))["items"] == []


# ── steps ─────────────────────────────────────────────────────────────────────────────────────────
async def test_steps_come_in_the_order_of_the_snapshot_with_those_to_come_as_queued(
    api: httpx.AsyncClient, send: Send, make_run: MakeRun
) -> None:
    whole = await make_run(steps=("z_first", "a_second", "m_third"))
    opening = whole.events[1]["body"] | {"status": "running"}
    run_id = str(new_id())
    begun = {"step": "z_first", "status": "running", "started_at": BEGIN.isoformat()}
    await send([make_event("run", opening, run_id=run_id), make_event("step", begun, run_id=run_id)])
    steps = (await get(api, f"{RUNS}/{run_id}/steps"))["items"]
    assert [(step["key"], step["status"]) for step in steps] == [
        ("z_first", "running"),
        ("a_second", "queued"),
        ("m_third", "queued"),
    ]
    assert (await get(api, f"{RUNS}/{run_id}"))["step_counts"] == {"running": 1, "queued": 2}
    waiting = await get(api, f"{RUNS}/{run_id}/steps/m_third")
    assert (waiting["status"], waiting["parents"], waiting["attempts"]) == ("queued", ["a_second"], [])
    missing = await api.get(f"{RUNS}/{run_id}/steps/nowhere")
    assert (missing.status_code, missing.json()["code"]) == (404, "StepNotFound")


async def test_a_step_tells_its_code_inputs_outputs_attempts_and_log(
    app: Application, api: httpx.AsyncClient, send: Send
) -> None:
    run_id, snapshot_id, version_id, lost_id = (str(new_id()) for _ in range(4))
    spec = [
        {"key": "load", "name": "load", "outputs": [{"name": "output", "artifact": "rows"}]},
        {
            "key": "fit model+ü",
            "name": "fit",
            "parents": ["load"],
            "inputs": [{"name": "rows", "step": "load", "output": "output"}],
            "code": "def fit(rows): ...",
            "code_path": "train.py",
            "code_line": 12,
            "configuration": {"retry": 2},
        },
    ]
    failure = {
        "type": "OSError",
        "message": "disk",
        "traceback": "…",
        "frames": [{"path": "train.py", "line": 13}],
    }
    lines = [
        {"at": BEGIN.isoformat(), "text": "begin"},
        {"at": BEGIN.isoformat(), "text": "broken", "level": "error"},
        {"at": BEGIN.isoformat(), "text": "worse", "level": "critical"},
    ]
    step = {"step": "fit model+ü", "started_at": BEGIN.isoformat()}
    await send(
        [
            make_event("snapshot", {"id": snapshot_id, "pipeline": "train", "steps": spec}),
            make_event("run", {"status": "running", "pipeline": "train", "snapshot_id": snapshot_id}, run_id=run_id),
            make_event("step", {"step": "load", "status": "completed", "outputs": {"output": [version_id]}}, run_id=run_id),
            make_event("artifact_version", {"id": version_id, "artifact": "rows", "step": "load", "output": "output",
                                            "data_type": "list"}, run_id=run_id),
            make_event("step", {**step, "status": "failed", "ended_at": (BEGIN + timedelta(seconds=3)).isoformat(),
                                "failure": failure, "inputs": {"rows": [version_id], "lost": [lost_id]},
                                "resources": {"interval_s": 1, "cpu_percent": [10.0, 20.0]}}, run_id=run_id),
            make_event("step", {**step, "status": "running", "attempt": 2, "parameters": {"epochs": 3}}, run_id=run_id),
            make_event("log", {"step": "fit model+ü", "attempt": 2, "first_line": 1, "lines": lines}, run_id=run_id),
            make_event("metadata", {"step": "fit model+ü", "values": {"loss": 0.5}}, run_id=run_id),
        ]
    )  # fmt: skip
    async with counted(app) as statements:
        found = await get(api, f"{RUNS}/{run_id}/steps/fit%20model+%C3%BC")
    assert len(statements) <= 3
    assert (found["name"], found["code"], found["code_path"], found["code_line"]) == (
        "fit",
        spec[1]["code"],
        "train.py",
        12,
    )
    assert found["parents"] == ["load"]
    assert found["configuration"] == {"retry": 2}
    assert found["parameters"] == {"epochs": 3}
    assert found["metadata"] == {"loss": 0.5}
    assert (found["attempt"], found["status"]) == (2, "running")
    assert [one["status"] for one in found["attempts"]] == ["failed", "running"]
    assert found["attempts"][0]["failure"]["message"] == "disk"
    assert found["attempts"][0]["duration_s"] == 3.0
    assert found["attempts"][0]["resources"]["cpu_percent"] == [10.0, 20.0]
    assert (found["log_lines"], found["error_lines"]) == (3, 2)
    lost, rows = found["inputs"]
    assert (lost["name"], lost["is_missing"], lost["artifact"]) == ("lost", True, None)
    assert (rows["artifact"], rows["number"], rows["is_missing"]) == ("rows", 1, False)
    assert (rows["produced_by"]["id"], rows["produced_by_step"]) == (run_id, "load")
    made = (await get(api, f"{RUNS}/{run_id}/steps/load"))["outputs"]
    assert [(one["name"], one["artifact_version_id"]) for one in made] == [("output", version_id)]


# ── by hand ───────────────────────────────────────────────────────────────────────────────────────
async def test_a_run_is_renamed_tagged_and_archived_by_hand(
    api: httpx.AsyncClient, make_run: MakeRun, db: Any
) -> None:
    made = await make_run(tags=["old", "kept"])
    change = {
        "name": "the good one",
        "add_tags": ["new", "new"],
        "remove_tags": ["old", "never"],
        "archived": True,
    }
    answer = await api.patch(f"{RUNS}/{made.id}", json=change)
    assert answer.status_code == 200, answer.text
    assert answer.json()["name"] == "the good one"
    assert answer.json()["tags"] == ["kept", "new"]
    assert answer.json()["archived_at"] is not None
    assert await get(api, RUNS) == {"items": [], "next": None, "total": {"count": 0, "exact": True}}
    assert [one["id"] for one in (await get(api, RUNS, archived=True))["items"]] == [made.id]
    kept = await api.patch(f"{RUNS}/{made.id}", json={"archived": False})
    assert (kept.json()["name"], kept.json()["tags"], kept.json()["archived_at"]) == (
        "the good one",
        ["kept", "new"],
        None,
    )
    assert (
        await db.fetchval("select count(*) from audit where object_kind = 'run' and action = 'change'") == 2
    )
    assert await db.fetchval("select count(*) from event where kind = 'run' and run_id = $1", made.id) >= 2


async def test_a_change_that_makes_no_sense_is_refused(api: httpx.AsyncClient, make_run: MakeRun) -> None:
    made = await make_run()
    for body in ({"name": " "}, {"name": "x" * 256}, {"add_tags": [""]}, {"status": "completed"}):
        assert (await api.patch(f"{RUNS}/{made.id}", json=body)).status_code == 422, body
    assert (await api.patch(f"{RUNS}/{new_id()}", json={"name": "x"})).status_code == 404


async def test_deleting_a_run_says_what_went_and_keeps_the_counts_right(
    api: httpx.AsyncClient, make_run: MakeRun, send: Send, db: Any
) -> None:
    gone, stays = await make_run(), await make_run()
    version_id = str(new_id())
    await send(
        [
            make_event("artifact_version", {"id": version_id, "artifact": "rows", "step": "load"}, run_id=gone.id),
            make_event("log", {"step": "load", "first_line": 1, "lines": [{"at": BEGIN.isoformat(), "text": "x"}]}, run_id=gone.id),
        ]
    )  # fmt: skip
    answer = await api.delete(f"{RUNS}/{gone.id}")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "name": gone.name, "number": 1, "pipeline": "train", "steps": 2, "log_lines": 1, "tiles": 0, "artifact_versions_kept": 1,
    }  # fmt: skip
    assert (await api.get(f"{RUNS}/{gone.id}")).status_code == 404
    assert (await get(api, RUNS))["total"]["count"] == 1
    assert (await get(api, "/api/v1/projects/default"))["statuses"] == {"completed": 1}
    assert (await api.get(f"/api/v1/projects/default/artifact-versions/{version_id}")).json()[
        "produced_by"
    ] is None
    facts = await db.fetchval("select facts from audit where action = 'delete' and object_id = $1", gone.id)
    assert msgspec.json.decode(facts)["name"] == gone.name
    assert (await api.get(f"{RUNS}/{stays.id}")).status_code == 200


async def test_whoever_may_only_read_changes_nothing(
    viewer_api: httpx.AsyncClient, api: httpx.AsyncClient, make_run: MakeRun
) -> None:
    made = await make_run()
    assert (await viewer_api.patch(f"{RUNS}/{made.id}", json={"name": "mine"})).status_code == 403
    assert (await viewer_api.delete(f"{RUNS}/{made.id}")).status_code == 403
    assert (await get(viewer_api, f"{RUNS}/{made.id}"))["name"] == made.name


async def test_another_projects_run_cannot_be_changed_through_ones_own(
    api: httpx.AsyncClient, make_run: MakeRun, other_project: str
) -> None:
    foreign = await make_run(project=other_project)
    assert (await api.patch(f"{RUNS}/{foreign.id}", json={"name": "mine"})).status_code == 404
    assert (await api.delete(f"{RUNS}/{foreign.id}")).status_code == 404
    assert (await get(api, f"/api/v1/projects/{other_project}/runs"))["items"][0]["name"] == foreign.name
