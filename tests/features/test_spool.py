"""While the server is away, what pipelines report waits on disk. It arrives later, once, from this process or the next."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.bench.server import free_port
from tests.conftest import RunningServer

from vitrine import pipeline, step
from vitrine.client import Client
from vitrine.errors import ServerUnreachable
from vitrine.sdk.reporting import close_reporters, open_reporter, replay_spool
from vitrine.sdk.spool import Journal, JournalTaken, create_journal, take_orphans

PROGRAM = """
from vitrine import pipeline, step
@step
def work(number: int) -> dict[str, int]:
    print("working")
    return {"number": number}
@pipeline(enable_cache=False)
def offline():
    for number in range(3):
        work(number)
print("run", offline().id)
"""
LATER = "from vitrine.sdk.reporting import replay_spool; print('all' if replay_spool() else 'not all')"


@step
def work(number: int) -> dict[str, int]:
    print("working")
    return {"number": number}


@pipeline(enable_cache=False)
def offline() -> None:
    for number in range(3):
        work(number)


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An address where no server is yet."""
    url = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("VITRINE_URL", url)
    monkeypatch.setenv("VITRINE_TOKEN", "vit_none")
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path))
    yield url
    close_reporters()


def list_waiting(folder: Path) -> list[str]:
    return sorted(
        path.suffix for path in folder.rglob("spool/**/*") if path.suffix in (".events", ".artifacts")
    )


def run_program(program: str, server: str, token: str, folder: Path) -> str:
    environment = {
        **os.environ,
        "VITRINE_URL": server,
        "VITRINE_TOKEN": token,
        "VITRINE_DATA_DIR": str(folder),
    }
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout + done.stderr


def test_a_pipeline_runs_unhurt_while_the_server_is_away(away: str, tmp_path: Path) -> None:
    run = offline()

    assert run.status == "completed"
    with pytest.raises(ServerUnreachable):
        run.steps  # noqa: B018  asking is the point
    close_reporters()
    assert list_waiting(tmp_path) == [".artifacts", ".events"]


def test_a_spooled_run_arrives_once_it_is_back_from_the_same_process(
    away: str, monkeypatch: pytest.MonkeyPatch, start_server: Callable[..., RunningServer], tmp_path: Path
) -> None:
    run = offline()
    assert not open_reporter().flush(1.0)

    server = start_server(port=int(away.rsplit(":", 1)[1]))
    monkeypatch.setenv("VITRINE_TOKEN", server.token)
    assert open_reporter().flush(10.0)

    check_arrived(server, str(run.id))
    close_reporters()
    assert list_waiting(tmp_path) == []
    assert list((tmp_path / "spool").rglob("blobs/*")) == []
    server.stop()


def test_a_spooled_run_is_sent_once_by_the_next_process(
    running_server: RunningServer, tmp_path: Path
) -> None:
    # the journal is for the address that the program was told, so the program is told the right one, with a wrong token
    said = run_program(PROGRAM, running_server.url, "vit_wrong", tmp_path)
    assert "refuses what this program reports" in said
    assert list_waiting(tmp_path) == [".artifacts", ".events"]

    assert "all" in run_program(LATER, running_server.url, running_server.token, tmp_path)

    assert list_waiting(tmp_path) == []
    check_arrived(running_server, find_run(said))


def test_what_a_killed_program_recorded_is_sent_by_the_next_one(
    running_server: RunningServer, tmp_path: Path
) -> None:
    killed = """
import os
from vitrine import pipeline, step
@step
def vanish() -> int:
    print("last words", flush=True)
    os._exit(9)
@pipeline(enable_cache=False)
def vanishing():
    vanish()
import vitrine.sdk.running
first = vitrine.sdk.running.Run.execute
def execute(run):
    print("run", run.id, flush=True)
    return first(run)
vitrine.sdk.running.Run.execute = execute
vanishing()
"""
    environment = {
        **os.environ,
        "VITRINE_URL": running_server.url,
        "VITRINE_TOKEN": "vit_wrong",
        "VITRINE_DATA_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", killed], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 9

    assert "all" in run_program(LATER, running_server.url, running_server.token, tmp_path)

    answer = httpx.get(
        f"{running_server.api}/runs/{find_run(done.stdout)}/steps", headers=running_server.headers
    )
    assert [(one["key"], one["status"]) for one in answer.json()["items"]] == [("vanish", "running")]


def find_run(said: str) -> str:
    return next(line.split()[1] for line in said.splitlines() if line.startswith("run "))


def check_arrived(server: RunningServer, run_id: str) -> None:
    """The run is there with three steps, one line each, and what they wrote."""

    def get(path: str) -> Any:
        answer = httpx.get(f"{server.api}{path}", headers=server.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert get(f"/runs/{run_id}")["status"] == "completed"
    steps = get(f"/runs/{run_id}/steps")["items"]
    assert [(one["key"], one["status"]) for one in steps] == [
        (key, "completed") for key in ("work", "work_2", "work_3")
    ]
    assert get(f"/runs/{run_id}/steps/work/logs")["total"] == 1
    output = get(f"/runs/{run_id}/steps/work_3")["outputs"][0]
    assert not output["is_missing"]
    content = httpx.get(
        f"{server.api}/artifact-versions/{output['artifact_version_id']}/content", headers=server.headers
    )
    assert content.status_code == 200


def test_events_that_were_sent_before_are_no_news(sdk: RunningServer, tmp_path: Path) -> None:
    run = offline()
    journal = next((tmp_path / "spool").rglob("*.events"))
    assert open_reporter().flush(10.0)
    copy = journal.read_bytes()
    close_reporters()

    for name in ("again", "and-again"):
        (journal.parent / f"{name}.events").write_bytes(copy)
        assert replay_spool()
        close_reporters()

    check_arrived(sdk, str(run.id))
    assert Client().list_pipeline_runs(pipeline_name="offline", filter=f"name = '{run.name}'").total == 1


# ── journals ──────────────────────────────────────────────────────────────────────────────────────
def test_a_journal_gives_back_what_was_appended_in_order(tmp_path: Path) -> None:
    journal = create_journal(tmp_path, "events")
    for number in range(5):
        journal.append(b'{"n":%d}' % number)

    first = journal.read(events=3)
    journal.acknowledge(first.end)
    second = journal.read()

    assert first.events == [b'{"n":0}', b'{"n":1}', b'{"n":2}']
    assert second.events == [b'{"n":3}', b'{"n":4}']
    journal.acknowledge(second.end)
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_an_event_larger_than_a_piece_comes_alone(tmp_path: Path) -> None:
    journal = create_journal(tmp_path, "events")
    journal.append(b"x" * 5_000)
    journal.append(b"y")

    assert [len(one) for one in journal.read(size_bytes=1_000).events] == [5_000]


def test_a_line_torn_by_a_crash_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "crashed.events").write_bytes(b'{"n":1}\n{"n":')

    (journal,) = take_orphans(tmp_path, "events")
    piece = journal.read()
    assert piece.events == [b'{"n":1}']
    journal.acknowledge(piece.end)
    rest = journal.read()
    journal.acknowledge(rest.end)
    journal.close()
    assert rest.events == []
    assert list(tmp_path.iterdir()) == []


def test_a_journal_in_use_is_nobodys_orphan(tmp_path: Path) -> None:
    journal = create_journal(tmp_path, "events")
    journal.append(b"{}")

    assert list(take_orphans(tmp_path, "events")) == []
    with pytest.raises(JournalTaken):
        Journal(journal.path)
    journal.close()
    assert [one.path for one in take_orphans(tmp_path, "events")] == [journal.path]


def test_a_long_lived_journal_does_not_grow_for_ever(tmp_path: Path) -> None:
    journal = create_journal(tmp_path, "events")
    for _ in range(3):
        journal.append(b"x" * 2_000_000)
        journal.acknowledge(journal.read().end)

    assert journal.path.stat().st_size == 0
    assert journal.sent == journal.recorded == 3 * 2_000_001


def test_a_full_spool_warns_drops_logs_and_keeps_the_run(
    away: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VITRINE_SPOOL_LIMIT_MB", "1")

    @step
    def chatter() -> int:
        for _ in range(60):
            print(("x" * 999 + "\n") * 100, end="")
        return 1

    @pipeline(enable_cache=False)
    def chattering() -> None:
        chatter()

    open_reporter().flush(0.5)
    work_first = offline()
    open_reporter().flush(0.5)
    run = chattering()
    close_reporters()

    assert (work_first.status, run.status) == ("completed", "completed")
    assert "is full" in capfd.readouterr().err
    (journal,) = (tmp_path / "spool").rglob("*.events")
    assert journal.stat().st_size < 3_000_000
    assert b'"status":"completed"' in journal.read_bytes().splitlines()[-1]


def test_what_is_half_written_is_not_read(tmp_path: Path) -> None:
    journal = create_journal(tmp_path, "events")
    journal.append(b'{"n":1}')
    journal._file.write(b'{"n":')  # as another thread's append that the kernel has taken half of

    assert journal.read().events == [b'{"n":1}']


def test_a_journal_is_read_anew_after_it_was_compacted(tmp_path: Path) -> None:
    journal = create_journal(tmp_path, "events")
    journal.append(b"x" * 2_000_000)
    journal.acknowledge(journal.read().end)
    journal.append(b"fresh")

    assert journal.read().events == [b"fresh"]
