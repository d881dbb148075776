"""What the SDK asks before it runs steps: which were done before, with outputs that are still there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from tests.features.conftest import MadeRun, Send, make_event

from vitrine.ids import new_id

MakeRun = Callable[..., Awaitable[MadeRun]]
KEY, OTHER_KEY = "a" * 64, "b" * 64
PATH = "/api/v1/projects/{}/steps/cached"


async def ask(api: httpx.AsyncClient, *keys: str, project: str = "default") -> dict[str, Any]:
    answer = await api.get(PATH.format(project), params={"cache_key": list(keys)})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["found"]
    return found


async def write_output(send: Send, run: MadeRun, version: str) -> None:
    body = {
        "id": version,
        "artifact": "table",
        "data_type": "int",
        "materializer": "m",
        "step": "fit",
        "output": "output",
    }
    await send([make_event("artifact_version", body, run_id=run.id)])


def make_fit(version: str, **changes: Any) -> dict[str, Any]:
    return {"fit": {"cache_key": KEY, "outputs": {"output": [version]}, **changes}}


async def test_a_key_gives_the_newest_step_that_ended_well(
    api: httpx.AsyncClient, send: Send, make_run: MakeRun
) -> None:
    versions = [str(new_id()) for _ in range(2)]
    runs = [
        await make_run(step=make_fit(version), step_metadata={"fit": {"loss": 0.1}}) for version in versions
    ]
    for run, version in zip(runs, versions, strict=True):
        await write_output(send, run, version)

    found = await ask(api, KEY, OTHER_KEY)

    assert list(found) == [KEY]
    assert (found[KEY]["run_id"], found[KEY]["step"]) == (runs[1].id, "fit")
    assert found[KEY]["metadata"] == {"loss": 0.1}
    assert [
        (one["output"], one["artifact_version_id"], one["artifact"]) for one in found[KEY]["outputs"]
    ] == [("output", versions[1], "table")]


async def test_a_step_whose_output_is_gone_is_passed_over(
    api: httpx.AsyncClient, send: Send, make_run: MakeRun
) -> None:
    whole, lost = str(new_id()), str(new_id())
    first = await make_run(step=make_fit(whole))
    await write_output(send, first, whole)
    await make_run(step=make_fit(lost))

    assert (await ask(api, KEY))[KEY]["run_id"] == first.id


async def test_a_failed_step_is_not_offered(api: httpx.AsyncClient, make_run: MakeRun) -> None:
    await make_run(status="failed", step={"fit": {"cache_key": KEY}})

    assert await ask(api, KEY) == {}


async def test_a_step_without_outputs_can_be_taken_over(api: httpx.AsyncClient, make_run: MakeRun) -> None:
    run = await make_run(step={"fit": {"cache_key": KEY}})

    found = (await ask(api, KEY))[KEY]
    assert (found["run_id"], found["outputs"]) == (run.id, [])


async def test_steps_of_another_project_are_not_offered(
    api: httpx.AsyncClient, make_run: MakeRun, other_project: str
) -> None:
    await make_run(step={"fit": {"cache_key": KEY}})

    assert await ask(api, KEY, project=other_project) == {}


async def test_a_key_that_is_none_is_refused(
    api: httpx.AsyncClient, anonymous_api: httpx.AsyncClient
) -> None:
    assert (await api.get(PATH.format("default"), params={"cache_key": "x"})).status_code == 422
    assert (await anonymous_api.get(PATH.format("default"), params={"cache_key": KEY})).status_code == 401
