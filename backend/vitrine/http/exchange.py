"""One request and its answer: security headers on all, ETag, 304 and gzip on complete bodies, an early end for streams."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Sequence
from typing import Any

from vitrine.access.actors import Actors, Watch

Message = dict[str, Any]
Header = tuple[bytes, bytes]
COMPRESS_FROM_BYTES = 500
COMPRESS_IN_THREAD_FROM_BYTES = 200_000
COMPRESSED_TYPES = (b"application/json", b"text/html", b"application/problem+json")


class Exchange:
    """Stands in for `receive` and `send` of one request."""

    __slots__ = (
        "_actors",
        "_gone",
        "_headers",
        "_held",
        "_is_complete",
        "_is_event_stream",
        "_is_head",
        "_receive",
        "_scope",
        "_send",
        "_watch",
    )

    def __init__(
        self,
        scope: Message,
        receive: Any,
        send: Any,
        *,
        headers: Sequence[Header],
        actors: Actors | None,
        is_head: bool,
    ) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._headers, self._actors, self._is_head = headers, actors, is_head
        self._held: Message | None = None
        self._gone: asyncio.Future[None] | None = None
        self._watch: Watch | None = None
        self._is_event_stream = self._is_complete = False

    async def receive(self) -> Message:
        """As the server's; a disconnect once the stream was ended."""
        if self._gone is None:
            return await self._receive()  # type: ignore[no-any-return]
        pending = asyncio.ensure_future(self._receive())
        try:
            await asyncio.wait({pending, self._gone}, return_when=asyncio.FIRST_COMPLETED)
            return pending.result() if pending.done() else {"type": "http.disconnect"}
        finally:
            pending.cancel()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._start(message)
        elif self._held is not None:
            start, self._held = self._held, None
            if not message.get("more_body"):
                await self._finish(start, message)
            await self._send_start(start)
            await self._send_body(message)
        else:
            await self._send_body(message)

    async def close(self) -> None:
        """The application is done with this request."""
        if self._watch is not None and self._actors is not None:
            self._actors.unwatch(self._watch)
        # An event stream that we ended is complete. Half a download must not look so: the server cuts it off.
        if self._is_event_stream and self._gone is not None and self._gone.done() and not self._is_complete:
            await self._send_body({"type": "http.response.body", "body": b""})

    async def _send_start(self, message: Message) -> None:
        await self._send(message)
        if self._is_head:
            await self._send({"type": "http.response.body", "body": b""})
            self._is_complete = True
            self._end(0)  # whatever was to follow need not be made

    async def _send_body(self, message: Message) -> None:
        if not self._is_complete:
            self._is_complete = not message.get("more_body")
            await self._send(message)

    # ── the answer's head ─────────────────────────────────────────────────────────────────────────
    async def _start(self, message: Message) -> None:
        headers: list[Header] = list(message["headers"])
        found = dict(headers)
        headers += [header for header in self._headers if header[0] not in found]
        message["headers"] = headers
        is_whole = b"content-length" in found
        if (
            is_whole
            and b"content-encoding" not in found
            and found.get(b"content-type", b"").startswith(COMPRESSED_TYPES)
        ):
            handler = self._scope.get("route_handler")
            if handler is None or not handler.opt.get("no_compress"):
                self._held = message
                return
        if b"cache-control" not in found:
            headers.append((b"cache-control", b"no-store"))
        if not is_whole and not self._is_head:
            self._is_event_stream = found.get(b"content-type", b"").startswith(b"text/event-stream")
            self._watch_stream()
        await self._send_start(message)

    def _watch_stream(self) -> None:
        """The stream ends when whoever opened it signs out or loses rights."""
        actor = self._scope.get("actor")
        if actor is not None and self._actors is not None:
            self._gone = asyncio.get_running_loop().create_future()
            self._watch = self._actors.watch(actor, self._scope["headers"], self._end)

    def _end(self, _code: int) -> None:
        if self._gone is None:
            self._gone = asyncio.get_running_loop().create_future()
        if not self._gone.done():
            self._gone.set_result(None)

    # ── the answer's body ─────────────────────────────────────────────────────────────────────────
    async def _finish(self, start: Message, message: Message) -> None:
        """Both messages say 304, or the body is compressed, if the asker can take that."""
        body: bytes = message.get("body", b"")
        headers = start["headers"]
        found = dict(headers)
        asked = dict(self._scope["headers"])
        if (
            start["status"] == 200
            and self._scope["method"] == "GET"
            and found[b"content-type"].startswith(b"application/json")
        ):
            tag = found.get(b"etag")
            if tag is None:
                tag = b'W/"' + hashlib.blake2b(body, digest_size=12).hexdigest().encode() + b'"'
                headers.append((b"etag", tag))
            if b"cache-control" not in found:
                headers.append((b"cache-control", b"private, no-cache"))
            if b"if-none-match" in asked and _matches(tag, asked[b"if-none-match"]):
                start["status"], body = 304, b""
        elif b"cache-control" not in found:
            headers.append((b"cache-control", b"no-store"))
        if b"vary" not in found:
            headers.append((b"vary", b"accept-encoding, cookie, authorization"))
        if len(body) >= COMPRESS_FROM_BYTES and b"gzip" in asked.get(b"accept-encoding", b""):
            body = await _compress(body)
            headers.append((b"content-encoding", b"gzip"))
        start["headers"] = [header for header in headers if header[0] != b"content-length"]
        if start["status"] != 304:
            start["headers"].append((b"content-length", b"%d" % len(body)))
        message["body"] = body


def _matches(tag: bytes, wanted: bytes) -> bool:
    """Weak comparison, as If-None-Match asks for."""
    known = tag.removeprefix(b"W/")
    return any(one.strip().removeprefix(b"W/") in (known, b"*") for one in wanted.split(b","))


async def _compress(body: bytes) -> bytes:
    # mtime: equal bodies stay equal
    if len(body) < COMPRESS_IN_THREAD_FROM_BYTES:
        return gzip.compress(body, 4, mtime=0)
    return await asyncio.to_thread(gzip.compress, body, 4, mtime=0)
