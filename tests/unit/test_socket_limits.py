from __future__ import annotations

import asyncio
from typing import Any

import pytest

from vitrine.http import socket as limits
from vitrine.http.socket import Socket, is_layout_event

EVENT = '{"type":"layout-event","target":"/0","data":[]}'


class Actors:
    """Those who watch nothing."""

    def watch(self, *_: Any) -> None:
        return None

    def unwatch(self, _: Any) -> None:
        return None


async def run(messages: list[Any]) -> tuple[list[Any], list[Any]]:
    """What the application received, and what was sent to the browser. The browser leaves at the end."""
    waiting, received, sent = list(messages), [], []

    async def receive() -> Any:
        return (
            {"type": "websocket.receive", **waiting.pop(0)}
            if waiting
            else {"type": "websocket.disconnect", "code": 1001}
        )

    async def send(message: Any) -> None:
        sent.append(message)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] != "websocket.disconnect":
            received.append(message["type"])

    await Socket(app, Actors(), None).run({"headers": []}, receive, send)  # type: ignore[arg-type]
    return received, sent


@pytest.mark.parametrize(
    ("text", "is_event"),
    [
        (EVENT, True),
        ('{"type":"layout-event","target":"/0","data":[1,{"a":null}],"more":1}', True),
        ('{"type":"other","target":"/0","data":[]}', False),
        ('{"type":"layout-event","data":[]}', False),
        ('{"type":"layout-event","target":7,"data":[]}', False),
        ("[]", False),
        ("", False),
        ("{" * 60_000, False),
        ('{"type":"layout-event","target":"/0","data":' + "[" * 30_000 + "]" * 30_000 + "}", False),
        ("\ud800", False),
    ],
)
def test_only_events_of_pages_are_let_in(text: str, is_event: bool) -> None:
    assert is_layout_event(text) is is_event


async def test_a_burst_of_sixty_passes_at_once() -> None:
    async with asyncio.timeout(1):
        received, sent = await run([{"text": EVENT}] * 60)
    assert received.count("websocket.receive") == 60
    assert sent == []


async def test_more_than_a_burst_is_slowed_and_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "EVENTS_PER_S", 200.0)
    loop = asyncio.get_running_loop()
    begin = loop.time()
    received, sent = await run([{"text": EVENT}] * 100)
    assert received.count("websocket.receive") == 100
    assert sent == []
    assert loop.time() - begin > 0.15


async def test_a_flood_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SLOWED_LIMIT", 5)
    received, sent = await run([{"text": EVENT}] * 1_000)
    assert sent == [{"type": "websocket.close", "code": 4429}]
    assert 60 <= received.count("websocket.receive") <= 120


async def test_a_message_too_large_in_bytes_is_closed_whatever_its_length_in_signs() -> None:
    received, sent = await run([{"text": "é" * 40_000}])
    assert sent == [{"type": "websocket.close", "code": 1009}]
    assert received == ["websocket.connect"]


async def test_a_browser_that_leaves_while_something_is_sent_is_no_failure() -> None:
    events: list[str] = []

    async def receive() -> Any:
        return {"type": "websocket.disconnect", "code": 1001}

    async def send(message: Any) -> None:
        raise ConnectionResetError

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.send", "text": "{}"})
        events.append("sent")
        await receive()
        events.append((await receive())["type"])

    await Socket(app, Actors(), None).run({"headers": []}, receive, send)  # type: ignore[arg-type]
    assert events == ["sent", "websocket.disconnect"]
