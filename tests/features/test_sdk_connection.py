"""A program finds its server by itself on one machine, and by three variables anywhere else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import RunningServer

from vitrine.client import Client
from vitrine.errors import NotSignedIn, ServerUnreachable
from vitrine.sdk.connection import find_connection

PROGRAM = """
from vitrine import pipeline, step
@step
def work() -> int:
    return 1
@pipeline
def found_by_itself():
    work()
found_by_itself()
"""


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data directory, and none of the variables."""
    for name in ("VITRINE_URL", "VITRINE_TOKEN", "VITRINE_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path))
    return tmp_path


def write_client_file(folder: Path) -> None:
    (folder / "client.json").write_text(
        json.dumps({"url": "http://127.0.0.1:8237", "token": "vit_local", "project": "mine"})
    )


def test_a_program_beside_a_running_server_needs_no_configuration(running_server: RunningServer) -> None:
    environment = {**os.environ, "VITRINE_DATA_DIR": str(running_server.data_dir)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )

    lines = [line for line in done.stderr.splitlines() if line.startswith("vitrine:")]
    assert len(lines) == 1
    assert lines[0].startswith("vitrine: run found_by_itself-")
    assert f"{running_server.url}/default/runs/" in lines[0]


def test_the_environment_wins_over_the_file(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_client_file(data_dir)
    assert find_connection() == ("http://127.0.0.1:8237", "vit_local", "mine", "local")

    monkeypatch.setenv("VITRINE_PROJECT", "other")
    assert find_connection().project == "other"


def test_the_token_of_the_file_is_never_sent_to_another_server(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_client_file(data_dir)
    monkeypatch.setenv("VITRINE_URL", "https://ml.example.com/")

    assert find_connection() == ("https://ml.example.com", None, "default", "ml.example.com")


def test_without_any_server_asking_says_what_to_do() -> None:
    with pytest.raises(ServerUnreachable, match="VITRINE_URL is not set"):
        Client().list_pipelines()


def test_a_wrong_token_is_told_as_such(
    running_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITRINE_URL", running_server.url)
    monkeypatch.setenv("VITRINE_TOKEN", "vit_wrong")

    with pytest.raises(NotSignedIn, match="valid token"):
        Client().list_pipelines()
