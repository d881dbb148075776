"""The program `vitrine`, as a person types it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
from tests.conftest import RunningServer
from tests.features.conftest import make_event

from vitrine.ids import new_id


def vitrine(server: RunningServer, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """One command on the machine of that server, with nothing set but the data folder."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("VITRINE_", "DATABASE_"))
    }
    return subprocess.run(
        [sys.executable, "-m", "vitrine.cli", *arguments],
        env={**clean, "VITRINE_DATA_DIR": str(server.data_dir), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def signs_in(server: RunningServer, printed: str) -> bool:
    link = re.search(r"http\S+/auth/link\?code=[\w-]{43}", printed)
    assert link, printed
    answer = httpx.get(link[0], trust_env=False)
    return answer.status_code == 303 and link[0].startswith(server.url)


def test_open_prints_a_link_that_works(running_server: RunningServer) -> None:
    printed = vitrine(running_server, "open")
    assert (printed.returncode, printed.stderr) == (0, "")
    assert len(printed.stdout.splitlines()) == 1
    assert signs_in(running_server, printed.stdout)


def test_a_second_up_says_that_it_runs_and_prints_a_link(running_server: RunningServer) -> None:
    printed = vitrine(running_server, "up", "--port", "0")
    assert printed.returncode == 0
    assert "running already" in printed.stdout
    assert signs_in(running_server, printed.stdout)


def test_a_token_is_alone_on_stdout_and_works(running_server: RunningServer) -> None:
    printed = vitrine(running_server, "token", "create", "nightly", "--role", "viewer", "--expires", "30d")
    assert (printed.returncode, printed.stderr) == (0, "")
    headers = {"authorization": f"Bearer {printed.stdout.removesuffix(chr(10))}"}
    me = httpx.get(f"{running_server.url}/api/v1/me", headers=headers, trust_env=False).json()
    assert (me["name"], me["is_admin"]) == ("admin", False)
    again = vitrine(running_server, "token", "create", "nightly")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == "vitrine: There is a token 'nightly' already: revoke it, or choose another name.\n"


def test_runs_are_listed_for_people_and_for_programs(running_server: RunningServer) -> None:
    run_id = str(new_id())
    opening = {
        "status": "running",
        "pipeline": "train",
        "name": "the first",
        "started_at": "2026-11-21T08:00:00Z",
    }
    closing = {"status": "completed", "ended_at": "2026-11-21T08:01:12Z"}
    events = [make_event("run", opening, run_id=run_id), make_event("run", closing, run_id=run_id)]
    sent = httpx.post(
        f"{running_server.api}/events",
        json={"events": events},
        headers=running_server.headers,
        trust_env=False,
    )
    assert sent.json()["rejected"] == []
    for_people = vitrine(running_server, "run", "list", COLUMNS="80").stdout.splitlines()
    assert for_people[0].split() == ["RUN", "PIPELINE", "STATUS", "STARTED", "TOOK"]
    assert re.fullmatch(r"the first +train +completed +2026-11-21 \d\d:\d\d +1 m 12 s", for_people[1])
    for_programs = json.loads(vitrine(running_server, "run", "list", "--json").stdout)
    assert [one["id"] for one in for_programs] == [run_id]
    assert (
        vitrine(running_server, "run", "list", "--json", "--filter", "status = 'failed'").stdout.strip()
        == "[]"
    )
    assert "train" in vitrine(running_server, "pipeline", "list").stdout
    empty = vitrine(running_server, "artifact", "list")
    assert empty.returncode == 0
    assert "no artifacts" in empty.stderr


def test_a_mistake_is_one_sentence(running_server: RunningServer) -> None:
    port = running_server.url.rpartition(":")[2]
    for arguments, said in (
        (["run", "list", "--filter", "status ="], "Column"),
        (["run", "list", "--project", "nope"], "no project 'nope'"),
        (["up", "--data-dir", "/proc/nowhere"], "/proc/nowhere"),
        (["up", "--data-dir", str(running_server.data_dir / "other"), "--port", port], "in use"),
        (["open", "--data-dir", str(running_server.data_dir / "none")], "vitrine up"),
    ):
        done = vitrine(running_server, *arguments)
        assert done.returncode == 1, arguments
        assert done.stderr.startswith("vitrine: ")
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    away = vitrine(running_server, "run", "list", VITRINE_URL="http://127.0.0.1:9")
    assert (away.returncode, away.stderr.count("\n")) == (1, 1)


def test_everything_is_there_again_after_an_end_and_after_a_power_cut(
    start_server: Callable[..., RunningServer], tmp_path: Path
) -> None:
    first = start_server()
    postmaster = first.data_dir / "postgres" / "postmaster.pid"
    link = vitrine(first, "open").stdout.strip()
    assert postmaster.exists()
    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(20) == 0
    assert not postmaster.exists()  # the last one out stops the database
    assert vitrine(first, "open").returncode == 1

    port = int(first.url.rpartition(":")[2])
    second = start_server(first.data_dir, port=port)
    assert second.token == first.token
    assert httpx.get(link, trust_env=False).status_code == 303
    second.kill()

    third = start_server(first.data_dir, port=port)
    assert third.token == first.token
    assert (
        httpx.get(f"{third.url}/api/v1/me", headers=third.headers, trust_env=False).json()["name"] == "admin"
    )
    third.process.send_signal(signal.SIGINT)
    assert third.process.wait(20) == 0
