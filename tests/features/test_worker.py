"""The process that parses what anybody may have written."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator

import pytest

from vitrine.errors import Invalid, NotShowable, Unavailable
from vitrine.jobs.worker import QUEUE_LIMIT, Worker
from vitrine.runs.log_matching import match_lines


@pytest.fixture
def worker() -> Iterator[Worker]:
    started = Worker("tests")
    yield started
    started.stop()


async def test_a_task_that_takes_too_long_is_ended_and_the_next_one_runs(worker: Worker) -> None:
    await worker.run(os.urandom, 1, limit_s=30)
    begin = time.monotonic()
    with pytest.raises(NotShowable, match=r"more than 0\.5 s"):
        await worker.run(time.sleep, 60, limit_s=0.5)
    assert time.monotonic() - begin < 20
    assert len(await worker.run(os.urandom, 3, limit_s=30)) == 3


async def test_a_task_that_breaks_its_process_breaks_nothing_else(worker: Worker) -> None:
    with pytest.raises(NotShowable):
        await worker.run(os.abort, limit_s=30)
    assert len(await worker.run(os.urandom, 3, limit_s=30)) == 3


async def test_a_task_that_wants_all_memory_does_not_get_it(worker: Worker) -> None:
    with pytest.raises(NotShowable, match="memory"):
        await worker.run(bytes, 10**12, limit_s=30)


async def test_an_error_of_a_task_is_that_of_the_caller(worker: Worker) -> None:
    with pytest.raises(Invalid, match="not a regular expression"):
        await worker.run(match_lines, "(", [], limit_s=30)


async def test_no_secret_of_the_server_is_in_reach_of_a_task(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    monkeypatch.setenv("VITRINE_SECRET_KEY", "secret")
    for name in (b"DATABASE_URL", b"VITRINE_SECRET_KEY"):
        assert await worker.run(os.getenvb, name, b"unknown", limit_s=30) == b"unknown"
    assert await worker.run(os.getenvb, b"PATH", b"unknown", limit_s=30) != b"unknown"


async def test_tasks_wait_for_each_other_but_not_in_any_number(worker: Worker) -> None:
    tasks = [asyncio.ensure_future(worker.run(os.urandom, 1, limit_s=30)) for _ in range(QUEUE_LIMIT)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await worker.run(os.urandom, 1, limit_s=30)
    assert len(await asyncio.gather(*tasks)) == QUEUE_LIMIT
