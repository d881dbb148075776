"""A server that is killed while it takes events in has lost nothing that it acknowledged, and counts nothing twice."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import httpx
from tests.conftest import RunningServer
from tests.features.reports import Event, at, event

from vitrine.ids import new_id

KILLS = 3
STEPS = 12
LINES = 30
Report = tuple[str, list[Event]]


def make_report() -> Report:
    """A run in one request: all kinds of rows that belong together."""
    run_id = str(new_id())
    lines = [{"at": at(n), "text": f"line {n}"} for n in range(LINES)]
    return run_id, [
        event("run", {"status": "running", "pipeline": "train", "tags": ["crash"]}, run_id=run_id),
        *(event("step", {"step": f"step_{n}", "status": "completed"}, run_id=run_id) for n in range(STEPS)),
        event("log", {"step": "step_0", "first_line": 1, "lines": lines}, run_id=run_id),
        event("metadata", {"values": {"loss": 0.5}}, run_id=run_id),
        event("run", {"status": "completed"}, run_id=run_id),
    ]


class Writer(threading.Thread):
    """Posts reports until the server is away. `acknowledged` are those it had an answer for."""

    def __init__(self, server: RunningServer) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.acknowledged: list[Report] = []
        self.unanswered: list[Report] = []

    def run(self) -> None:
        with httpx.Client(headers=self.server.headers, timeout=30, trust_env=False) as client:
            while True:
                report = make_report()
                try:
                    answer = client.post(f"{self.server.api}/events", json={"events": report[1]})
                except httpx.TransportError:
                    self.unanswered.append(report)
                    return
                assert answer.status_code == 200, answer.text
                self.acknowledged.append(report)


def check_whole(client: httpx.Client, api: str, report: Report) -> int:
    """The run is there with all that belongs to it, once; its number."""
    run_id, events = report
    run = client.get(f"{api}/runs/{run_id}").json()
    assert (run["status"], run["step_counts"], run["metadata"]) == (
        "completed",
        {"completed": STEPS},
        {"loss": 0.5},
    )
    log = client.get(f"{api}/runs/{run_id}/steps/step_0/logs").json()
    assert (log["total"], len(log["lines"])) == (LINES, LINES)
    again = client.post(f"{api}/events", json={"events": events}).json()
    assert again == {"accepted": 0, "duplicate": len(events), "rejected": []}
    return int(run["number"])


def test_a_killed_server_has_lost_nothing_that_it_acknowledged(
    start_server: Callable[..., RunningServer],
) -> None:
    moments = random.Random()
    server = start_server()
    reports: list[Report] = []
    for _ in range(KILLS):
        writers = [Writer(server) for _ in range(3)]
        for writer in writers:
            writer.start()
        while not all(writer.acknowledged for writer in writers):
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.5))
        server.kill()
        for writer in writers:
            writer.join(30)
        server = start_server(server.data_dir)
        with httpx.Client(headers=server.headers, timeout=30, trust_env=False) as client:
            for report in (one for writer in writers for one in writer.unanswered):
                answer = client.post(f"{server.api}/events", json={"events": report[1]}).json()
                # all of it, or nothing of it, was there
                assert answer["accepted"] in (0, len(report[1]))
                reports.append(report)
        reports += [one for writer in writers for one in writer.acknowledged]
    with httpx.Client(headers=server.headers, timeout=30, trust_env=False) as client:
        numbers = [check_whole(client, server.api, report) for report in reports]
        listed = client.get(f"{server.api}/runs", params={"limit": 1}).json()["total"]
    assert sorted(numbers) == list(range(1, len(reports) + 1))
    assert listed == {"count": len(reports), "exact": True}
    server.stop()
