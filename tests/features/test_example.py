"""The example pipelines run, and show each kind of report."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import RunningServer

from vitrine.client import Client

PROGRAM = """
from vitrine.examples.digits import train_digits
train_digits("neighbours", components=8, size=3)
try:
    train_digits("neighbours", components=96)
except ValueError as error:
    print("failed:", error)
"""


@pytest.mark.usefixtures("sdk")
def test_the_example_shows_every_kind_of_report_and_a_failure(
    running_server: RunningServer, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=dict(os.environ), capture_output=True, text=True, check=True
    )

    assert "failed: n_components=96 must be between" in done.stdout
    failed, good = Client().list_pipeline_runs(pipeline_name="train_digits", size=2).items
    assert (failed.status, good.status) == ("failed", "completed")
    versions = {name: Client().get_artifact_version(id) for name, id in good.output.items()}
    kinds = {name: [str(one.type) for one in version.visualizations] for name, version in versions.items()}
    assert kinds["evaluation_report"] == ["html"]
    assert kinds["confusion_plot"] == ["image"]
    assert kinds["classification_report"] == ["csv"]
    assert kinds["model_card"] == ["markdown"]
    assert kinds["confusion_matrix"] == ["json"]
    assert good.run_metadata["evaluate.accuracy"].value > 0.9
    states = {key: (str(one.status), one.blocked_by) for key, one in failed.steps.items()}
    assert states["reduce"] == ("failed", None)
    assert states["split"] == ("cached", None)
    assert states["write_report"] == ("skipped", "reduce")


def test_the_reports_of_the_example_fetch_nothing() -> None:
    folder = Path(__file__).parents[2] / "backend/vitrine/examples"
    assert [
        path.name for path in folder.glob("*.py") if "http" in path.read_text().replace("<!doctype html>", "")
    ] == []
