"""Artifacts, their versions, what they hold, where they came from and where they went."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from tests.features.conftest import MadeRun, Send, make_event
from tests.features.statements import counted
from tests.features.uploads import make_version

from vitrine.app import Application
from vitrine.ids import new_id

MakeRun = Callable[..., Awaitable[MadeRun]]
API = "/api/v1/projects/default"


async def get(api: httpx.AsyncClient, path: str, **parameters: Any) -> Any:
    answer = await api.get(API + path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_artifact_shows_its_newest_version(
    app: Application, api: httpx.AsyncClient, send: Send, make_run: MakeRun
) -> None:
    run = await make_run()
    await make_version(api, send, artifact="model", type="data", files={"a": b"1"})
    newest, _ = await make_version(
        api, send, artifact="model", type="model", data_type="sklearn.SVC", version="best", files={"a": b"123"},
        run_id=run.id, step="fit", output="output", tags=["x"],
    )  # fmt: skip
    async with counted(app) as statements:
        page = await get(api, "/artifacts")
    assert len(statements) <= 2
    (item,) = page["items"]
    assert (item["name"], item["type"], item["data_type"], item["versions"], item["size_bytes"]) == (
        "model", "model", "sklearn.SVC", 2, 3,
    )  # fmt: skip
    assert (item["latest"]["id"], item["latest"]["number"], item["latest"]["name"]) == (newest, 2, "best")
    assert item["produced_by"]["id"] == run.id


async def test_artifacts_are_paged_filtered_and_searched(api: httpx.AsyncClient, send: Send) -> None:
    for name, type_ in (("iris_raw", "data"), ("iris_model", "model"), ("houses", "data")):
        await make_version(api, send, artifact=name, type=type_)
    first = await get(api, "/artifacts", limit=2)
    second = await get(api, "/artifacts", limit=2, cursor=first["next"])
    assert {item["name"] for item in first["items"] + second["items"]} == {"iris_raw", "iris_model", "houses"}
    assert first["total"] == {"count": 3, "exact": True}
    assert [one["name"] for one in (await get(api, "/artifacts", q="IRIS_", sort="name"))["items"]] == [
        "iris_model",
        "iris_raw",
    ]
    assert [one["name"] for one in (await get(api, "/artifacts", filter="type = 'model'"))["items"]] == [
        "iris_model"
    ]
    both = await get(api, "/artifacts", filter="type = 'data'", q="iris")
    assert [one["name"] for one in both["items"]] == ["iris_raw"]
    assert (await api.get(f"{API}/artifacts", params={"filter": "status = 'x'"})).status_code == 422


async def test_a_version_is_found_by_number_name_id_or_as_the_latest(
    api: httpx.AsyncClient, send: Send
) -> None:
    first, _ = await make_version(api, send, artifact="iris", version="raw_2023")
    second, _ = await make_version(api, send, artifact="iris")
    for name, id_ in (("1", first), ("raw_2023", first), (first, first), ("2", second), ("latest", second)):
        assert (await get(api, f"/artifacts/iris/versions/{name}"))["id"] == id_, name
    versions = await get(api, "/artifacts/iris/versions", limit=1)
    assert ([one["number"] for one in versions["items"]], versions["total"]["count"]) == ([2], 2)
    older = await get(api, "/artifacts/iris/versions", limit=1, cursor=versions["next"])
    assert ([one["name"] for one in older["items"]], older["next"]) == (["raw_2023"], None)
    for missing in ("3", "raw", str(new_id()), "99999999999"):
        answer = await api.get(f"{API}/artifacts/iris/versions/{missing}")
        assert (answer.status_code, answer.json()["code"]) == (404, "ArtifactVersionNotFound")
    assert (await api.get(f"{API}/artifacts/nowhere/versions")).json()["code"] == "ArtifactNotFound"


async def test_a_version_tells_its_files_metadata_visualizations_and_uses(
    app: Application, api: httpx.AsyncClient, send: Send, make_run: MakeRun
) -> None:
    run = await make_run()
    version_id, (shown,) = await make_version(
        api, send, artifact="iris", files={"data.parquet": b"PAR1", "notes/a.txt": b"hello"}, visualizations=[("html", b"<p>")],
        run_id=run.id, step="load", output="output", metadata={"rows": 150}, tags=["gold"], materializer="PandasMaterializer",
    )  # fmt: skip
    user = await make_run("score", step={"load": {"inputs": {"table": [version_id]}}})
    async with counted(app) as statements:
        found = await get(api, f"/artifact-versions/{version_id}")
    assert len(statements) <= 3
    assert (found["artifact"], found["number"], found["newest_number"]) == ("iris", 1, 1)
    assert found["metadata"] == {"rows": 150}
    assert found["tags"] == ["gold"]
    assert found["user"] == "admin"
    assert [(file["path"], file["size_bytes"]) for file in found["files"]] == [
        ("data.parquet", 4),
        ("notes/a.txt", 5),
    ]
    assert found["visualizations"] == [{"id": shown, "kind": "html", "name": "", "size_bytes": 3}]
    assert (found["produced_by"]["id"], found["produced_by_step"], found["output"]) == (
        run.id,
        "load",
        "output",
    )
    assert [(use["run"]["id"], use["step"], use["input"]) for use in found["used_by"]] == [
        (user.id, "load", "table")
    ]
    assert found["has_table"] is True


async def test_a_version_that_is_only_spoken_of_is_not_there_yet(
    api: httpx.AsyncClient, make_run: MakeRun
) -> None:
    early = str(new_id())
    await make_run(step={"load": {"inputs": {"table": [early]}}})
    assert (await api.get(f"{API}/artifact-versions/{early}")).status_code == 404
    assert (await get(api, "/artifacts"))["items"] == []


async def test_the_content_is_a_zip_of_all_files(api: httpx.AsyncClient, send: Send) -> None:
    large = bytes(range(256)) * 8_192
    version_id, _ = await make_version(
        api, send, artifact="iris", files={"data/a.bin": large, "b.txt": b"hello"}
    )
    answer = await api.get(f"{API}/artifact-versions/{version_id}/content")
    assert answer.status_code == 200
    assert "iris-1.zip" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["data/a.bin", "b.txt"]
        assert archive.read("data/a.bin") == large


async def test_knowing_a_digest_gives_no_right_to_its_content(
    api: httpx.AsyncClient, send: Send, other_project: str
) -> None:
    """CVE-2023-36826: whoever knows the digest of another project's content names it in a version of one's own."""
    secret = b"theirs alone"
    await make_version(
        api, send, project=other_project, files={"secret.txt": secret}, visualizations=[("html", secret)]
    )
    digest = hashlib.sha256(secret).hexdigest()
    version_id, shown = str(new_id()), str(new_id())
    stored = {"sha256": digest, "size_bytes": len(secret)}
    told = {
        "id": version_id, "artifact": "mine", "files": [{"path": "data.parquet", **stored}],
        "visualizations": [{"id": shown, "kind": "html", **stored}],
    }  # fmt: skip
    answer = await api.post(f"{API}/events", json={"events": [make_event("artifact_version", told)]})
    assert answer.status_code == 200
    for path in (
        f"/artifact-versions/{version_id}/content",
        f"/artifact-versions/{version_id}/table",
        f"/visualizations/{shown}/content",
    ):
        answer = await api.get(API + path)
        assert answer.status_code == 404
        assert secret not in answer.content


async def test_lineage_goes_back_to_what_made_a_version_and_on_to_what_used_it(
    app: Application, api: httpx.AsyncClient, send: Send, make_run: MakeRun
) -> None:
    first = await make_run("prepare", steps=("load",))
    raw, _ = await make_version(api, send, artifact="raw", run_id=first.id, step="load", output="output")
    second = await make_run("train", steps=("fit",), step={"fit": {"inputs": {"rows": [raw]}}})
    model, _ = await make_version(api, send, artifact="model", run_id=second.id, step="fit", output="output")
    third = await make_run("score", steps=("predict",), step={"predict": {"inputs": {"model": [model]}}})
    scores, _ = await make_version(
        api, send, artifact="scores", run_id=third.id, step="predict", output="output"
    )
    async with counted(app) as statements:
        lineage = await get(api, f"/artifact-versions/{model}/lineage")
    assert len(statements) <= 3
    steps = [f"step:{first.id}:load", f"step:{second.id}:fit", f"step:{third.id}:predict"]
    assert {node["id"] for node in lineage["nodes"]} == {raw, model, scores, *steps}
    assert {(edge["source"], edge["target"]) for edge in lineage["edges"]} == {
        (steps[0], raw), (raw, steps[1]), (steps[1], model), (model, steps[2]), (steps[2], scores),
    }  # fmt: skip
    near = await get(api, f"/artifact-versions/{scores}/lineage", depth=1)
    assert {node["id"] for node in near["nodes"]} == {model, steps[2], scores}
    assert (await api.get(f"{API}/artifact-versions/{new_id()}/lineage")).status_code == 404


async def test_another_projects_artifacts_answer_like_those_that_do_not_exist(
    api: httpx.AsyncClient, send: Send, other_project: str
) -> None:
    foreign, (shown,) = await make_version(
        api,
        send,
        artifact="secret",
        project=other_project,
        files={"data.parquet": b"PAR1"},
        visualizations=[("csv", b"a\n1")],
    )
    unknown = str(new_id())
    for path in (
        "artifact-versions/{}",
        "artifact-versions/{}/content",
        "artifact-versions/{}/table",
        "artifact-versions/{}/lineage",
    ):
        theirs, none = (
            await api.get(f"{API}/{path.format(foreign)}"),
            await api.get(f"{API}/{path.format(unknown)}"),
        )
        assert theirs.status_code == none.status_code == 404
        assert theirs.text.replace(foreign, "") == none.text.replace(unknown, "")
    for path in ("visualizations/{}", "visualizations/{}/content", "visualizations/{}/table"):
        theirs, none = (
            await api.get(f"{API}/{path.format(shown)}"),
            await api.get(f"{API}/{path.format(unknown)}"),
        )
        assert theirs.status_code == none.status_code == 404
        assert theirs.text.replace(shown, "") == none.text.replace(unknown, "")
    assert (await get(api, "/artifacts"))["items"] == []
    assert (await api.get(f"{API}/artifacts/secret/versions")).status_code == 404
    assert (await api.get(f"{API}/artifacts/secret/versions/1")).status_code == 404
