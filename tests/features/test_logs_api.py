"""Logs: windows, search, levels, the whole text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from tests.features.conftest import Send, make_event
from tests.features.statements import counted

from vitrine.app import Application
from vitrine.ids import new_id

API = "/api/v1/projects/default"
BEGIN = datetime(2026, 11, 1, 12, tzinfo=UTC)
LEVELS = {0: "error", 50: "warning", 75: "critical"}


def make_lines(first: int, number: int) -> list[dict[str, Any]]:
    return [
        {
            "at": (BEGIN + timedelta(milliseconds=n)).isoformat(),
            "text": f"Epoch {n} of many, loss {n % 7}" + (" NEEDLE" if n % 500 == 0 else ""),
            "level": LEVELS.get(n % 100, "info"),
            "stream": "stderr" if n % 100 == 0 else "stdout",
        }
        for n in range(first, first + number)
    ]


async def write_log(
    send: Send, *, lines: int = 2_500, attempt: int = 1, run_id: str | None = None, last_first: bool = False
) -> str:
    """A log in pieces of 1,000 lines; the id of its run."""
    run_id = run_id or str(new_id())
    pieces = [
        make_event(
            "log",
            {
                "step": "fit",
                "attempt": attempt,
                "first_line": first,
                "lines": make_lines(first, min(1_000, lines - first + 1)),
            },
            run_id=run_id,
        )
        for first in range(1, lines + 1, 1_000)
    ]
    for piece in reversed(pieces) if last_first else pieces:
        await send([piece])
    return run_id


async def get(api: httpx.AsyncClient, run_id: str, **parameters: Any) -> Any:
    answer = await api.get(f"{API}/runs/{run_id}/steps/fit/logs", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_window_holds_the_lines_that_were_asked_for(api: httpx.AsyncClient, send: Send) -> None:
    run_id = await write_log(send, last_first=True)
    window = await get(api, run_id, **{"from": 990, "limit": 20})
    assert window["total"] == 2_500
    assert [line["n"] for line in window["lines"]] == list(range(991, 1_011))
    assert window["lines"][9] == {
        "n": 1_000, "at": "2026-11-01T12:00:01Z", "stream": "stderr", "level": "error",
        "text": "Epoch 1000 of many, loss 6 NEEDLE",
    }  # fmt: skip
    assert [line["n"] for line in (await get(api, run_id))["lines"]] == list(range(1, 501))
    assert [line["n"] for line in (await get(api, run_id, **{"from": 2_498}))["lines"]] == [2_499, 2_500]
    assert await get(api, run_id, **{"from": 9_999}) == {"lines": [], "total": 2_500}


async def test_search_finds_every_line_in_either_case(api: httpx.AsyncClient, send: Send) -> None:
    run_id = await write_log(send)
    found = await get(api, run_id, q="needle")
    assert [hit["n"] for hit in found["hits"]] == [500, 1_000, 1_500, 2_000, 2_500]
    assert found["total"] == 5
    assert found["hits"][0]["text"].endswith("NEEDLE")
    common = await get(api, run_id, q="EPOCH", after=1_200, limit=3)
    assert [hit["n"] for hit in common["hits"]] == [1_201, 1_202, 1_203]
    assert common["total"] == 2_500
    assert await get(api, run_id, q="nowhere") == {"hits": [], "total": 0}
    assert await get(api, run_id, q="loss 1\nEpoch") == {"hits": [], "total": 0}


async def test_a_regular_expression_is_matched_line_by_line(api: httpx.AsyncClient, send: Send) -> None:
    run_id = await write_log(send)
    found = await get(api, run_id, q=r"^epoch (10|20)00 .* needle$", regex=True)
    assert ([hit["n"] for hit in found["hits"]], found["total"]) == ([1_000, 2_000], 2)
    assert (await get(api, run_id, q="(a+)+$", regex=True))["total"] == 0
    for wrong in ("(", r"(?=x)", r"(a)\1"):
        answer = await api.get(f"{API}/runs/{run_id}/steps/fit/logs", params={"q": wrong, "regex": True})
        assert (answer.status_code, answer.json()["code"]) == (422, "Invalid"), wrong
        assert wrong in answer.json()["detail"].replace("\\\\", "\\")


async def test_a_level_means_this_level_and_above(api: httpx.AsyncClient, send: Send) -> None:
    run_id = await write_log(send)
    first = await get(api, run_id, level="error", limit=1)
    assert (first["hits"][0]["n"], first["hits"][0]["level"], first["total"]) == (75, "critical", 50)
    page = await get(api, run_id, level="error", after=1_990, limit=3)
    assert [hit["n"] for hit in page["hits"]] == [2_000, 2_075, 2_100]
    assert (await get(api, run_id, level="warning"))["total"] == 75
    both = await get(api, run_id, level="error", q="needle")
    assert ([hit["n"] for hit in both["hits"]], both["total"]) == ([500, 1_000, 1_500, 2_000, 2_500], 5)
    assert (await get(api, run_id, level="critical", q="needle"))["total"] == 0
    assert (await get(api, run_id, level="critical", q="epoch", regex=True))["total"] == 25


async def test_the_newest_attempt_is_shown_unless_another_is_asked_for(
    api: httpx.AsyncClient, send: Send
) -> None:
    run_id = await write_log(send, lines=5)
    begun = {"step": "fit", "status": "running", "attempt": 2, "started_at": BEGIN.isoformat()}
    await send([make_event("step", begun, run_id=run_id)])
    assert await get(api, run_id) == {"lines": [], "total": 0}
    assert (await get(api, run_id, attempt=1))["total"] == 5
    await write_log(send, lines=7, attempt=2, run_id=run_id)
    assert (await get(api, run_id))["total"] == 7


async def test_the_whole_log_is_a_text_to_download(api: httpx.AsyncClient, send: Send) -> None:
    run_id = await write_log(send)
    answer = await api.get(f"{API}/runs/{run_id}/steps/fit/logs.txt")
    assert answer.status_code == 200
    lines = answer.text.splitlines()
    assert len(lines) == 2_500
    assert lines[999] == "Epoch 1000 of many, loss 6 NEEDLE"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_a_step_that_has_not_begun_has_an_empty_log_and_an_unknown_one_none(
    api: httpx.AsyncClient, send: Send
) -> None:
    run_id, snapshot_id = str(new_id()), str(new_id())
    await send(
        [
            make_event("snapshot", {"id": snapshot_id, "pipeline": "train", "steps": [{"key": "fit", "name": "fit"}]}),
            make_event("run", {"status": "running", "pipeline": "train", "snapshot_id": snapshot_id}, run_id=run_id),
        ]
    )  # fmt: skip
    assert await get(api, run_id) == {"lines": [], "total": 0}
    answer = await api.get(f"{API}/runs/{run_id}/steps/other/logs")
    assert (answer.status_code, answer.json()["code"]) == (404, "StepNotFound")


async def test_reading_a_log_takes_at_most_three_statements(
    app: Application, api: httpx.AsyncClient, send: Send
) -> None:
    run_id = await write_log(send)
    for parameters in (
        {},
        {"q": "needle"},
        {"level": "error"},
        {"q": "needle", "regex": True, "level": "error"},
    ):
        async with counted(app) as statements:
            await get(api, run_id, **parameters)
        assert len(statements) <= 3, statements


async def test_log_lines_stay_text_whatever_they_hold(api: httpx.AsyncClient, send: Send) -> None:
    run_id = str(new_id())
    texts = ["<script>alert(1)</script>", "\x1b[31mred\x1b[0m", "Größe 🎉", ""]
    lines = [{"at": BEGIN.isoformat(), "text": text} for text in texts]
    await send([make_event("log", {"step": "fit", "first_line": 1, "lines": lines}, run_id=run_id)])
    assert [line["text"] for line in (await get(api, run_id))["lines"]] == texts
    assert (await get(api, run_id, q="GRÖSSE"))["total"] == 0
    assert (await get(api, run_id, q="gröẞe".replace("ẞ", "ß")))["total"] == 1
