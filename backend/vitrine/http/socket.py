"""One socket of the dashboard: limits on what comes in, and an end when its session ends."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import msgspec

from vitrine.access.actors import Actors
from vitrine.access.structs import Actor

MESSAGE_LIMIT_BYTES = 65_536
EVENTS_PER_S = 20.0
BURST = 60.0
# A burst beyond that is slowed, not cut: a hand on a slider is no attack. Whoever keeps on for 5 s more is.
SLOWED_LIMIT = 100
LEFT, UNSUPPORTED, TOO_LARGE, TOO_MANY = 1001, 1003, 1009, 4429
LEAVE_LIMIT_S = 5.0


class LayoutEvent(msgspec.Struct):
    """What ReactPy's client sends."""

    type: str
    target: str
    data: list[Any]


class Socket:
    """Stands between the server's socket and ReactPy."""

    def __init__(self, app: Any, actors: Actors, actor: Actor) -> None:
        self._app, self._actors, self._actor = app, actors, actor
        self._loop = asyncio.get_running_loop()
        self._gone: asyncio.Future[int] = self._loop.create_future()
        self._pending: asyncio.Future[Any] | None = None
        self._is_new = True
        self._tokens, self._counted_at = BURST, self._loop.time()
        self._slowed = 0

    async def run(self, scope: Any, receive: Any, send: Any) -> None:
        """Until either side leaves or the session ends. `websocket.connect` was already received."""
        self._receive_outer, self._send_outer = receive, send
        watch = self._actors.watch(self._actor, scope["headers"], self.end)
        task = asyncio.ensure_future(self._app(scope, self._receive, self._send))
        try:
            await asyncio.wait({task, self._gone}, return_when=asyncio.FIRST_COMPLETED)
            if self._gone.done():
                if self._pending:
                    self._pending.cancel()
                with suppress(Exception):  # the browser may have gone meanwhile
                    await send({"type": "websocket.close", "code": self._gone.result()})
            await asyncio.wait_for(task, LEAVE_LIMIT_S)
        finally:
            self._actors.unwatch(watch)
            task.cancel()
            if self._pending:
                self._pending.cancel()

    def end(self, code: int) -> None:
        if not self._gone.done():
            self._gone.set_result(code)

    async def _send(self, message: Any) -> None:
        if self._gone.done():
            return
        try:
            await self._send_outer(message)
        except OSError:  # the browser has left: no news, and nothing for ReactPy to fail of
            self.end(LEFT)

    async def _receive(self) -> Any:
        """The next message that ReactPy understands; the others are dropped."""
        if self._is_new:
            self._is_new = False
            return {"type": "websocket.connect"}
        while not self._gone.done():
            if self._pending is None:
                self._pending = asyncio.ensure_future(self._receive_outer())
            await asyncio.wait({self._pending, self._gone}, return_when=asyncio.FIRST_COMPLETED)
            if not self._pending.done():
                break
            message, self._pending = self._pending.result(), None
            if message["type"] != "websocket.receive":
                return message
            if await self._admits(message):
                return message
        return {"type": "websocket.disconnect", "code": self._gone.result()}

    async def _admits(self, message: Any) -> bool:
        text = message.get("text")
        if text is None:
            self.end(UNSUPPORTED)  # ReactPy would die of a binary frame
            return False
        if len(text) * 4 > MESSAGE_LIMIT_BYTES < len(text.encode("utf-8", "surrogatepass")):
            self.end(TOO_LARGE)
            return False
        await self._take_turn()
        return not self._gone.done() and is_layout_event(text)

    async def _take_turn(self) -> None:
        """20 a second, 60 at once; then each waits for its turn, and the browser with it."""
        now = self._loop.time()
        self._tokens = min(BURST, self._tokens + (now - self._counted_at) * EVENTS_PER_S) - 1
        self._counted_at = now
        if self._tokens >= 0:
            if self._tokens > BURST / 2:  # it has calmed down
                self._slowed = 0
            return
        self._slowed += 1
        if self._slowed > SLOWED_LIMIT:
            self.end(TOO_MANY)
            return
        await asyncio.wait({self._gone}, timeout=-self._tokens / EVENTS_PER_S)


def is_layout_event(text: str) -> bool:
    """JSON of the shape that ReactPy's client sends; its own parser ends the session on anything else."""
    try:
        return msgspec.json.decode(text, type=LayoutEvent).type == "layout-event"
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return False
