"""What is wrong is refused with its reason, what is right beside it is taken, and nothing is half stored."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import zstandard
from tests.conftest import RunningServer
from tests.features.conftest import Send
from tests.features.reports import Event, at, digest, event
from tests.features.states import read_state

from vitrine.app import Application
from vitrine.ids import content_id, new_id

EVENTS = "/api/v1/projects/default/events"
MB = 1_000_000


def good_event() -> Event:
    return event("run", {"status": "running", "pipeline": "train"}, run_id=str(new_id()))


def bad_event(kind: str, body: dict[str, Any], **changes: Any) -> Event:
    return event(kind, body, run_id=str(new_id())) | changes


@pytest.fixture
def refuse(send: Send, db: asyncpg.Connection) -> Callable[..., Any]:
    """Posts the event between two good ones; gives the reason for its rejection. Nothing of it is in the database."""

    async def post(bad: Event) -> str:
        await send([good_event()])
        await db.execute("delete from run; delete from pipeline")
        before = await read_state(db)
        receipt = await send([bad], is_whole=False)
        assert (receipt["accepted"], receipt["duplicate"]) == (0, 0)
        assert await read_state(db) == before
        receipt = await send([good_event(), bad, good_event()], is_whole=False)
        assert (receipt["accepted"], receipt["duplicate"]) == (2, 0)
        (rejected,) = receipt["rejected"]
        assert rejected["id"] == (bad["id"] if isinstance(bad.get("id"), str) else "")
        assert rejected["code"] in ("Invalid", "Conflict")
        detail: str = rejected["detail"]
        return detail

    return post


SNAPSHOT: dict[str, Any] = {"id": str(content_id("x")), "pipeline": "train"}
ENDS_EARLY = {"started_at": at(5), "ended_at": at(4)}
LINE = {"at": at(1), "text": "hello"}
BLOB = {"sha256": digest("x"), "size_bytes": 1}
BAD_EVENTS: dict[str, tuple[Event, str]] = {
    "an unknown kind": (bad_event("stap", {}), "Invalid value 'stap' - at `$.kind`"),
    "no kind": ({"id": str(new_id()), "at": at(0), "body": {}}, "`kind`"),
    "no id": ({"kind": "heartbeat", "at": at(0), "run_id": str(new_id())}, "`id`"),
    "an id that is no UUID": (bad_event("heartbeat", {}, id="one"), "$.id"),
    "an id that does not grow with time": (
        bad_event("heartbeat", {}, id="4b4a8b1e-6f0a-4d1e-9d5a-0123456789ab"), "is not a UUIDv7"),
    "an unknown field": (bad_event("run", {"status": "running", "pipline": "train"}), "unknown field `pipline` - at `$.body`"),
    "an unknown field of the envelope": (bad_event("heartbeat", {}, runid=1), "unknown field `runid`"),
    "a wrong type": (bad_event("step", {"step": 7, "status": "running"}), "Expected `str`, got `int` - at `$.body.step`"),
    "an unknown status": (bad_event("step", {"step": "fit", "status": "done"}), "Invalid enum value 'done' - at `$.body.status`"),
    "a missing field": (bad_event("step", {"step": "fit"}), "missing required field `status` - at `$.body`"),
    "no run": (bad_event("step", {"step": "fit", "status": "running"}, run_id=None), "$.run_id: is missing"),
    "metadata of nothing": (bad_event("metadata", {"values": {"a": 1}}, run_id=None), "$.run_id: is missing"),
    "a cyclic graph": (
        bad_event("snapshot", SNAPSHOT | {"steps": [
            {"key": "a", "name": "a", "parents": ["b"]}, {"key": "b", "name": "b", "parents": ["a"]}]}), "a → b → a"),
    "a step that waits for itself": (
        bad_event("snapshot", SNAPSHOT | {"steps": [{"key": "a", "name": "a", "parents": ["a"]}]}), "a → a"),
    "an edge to a step its own snapshot lacks": (
        bad_event("snapshot", SNAPSHOT | {"steps": [{"key": "a", "name": "a", "parents": ["b"]}]}),
        "$.body.steps[0].parents: 'a' waits for 'b', which this snapshot lacks"),
    "an input from a step its own snapshot lacks": (
        bad_event("snapshot", SNAPSHOT | {"steps": [
            {"key": "a", "name": "a", "inputs": [{"name": "x", "step": "b", "output": "y"}]}]}), "which this snapshot lacks"),
    "two steps of one key": (
        bad_event("snapshot", SNAPSHOT | {"steps": [{"key": "a", "name": "a"}, {"key": "a", "name": "b"}]}), "'a' is there twice"),
    "a run that ends before it starts": (
        bad_event("run", {"status": "failed", "pipeline": "train"} | ENDS_EARLY), "$.body.ended_at: 2026-11-01T12:00:04+00:00 is before"),
    "a step that ends before it starts": (
        bad_event("step", {"step": "fit", "status": "failed"} | ENDS_EARLY), "is before $.body.started_at"),
    "an end without a final status": (
        bad_event("run", {"status": "running", "ended_at": at(1)}), "'running' does not end a run"),
    "an opening without a pipeline": (
        bad_event("run", {"status": "running", "name": "night"}), "$.body.name: belongs to the event that opens a run"),
    "an instant without a zone": (bad_event("heartbeat", {}, at="2026-11-01T12:00:00"), "Write 2026-11-01T12:00:00Z"),
    "an instant that no clock shows": (bad_event("heartbeat", {}, at="0001-01-01T00:00:00Z"), "$.at: 0001-01-01T00:00:00+00:00 is out of range"),
    "a start that no clock shows": (
        bad_event("step", {"step": "fit", "status": "running", "started_at": "9999-12-31T23:59:59-14:00"}), "$.body.started_at"),
    "a line without a zone": (
        bad_event("log", {"step": "fit", "first_line": 1, "lines": [LINE, LINE | {"at": "2026-11-01T12:00:00"}]}), "$.body.lines[1].at"),
    "a line from before computers": (
        bad_event("log", {"step": "fit", "first_line": 1, "lines": [LINE | {"at": "1066-10-14T09:00:00Z"}]}), "$.body.lines[0].at"),
    "a line that holds two": (
        bad_event("log", {"step": "fit", "first_line": 1, "lines": [LINE, LINE | {"text": "a\nb"}]}), "$.body.lines[1].text: holds a newline"),
    "no lines": (bad_event("log", {"step": "fit", "first_line": 1, "lines": []}), "$.body.lines"),
    "too many lines": (bad_event("log", {"step": "fit", "first_line": 1, "lines": [LINE] * 1001}), "$.body.lines"),
    "a first line beyond counting": (bad_event("log", {"step": "fit", "first_line": 2**31, "lines": [LINE]}), "$.body.first_line"),
    "a name of 1 MB": (bad_event("run", {"status": "running", "pipeline": "x" * MB}), "length <= 255 - at `$.body.pipeline`"),
    "an empty name": (bad_event("step", {"step": "", "status": "running"}), "$.body.step"),
    "a name that no path can hold": (bad_event("run", {"status": "running", "pipeline": "a/b"}), "must not hold /"),
    "a name that reads like an id": (bad_event("run", {"status": "running", "pipeline": str(new_id())}), "reads like an id"),
    "a version that reads like a number": (
        bad_event("artifact_version", {"id": str(new_id()), "artifact": "a", "version": "7"}), "reads like a number or a stage"),
    "a version that reads like a stage": (
        bad_event("model_version", {"id": str(new_id()), "model": "m", "version": "production"}), "reads like a number or a stage"),
    "the character NUL in a name": (bad_event("step", {"step": "a\0b", "status": "running"}), "$.body.step: holds the character NUL"),
    "the character NUL in a value": (bad_event("metadata", {"values": {"a": ["b", "\0"]}}), "$.body.values.a[1]: holds the character NUL"),
    "the character NUL in a key": (bad_event("metadata", {"values": {"a\0": 1}}), "$.body.values: holds the character NUL"),
    "the character NUL in a log's step": (
        bad_event("log", {"step": "\0", "first_line": 1, "lines": [LINE]}), "$.body.step: holds the character NUL"),
    "a number beyond 64 bits": (bad_event("metadata", {"values": {"a": 2**63}}), "is beyond 64 bits"),
    "a very long number": (bad_event("run", {"status": "running", "pipeline": "p", "parameters": {"a": 10**4000}}), "64 bits"),
    "a value of 100 kB": (bad_event("metadata", {"values": {"a": "x" * 100_000}}), "takes 100,000 bytes: up to 64,000"),
    "a list of 100 kB": (bad_event("metadata", {"values": {"a": {"b": ["x" * 100_000]}}}), "value of 'a.b' takes"),
    "a metadata name of 300 characters": (bad_event("metadata", {"values": {"a" * 200: {"b" * 99: 1}}}), "has 300 characters"),
    "an empty metadata name": (bad_event("metadata", {"values": {"": 1}}), "has 0 characters"),
    "3,000 values": (bad_event("metadata", {"values": {f"k{n}": n for n in range(3000)}}), "3,000 values are too many"),
    "values of two things": (
        bad_event("metadata", {"values": {"a": 1}, "step": "s", "model_version_id": str(new_id())}), "names several things"),
    "nesting beyond reason": (bad_event("metadata", {"values": {"a": json.loads("[" * 60 + "]" * 60)}}), "nested deeper than 50"),
    "6,000 outputs": (
        bad_event("step", {"step": "s", "status": "completed", "outputs": {"o": [str(new_id())] * 6000}}), "6,000 artifact versions"),
    "an output without a step": (
        bad_event("artifact_version", {"id": str(new_id()), "artifact": "a", "output": "o"}), "name the step, too"),
    "a file outside of its folder": (
        bad_event("artifact_version", {"id": str(new_id()), "artifact": "a", "files": [BLOB | {"path": "../a"}]}), "not a path inside"),
    "a file twice": (
        bad_event("artifact_version", {"id": str(new_id()), "artifact": "a", "files": [BLOB | {"path": "a"}] * 2}), "is there twice"),
    "sizes beyond 64 bits": (
        bad_event("artifact_version", {"id": str(new_id()), "artifact": "a", "files": [{"path": "a", "sha256": digest("x"), "size_bytes": 2**63}]}),
        "beyond 64 bits"),
    "a digest that is none": (
        bad_event("artifact_version", {"id": str(new_id()), "artifact": "a", "files": [BLOB | {"path": "a", "sha256": "no"}]}),
        "at `$.body.files[0].sha256`"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_EVENTS)
async def test_a_bad_event_is_rejected_alone_and_leaves_nothing(
    refuse: Callable[..., Any], what: str
) -> None:
    bad, reason = BAD_EVENTS[what]
    assert reason in await refuse(bad)


RAW_EVENTS: dict[str, tuple[bytes, str]] = {
    "broken UTF-8": (b'{"step":"\xff\xfe","status":"running"}', "not UTF-8"),
    "a lone surrogate": (b'{"step":"\\ud800 lone","status":"running"}', "surrogate"),
    "an infinite number": (b'{"step":"fit","status":"running","parameters":{"a":1e999}}', "Number out of range"),
    "nesting that breaks parsers": (
        b'{"step":"fit","status":"running","parameters":{"a":%s1%s}}' % (b"[" * 400, b"]" * 400), "nested"),
}  # fmt: skip


@pytest.mark.parametrize("what", RAW_EVENTS)
async def test_a_broken_text_is_rejected_alone(api: httpx.AsyncClient, what: str) -> None:
    body, reason = RAW_EVENTS[what]
    id, run_id = str(new_id()), str(new_id())
    good = json.dumps(good_event()).encode()
    bad = b'{"id":"%s","kind":"step","at":"%s","run_id":"%s","body":%s}' % (
        id.encode(),
        at(0).encode(),
        run_id.encode(),
        body,
    )
    answer = await api.post(EVENTS, content=b'{"events":[%s,%s]}' % (good, bad))
    assert answer.status_code == 200
    (rejected,) = answer.json()["rejected"]
    assert (answer.json()["accepted"], rejected["id"]) == (1, id)
    assert reason in rejected["detail"]


BROKEN_ENVELOPES = {
    "nothing": b"",
    "no JSON": b"events",
    "a list": b"[]",
    "no events": b"{}",
    "an unknown field": b'{"events":[],"more":1}',
    "events that are none": b'{"events":{}}',
    "half of a request": b'{"events":[{"id":',
    "a depth bomb": b'{"events":' + b"[" * 200_000,
    "a depth bomb inside an event": b'{"events":[{"body":%s%s}]}' % (b"[" * 100_000, b"]" * 100_000),
    "broken UTF-8": b'{"\xff":[]}',
    "a raw control character": b'{"events":["a\x00b"]}',
}


@pytest.mark.parametrize("what", BROKEN_ENVELOPES)
async def test_a_broken_envelope_is_refused_whole(api: httpx.AsyncClient, what: str) -> None:
    answer = await api.post(EVENTS, content=BROKEN_ENVELOPES[what])
    assert (answer.status_code, answer.json()["code"]) == (422, "Invalid")
    assert answer.json()["detail"]


async def test_a_body_that_is_not_json_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post(EVENTS, data={"events": "[]"})
    assert answer.status_code == 422
    assert "application/x-www-form-urlencoded" in answer.json()["detail"]


# ── sizes ─────────────────────────────────────────────────────────────────────────────────────────
async def test_an_oversized_body_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post(EVENTS, content=b" " * (5 * MB + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "TooLarge")


async def test_an_oversized_body_of_unknown_length_is_refused(api: httpx.AsyncClient) -> None:
    async def chunks() -> Any:
        for _ in range(6):
            yield b" " * MB

    answer = await api.post(EVENTS, content=chunks())
    assert (answer.status_code, answer.json()["code"]) == (413, "TooLarge")


def pack(encoding: str, plain: bytes) -> bytes:
    return gzip.compress(plain) if encoding == "gzip" else zstandard.ZstdCompressor().compress(plain)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_events_may_come_packed(api: httpx.AsyncClient, encoding: str) -> None:
    body = pack(encoding, json.dumps({"events": [good_event() for _ in range(50)]}).encode())
    answer = await api.post(EVENTS, content=body, headers={"content-encoding": encoding})
    assert answer.json() == {"accepted": 50, "duplicate": 0, "rejected": []}


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_a_bomb_of_packed_bytes_is_refused(api: httpx.AsyncClient, encoding: str) -> None:
    bomb = pack(encoding, b" " * 200 * MB)
    answer = await api.post(EVENTS, content=bomb, headers={"content-encoding": encoding})
    assert (answer.status_code, answer.json()["code"]) == (413, "TooLarge")


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "br"])
async def test_a_body_packed_otherwise_than_it_says_is_refused(api: httpx.AsyncClient, encoding: str) -> None:
    answer = await api.post(EVENTS, content=b'{"events":[]}', headers={"content-encoding": encoding})
    assert (answer.status_code, answer.json()["code"]) == (422, "Invalid")


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_a_packed_body_cut_short_is_refused(api: httpx.AsyncClient, encoding: str) -> None:
    whole = pack(encoding, json.dumps({"events": [good_event() for _ in range(50)]}).encode())
    answer = await api.post(EVENTS, content=whole[: len(whole) // 2], headers={"content-encoding": encoding})
    assert answer.status_code == 422


async def test_too_many_events_at_once_are_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post(EVENTS, content=b'{"events":[%s]}' % b",".join([b"1"] * 10_001))
    assert (answer.status_code, answer.json()["code"]) == (413, "TooLarge")


async def test_too_many_values_at_once_are_refused(api: httpx.AsyncClient) -> None:
    values = {f"k{n}": n for n in range(2000)}
    events = [bad_event("metadata", {"values": values}) for _ in range(11)]
    answer = await api.post(EVENTS, json={"events": events})
    assert (answer.status_code, answer.json()["code"]) == (413, "TooLarge")
    assert (await api.post(EVENTS, json={"events": events[:5]})).json()["accepted"] == 5


async def test_a_long_line_is_cut_and_says_so(send: Send, api: httpx.AsyncClient) -> None:
    run_id = str(new_id())
    text = "é" * 50_000
    await send([event("run", {"status": "running", "pipeline": "train"}, run_id=run_id)])
    await send(
        [
            event(
                "log",
                {"step": "fit", "first_line": 1, "lines": [LINE, LINE | {"text": text}, LINE]},
                run_id=run_id,
            )
        ]
    )
    found = (await api.get(f"/api/v1/projects/default/runs/{run_id}/steps/fit/logs")).json()["lines"]
    assert [found[0]["text"], found[2]["text"]] == ["hello", "hello"]
    assert found[1]["text"] == "é" * 32_000 + " … [36,000 bytes cut]"


async def test_a_line_may_hold_any_character_but_a_newline(send: Send, api: httpx.AsyncClient) -> None:
    run_id = str(new_id())
    text = "\0\r\t\x1b[31m \u2028 🙂 \\u0000"
    await send([event("run", {"status": "running", "pipeline": "train"}, run_id=run_id)])
    await send(
        [event("log", {"step": "fit", "first_line": 1, "lines": [LINE | {"text": text}]}, run_id=run_id)]
    )
    found = (await api.get(f"/api/v1/projects/default/runs/{run_id}/steps/fit/logs")).json()["lines"]
    assert found[0]["text"] == text


# ── what clashes with what is stored ──────────────────────────────────────────────────────────────
async def clash(send: Send, db: asyncpg.Connection, first: Event, second: Event) -> str:
    """The second event is refused, all of it; the good one beside it is taken. Gives the reason."""
    assert (await send([first]))["accepted"] == 1
    before = await read_state(db)
    assert (await send([second], is_whole=False))["accepted"] == 0
    assert await read_state(db) == before
    receipt = await send([good_event(), second], is_whole=False)
    assert receipt["accepted"] == 1
    (rejected,) = receipt["rejected"]
    assert (rejected["id"], rejected["code"]) == (second["id"], "Conflict")
    return str(rejected["detail"])


async def test_a_snapshot_never_changes(send: Send, db: asyncpg.Connection) -> None:
    first = event("snapshot", SNAPSHOT | {"steps": [{"key": "a", "name": "a"}]})
    second = event("snapshot", SNAPSHOT | {"steps": [{"key": "b", "name": "b"}]})
    assert "A snapshot never changes" in await clash(send, db, first, second)


async def test_an_artifact_version_never_changes(send: Send, db: asyncpg.Connection) -> None:
    id, run_id = str(new_id()), str(new_id())
    first = event("artifact_version", {"id": id, "artifact": "table"})
    second = event(
        "artifact_version",
        {"id": id, "artifact": "other", "step": "s", "output": "o", "tags": ["new"], "metadata": {"new": 1}},
        run_id=run_id,
    )
    assert "A version never changes" in await clash(send, db, first, second)


async def test_a_version_name_that_is_taken_is_refused(send: Send, db: asyncpg.Connection) -> None:
    first = event("artifact_version", {"id": str(new_id()), "artifact": "table", "version": "gold"})
    second = event(
        "artifact_version",
        {"id": str(new_id()), "artifact": "table", "version": "gold"},
        run_id=str(new_id()),
    )
    assert "'table' has another version 'gold'" in await clash(send, db, first, second)


async def test_a_model_version_name_that_has_another_id_is_refused(
    send: Send, db: asyncpg.Connection
) -> None:
    id = str(new_id())
    first = event("model_version", {"id": id, "model": "iris", "version": "v1"})
    second = event(
        "model_version", {"id": str(new_id()), "model": "iris", "version": "v1"}, run_id=str(new_id())
    )
    assert id in await clash(send, db, first, second)


async def test_a_model_version_keeps_its_model(send: Send, db: asyncpg.Connection) -> None:
    id = str(new_id())
    first = event("model_version", {"id": id, "model": "iris", "version": "v1"})
    second = event("model_version", {"id": id, "model": "rose", "version": "v1"})
    assert "A version keeps both" in await clash(send, db, first, second)


async def test_two_events_of_one_request_with_one_id_clash(send: Send) -> None:
    one = good_event()
    receipt = await send([one, one, one | {"run_id": str(new_id())}], is_whole=False)
    assert (receipt["accepted"], receipt["duplicate"], len(receipt["rejected"])) == (1, 1, 1)
    assert "says something else" in receipt["rejected"][0]["detail"]


# ── of whom ───────────────────────────────────────────────────────────────────────────────────────
async def test_a_run_of_another_project_is_another_run(
    send: Send, api: httpx.AsyncClient, other_project: str
) -> None:
    run_id = str(new_id())
    await send([event("run", {"status": "running", "pipeline": "train", "name": "ours"}, run_id=run_id)])
    assert (await api.get(f"/api/v1/projects/{other_project}/runs/{run_id}")).status_code == 404
    await send([event("step", {"step": "fit", "status": "failed"}, run_id=run_id)], project=other_project)
    await send(
        [event("run", {"status": "failed", "pipeline": "train", "name": "theirs"}, run_id=run_id)],
        project=other_project,
    )
    ours = (await api.get(f"/api/v1/projects/default/runs/{run_id}")).json()
    assert (ours["status"], ours["name"], ours["step_counts"]) == ("running", "ours", {})
    theirs = (await api.get(f"/api/v1/projects/{other_project}/runs/{run_id}")).json()
    assert (theirs["status"], theirs["name"], theirs["step_counts"]) == ("failed", "theirs", {"failed": 1})


async def test_who_may_only_read_reports_nothing(
    viewer_api: httpx.AsyncClient, anonymous_api: httpx.AsyncClient
) -> None:
    body = {"events": [good_event()]}
    path = f"/api/v1/projects/default/blobs/{digest('x')}"
    assert (await viewer_api.post(EVENTS, json=body)).status_code == 403
    assert (await viewer_api.put(path, content=b"x")).status_code == 403
    assert (await anonymous_api.post(EVENTS, json=body)).status_code == 401
    assert (await anonymous_api.get(path)).status_code == 401
    assert (await viewer_api.post(EVENTS.replace("default", "other"), json=body)).status_code == 404


# ── contents ──────────────────────────────────────────────────────────────────────────────────────
def blob_path(content: bytes, project: str = "default") -> str:
    return f"/api/v1/projects/{project}/blobs/{hashlib.sha256(content).hexdigest()}"


def find_stored(app: Application) -> list[Path]:
    return [path for path in Path(app.state.settings.store).rglob("*") if path.is_file()]


async def test_an_upload_whose_hash_differs_is_refused(app: Application, api: httpx.AsyncClient) -> None:
    before = find_stored(app)
    answer = await api.put(blob_path(b"one thing"), content=b"another thing")
    assert (answer.status_code, answer.json()["code"]) == (422, "DigestDiffers")
    assert (await api.get(blob_path(b"one thing"))).status_code == 404
    assert find_stored(app) == before


async def test_an_address_that_is_no_hash_is_refused(api: httpx.AsyncClient) -> None:
    for name in ("abc", "A" * 64, "..%2f..%2fetc"):
        assert (await api.put(f"/api/v1/projects/default/blobs/{name}", content=b"x")).status_code in (
            404,
            422,
        )


async def test_an_upload_beyond_the_limit_is_refused_before_it_is_read(api: httpx.AsyncClient) -> None:
    answer = await api.put(blob_path(b"x"), content=b"x", headers={"content-length": str(30 * 1024**3)})
    assert (answer.status_code, answer.json()["code"]) == (413, "TooLarge")


@pytest.mark.parametrize("has_length", [True, False])
async def test_an_upload_that_stops_half_way_leaves_nothing(
    running_server: RunningServer, *, has_length: bool
) -> None:
    content = bytes(range(256)) * (40_000 + has_length)
    path = blob_path(content)
    head = f"PUT {path} HTTP/1.1\r\nhost: {running_server.url.partition('//')[2]}\r\nauthorization: {running_server.headers['authorization']}\r\n"
    half = content[: len(content) // 2]
    if has_length:
        request = f"{head}content-length: {len(content)}\r\n\r\n".encode() + half
    else:
        request = f"{head}transfer-encoding: chunked\r\n\r\n{len(content):x}\r\n".encode() + half
    before = {one for one in (running_server.data_dir / "store").rglob("*") if one.is_file()}
    with socket.create_connection(
        ("127.0.0.1", int(running_server.url.rpartition(":")[2])), timeout=20
    ) as client:
        client.sendall(request)
        await asyncio.sleep(0.3)
    for _ in range(100):
        left = {one for one in (running_server.data_dir / "store").rglob("*") if one.is_file()} - before
        if not left:
            break
        await asyncio.sleep(0.1)
    assert left == set()
    async with httpx.AsyncClient(
        base_url=running_server.url, headers=running_server.headers, trust_env=False
    ) as client:
        assert (await client.get(path)).status_code == 404
        assert (await client.put(path, content=content, timeout=60)).status_code == 201
        assert (await client.get(path)).content == content
