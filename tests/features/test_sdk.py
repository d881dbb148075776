"""A pipeline runs, and everything about it can be read back from a real server."""

from __future__ import annotations

import logging
import sys
import time
import zipfile
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from tests.conftest import RunningServer

from vitrine import (
    ArtifactConfig,
    ExternalArtifact,
    Model,
    get_pipeline_context,
    get_step_context,
    log_artifact_metadata,
    log_metadata,
    log_model_metadata,
    pipeline,
    step,
)
from vitrine.client import Client
from vitrine.enums import ArtifactType, ExecutionStatus, VisualizationType
from vitrine.errors import Invalid, NoContext, NotFound
from vitrine.types import CSVString, HTMLString, JSONString, MarkdownString

pytestmark = pytest.mark.usefixtures("sdk")
IRIS = ArtifactConfig(name="iris", version="raw_2023", artifact_type=ArtifactType.STATISTICS, tags=["raw"])


@step
def load(rows: int = 3) -> Annotated[pd.DataFrame, "table"]:
    print(f"loading {rows} rows")
    logging.getLogger("reader").warning("read \x1b[32mwell\x1b[0m")
    sys.stderr.write("half a line")
    sys.stderr.write(", whole\n")
    log_metadata({"rows": rows, "quality": {"missing": np.float32(0.5), "worst": float("inf")}})
    return pd.DataFrame({"x": range(rows), "y": [value * 2.0 for value in range(rows)]})


@step
def fit(
    table: pd.DataFrame, rate: float = 0.5
) -> tuple[Annotated[float, "slope"], Annotated[np.ndarray, "weights"]]:
    time.sleep(0.25)
    return float(table["y"].mean() * rate), np.eye(3)


@pipeline(tags=["nightly"], enable_cache=False)
def measuring(rows: int = 3) -> None:
    fit(load(rows), rate=0.5)


def test_a_run_is_recorded_with_its_steps_and_outputs() -> None:
    run = measuring(4)

    found = Client().get_pipeline_run(run.id)
    assert found.status is ExecutionStatus.COMPLETED
    assert found.name.startswith("measuring-")
    assert found.pipeline.name == "measuring"
    assert list(found.steps) == ["load", "fit"]
    assert (
        found.steps["load"]
        .outputs["table"][0]
        .load()
        .equals(pd.DataFrame({"x": range(4), "y": [0.0, 2, 4, 6]}))
    )
    assert found.steps["fit"].outputs["slope"][0].load() == 1.5
    assert (found.steps["fit"].outputs["weights"][0].load() == np.eye(3)).all()
    assert isinstance(found.output["slope"], UUID)
    assert found.config["tags"] == ["nightly"]
    assert found.parameters == {"rows": 4}
    assert found.tags == ["nightly"]
    assert found.snapshot().pipeline == "measuring"
    assert found.ended_at is not None


def test_the_returned_run_knows_its_name_status_and_address(sdk: RunningServer) -> None:
    run = measuring.with_options(run_name="by hand")()

    assert (run.name, run.status) == ("by hand", "completed")
    assert run.url == f"{sdk.url}/default/runs/{run.id}"
    assert Client().get_pipeline_run("by hand").id == run.id


def test_what_a_step_prints_and_logs_is_its_log_and_still_shown(capsys: pytest.CaptureFixture[str]) -> None:
    run = measuring()

    shown = capsys.readouterr()
    assert "loading 3 rows\n" in shown.out
    assert "half a line, whole\n" in shown.err
    window = run.steps["load"]._server.get(f"/runs/{run.id}/steps/load/logs")
    lines = [(line["n"], line["stream"], line["text"]) for line in window["lines"]]
    assert lines == [
        (1, "stdout", "loading 3 rows"),
        (2, "log", "reader: read \x1b[32mwell\x1b[0m"),
        (3, "stderr", "half a line, whole"),
    ]
    assert "loading 3 rows" in run.steps["load"].logs()


def test_metadata_of_a_step_can_be_read_back_typed() -> None:
    run = measuring(5)

    metadata = run.steps["load"].run_metadata
    assert metadata["rows"].value == 5
    assert metadata["quality.missing"].value == 0.5
    assert metadata["quality.worst"].value == float("inf")
    assert run.run_metadata["load.rows"].value == 5


def test_code_configuration_environment_and_resources_are_recorded() -> None:
    run = measuring()
    client = Client()

    detail: Any = client.get_pipeline_run(run.id).steps["fit"]
    assert detail.code.startswith("@step\ndef fit(")
    assert detail.code_path.endswith("test_sdk.py")
    assert detail.parameters == {"rate": 0.5}
    resources = detail.attempts[0]["resources"]
    assert len(resources["cpu_percent"]) == len(resources["memory_bytes"]) >= 2
    assert resources["memory_bytes"][0] > 10_000_000
    environment = client.get_pipeline_run(run.id).environment
    assert environment["python"] == ".".join(map(str, sys.version_info[:3]))
    assert environment["packages"]["pandas"] == pd.__version__
    assert "argv" not in str(environment)


def test_inputs_name_the_versions_that_a_step_read() -> None:
    run = measuring()

    assert run.steps["fit"].inputs["table"][0].id == run.output["table"]


def test_artifacts_are_numbered_named_and_described() -> None:
    first, second = measuring(3), measuring(7)
    client = Client()

    newest = client.get_artifact_version("table")
    assert newest.id == second.output["table"]
    assert client.get_artifact_version("table", newest.number - 1).id == first.output["table"]
    assert newest.run_metadata["shape"].value == [7, 2]
    assert newest.materializer == "vitrine.materializers.pandas_tables.PandasMaterializer"
    assert newest.run_id == second.id
    assert [one.type for one in newest.visualizations] == [VisualizationType.CSV]
    assert newest.visualizations[0].load().startswith(b"column,count,mean")


def test_the_files_of_a_version_come_as_one_archive(tmp_path: Path) -> None:
    version = Client().get_artifact_version(measuring().output["table"])

    version.download_files(tmp_path / "table.zip")

    assert zipfile.ZipFile(tmp_path / "table.zip").namelist() == ["data.parquet"]
    with pytest.raises(Invalid, match=r"must end in \.zip"):
        version.download_files(tmp_path / "table.tar")
    with pytest.raises(Invalid, match="overwrite=True"):
        version.download_files(tmp_path / "table.zip")


@step
def reports() -> tuple[
    Annotated[HTMLString, "page"],
    Annotated[MarkdownString, "card"],
    Annotated[CSVString, "rows"],
    Annotated[JSONString, "tree"],
]:
    return HTMLString("<h1>Hi</h1>"), MarkdownString("# Hi"), CSVString("a,b\n1,2"), JSONString('{"a": 1}')


def test_special_strings_are_shown_as_what_they_hold() -> None:
    @pipeline
    def reporting() -> None:
        reports()

    run = reporting()

    outputs = run.steps["reports"].outputs
    kinds = {name: versions[0].visualizations[0].type for name, versions in outputs.items()}
    assert kinds == {"page": "html", "card": "markdown", "rows": "csv", "tree": "json"}
    loaded = outputs["page"].load()
    assert type(loaded) is HTMLString
    assert loaded == "<h1>Hi</h1>"


def test_visualizations_and_metadata_can_be_switched_off() -> None:
    @pipeline(enable_artifact_visualization=False, enable_artifact_metadata=False, enable_cache=False)
    def quiet() -> None:
        load()

    version = Client().get_artifact_version(quiet().output["table"])

    assert version.visualizations == []
    assert version.run_metadata == {}


def test_contexts_tell_where_the_code_runs() -> None:
    seen: dict[str, Any] = {}

    @step
    def look() -> None:
        context = get_step_context()
        seen["step"] = (
            context.step_run.name,
            context.step_name,
            context.pipeline.name,
            context.pipeline_run.name,
        )
        seen["model"] = context.model.name if context.model else None

    @pipeline(model=Model("looker"), enable_cache=False)
    def looking() -> None:
        seen["body"] = (get_pipeline_context().name, get_pipeline_context().model.name)  # type: ignore[union-attr]
        look(id="closely")

    run = looking()

    assert seen == {
        "step": ("closely", "closely", "looking", run.name),
        "model": "looker",
        "body": ("looking", "looker"),
    }
    with pytest.raises(NoContext):
        get_step_context()


def test_metadata_go_to_what_they_are_said_of() -> None:
    @step
    def describe() -> tuple[Annotated[int, "count"], Annotated[int, "size"]]:
        log_artifact_metadata({"unit": "rows"}, artifact_name="count")
        log_model_metadata({"accuracy": 0.9})
        return 1, 2

    @pipeline(model=Model("described"), enable_cache=False)
    def describing() -> None:
        log_metadata({"why": "a test"})
        describe()

    run = describing()
    log_metadata({"verdict": "good"}, run_id=run.id)

    found = Client().get_pipeline_run(run.id)
    assert {key: one.value for key, one in found.run_metadata.items()} == {"why": "a test", "verdict": "good"}
    assert found.steps["describe"].outputs["count"][0].run_metadata["unit"].value == "rows"
    assert "unit" not in found.steps["describe"].outputs["size"][0].run_metadata
    assert [one["model"] for one in found.models] == ["described"]


def test_an_artifact_has_the_name_version_type_and_tags_of_its_configuration() -> None:
    @step
    def make() -> Annotated[dict[str, int], IRIS]:
        return {"rows": 150}

    @pipeline(enable_cache=False)
    def versioning() -> None:
        make()

    run = versioning()

    version = Client().get_artifact_version("iris", "raw_2023")
    assert version.id == run.output["iris"]
    assert (version.version, version.type, version.tags) == ("raw_2023", ArtifactType.STATISTICS, ["raw"])
    assert version.load() == {"rows": 150}


def test_lists_of_outputs_external_artifacts_and_found_versions_are_inputs() -> None:
    earlier = Client().get_artifact_version(measuring().output["slope"])
    seen: list[Any] = []

    @step
    def make(value: int) -> int:
        return value

    @step
    def join(parts: list[int], frame: Any, slope: float, *, word: str = "x") -> None:
        seen.extend([parts, frame["a"].tolist(), slope, word])

    @pipeline(enable_cache=False)
    def joining() -> None:
        join([make(1), make(2)], ExternalArtifact(pd.DataFrame({"a": [5]})), earlier, word="y")

    run = joining()

    assert seen == [[1, 2], [5], 1.0, "y"]
    inputs = run.steps["join"].inputs
    assert [version.id for version in inputs["parts"]] == [
        run.steps[key].output.id for key in ("make", "make_2")
    ]
    assert inputs["slope"][0].id == earlier.id
    assert inputs["frame"][0].load()["a"].tolist() == [5]


def test_a_step_gets_values_of_its_own() -> None:
    seen: list[list[int]] = []

    @step
    def make() -> list[int]:
        return [1]

    @step
    def spoil(numbers: list[int]) -> None:
        numbers.append(2)
        seen.append(numbers)

    @pipeline(enable_cache=False)
    def spoiling() -> None:
        numbers = make()
        spoil(numbers)
        spoil(numbers)

    spoiling()

    assert seen == [[1, 2], [1, 2]]


def test_runs_can_be_listed_by_pipeline_status_and_filter() -> None:
    @pipeline(enable_cache=False)
    def listed(rows: int) -> None:
        load(rows)

    runs = [listed(rows) for rows in (1, 2, 3)]
    client = Client()

    page = client.list_pipeline_runs(pipeline_name="listed", size=2)
    assert [run.id for run in page.items] == [runs[2].id, runs[1].id]
    assert [run.id for run in page] == [run.id for run in reversed(runs)]
    assert page.total == 3
    found = client.list_pipeline_runs(pipeline_name="listed", filter="metadata.rows < 2", status="completed")
    assert [run.id for run in found] == [runs[0].id]
    assert "listed" in [one.name for one in client.list_pipelines()]
    assert client.get_pipeline("listed").last_run.id == runs[2].id
    assert client.active_project.slug == "default"
    with pytest.raises(NotFound, match="no run 'nowhere'"):
        client.get_pipeline_run("nowhere")


def test_runs_with_other_parameters_share_a_snapshot() -> None:
    assert measuring(1).snapshot().id == measuring(2).snapshot().id
