"""Pipelines, their snapshots, and the metadata keys of a project."""

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


async def test_a_pipeline_shows_its_last_runs_oldest_first(
    app: Application, api: httpx.AsyncClient, make_run: MakeRun
) -> None:
    runs = [
        await make_run(
            "train", started_at=BEGIN + timedelta(minutes=n), status="failed" if n == 2 else "completed"
        )
        for n in range(3)
    ]
    await make_run("score")
    async with counted(app) as statements:
        page = await get(api, "/pipelines")
    assert len(statements) == 1
    assert [item["name"] for item in page["items"]] == ["score", "train"]
    assert page["total"] == {"count": 2, "exact": True}
    train = page["items"][1]
    assert (train["runs"], train["failed"], train["snapshots"]) == (3, 1, 1)
    assert [tick["id"] for tick in train["recent"]] == [run.id for run in runs]
    assert [tick["status"] for tick in train["recent"]] == ["completed", "completed", "failed"]
    assert train["recent"][0]["duration_s"] == 2.0
    assert await get(api, "/pipelines/train") == train
    assert await get(api, f"/pipelines/{train['id']}") == train


async def test_pipelines_are_paged_by_name_and_found_by_a_part_of_it(
    api: httpx.AsyncClient, make_run: MakeRun
) -> None:
    for name in ("b_1", "a_1", "c_1", "aX1"):
        await make_run(name)
    first = await get(api, "/pipelines", limit=3)
    second = await get(api, "/pipelines", limit=3, cursor=first["next"])
    assert [item["name"] for item in first["items"] + second["items"]] == sorted(["a_1", "aX1", "b_1", "c_1"])
    assert second["next"] is None
    assert [item["name"] for item in (await get(api, "/pipelines", q="A_"))["items"]] == ["a_1"]
    assert (await api.get(f"{API}/pipelines", params={"cursor": "x"})).status_code == 422
    missing = await api.get(f"{API}/pipelines/nowhere")
    assert (missing.status_code, missing.json()["code"]) == (404, "PipelineNotFound")


async def test_a_pipeline_keeps_its_snapshots(api: httpx.AsyncClient, make_run: MakeRun) -> None:
    first = await make_run("train", steps=("load",))
    second = await make_run("train", steps=("load", "fit"))
    await make_run("train", steps=("load", "fit"))
    page = await get(api, "/pipelines/train/snapshots")
    assert [(one["id"], one["number"], one["steps"], one["runs"]) for one in page["items"]] == [
        (second.snapshot_id, 2, 2, 2),
        (first.snapshot_id, 1, 1, 1),
    ]
    older = await get(
        api,
        "/pipelines/train/snapshots",
        limit=1,
        cursor=(await get(api, "/pipelines/train/snapshots", limit=1))["next"],
    )
    assert [one["number"] for one in older["items"]] == [1]
    detail = await get(api, f"/snapshots/{second.snapshot_id}")
    assert (detail["pipeline"], detail["number"]) == ("train", 2)
    assert [step["key"] for step in detail["spec"]["steps"]] == ["load", "fit"]


async def test_another_projects_pipelines_are_not_there(
    api: httpx.AsyncClient, make_run: MakeRun, other_project: str
) -> None:
    await make_run("secret", project=other_project)
    assert (await get(api, "/pipelines"))["items"] == []
    assert (await api.get(f"{API}/pipelines/secret")).status_code == 404
    assert (await api.get(f"{API}/pipelines/secret/snapshots")).status_code == 404


async def test_the_keys_of_a_project_tell_the_kind_of_their_values(
    api: httpx.AsyncClient, make_run: MakeRun, send: Send, other_project: str
) -> None:
    run = await make_run(
        metadata={
            "accuracy": 0.9,
            "note": "good",
            "is_final": True,
            "trained_at": "2026-11-01T12:00:00Z",
            "grid": [1, 2],
        },
        step_metadata={"fit": {"loss": {"train": 0.1}}},
    )
    version = {"id": str(new_id()), "artifact": "rows", "metadata": {"size": 12}}
    await send([make_event("artifact_version", version, run_id=run.id)])
    await make_run(project=other_project, metadata={"secret": 1})
    keys = {item["name"]: item["kind"] for item in (await get(api, "/metadata/keys"))["items"]}
    assert keys == {
        "accuracy": "number", "note": "text", "is_final": "bool", "trained_at": "instant", "grid": "json",
        "loss.train": "number", "size": "number",
    }  # fmt: skip
    assert [item["name"] for item in (await get(api, "/metadata/keys", q="LOSS"))["items"]] == ["loss.train"]
