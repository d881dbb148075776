"""The dashboard's only door to the server: the API, as the signed-in user, who may see no more here than anywhere.

In process the Litestar application is called directly (httpx alone costs 1 ms a call, and its ASGI transport cannot
stream); with `api_url` set, over HTTP. Both forward the user's own cookie, so that rights, expiry and revocation are the
API's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, Protocol, TypeVar
from urllib.parse import unquote

import msgspec

from vitrine import errors
from vitrine.errors import ServerUnreachable, VitrineError
from vitrine.settings import Settings

T = TypeVar("T")
Headers = list[tuple[bytes, bytes]]
AsgiApp = Callable[..., Any]

ANSWER_LIMIT_S = 30.0
SILENCE_LIMIT_S = 45.0  # a live stream says something every 15 s
RETRY_S = 1.0
FORWARDED = frozenset({b"cookie", b"origin", b"host", b"user-agent"})


class Problem(msgspec.Struct):
    """An `application/problem+json` answer."""

    title: str = ""
    status: int = 500
    detail: str = ""
    code: str = ""
    facts: dict[str, Any] = {}


class Answer(Protocol):
    status: int

    def chunks(self) -> AsyncIterator[bytes]: ...


class Transport(Protocol):
    """`ask` opens an answer whose body arrives in pieces; leaving it ends the request."""

    def ask(self, method: str, path: str, headers: Headers, body: bytes) -> Any: ...


class Api:
    """The API as one signed-in user."""

    def __init__(self, transport: Transport, scope_headers: Headers) -> None:
        self._transport = transport
        forwarded = [(name, value) for name, value in scope_headers if name in FORWARDED]
        self._headers = [*forwarded, (b"accept-encoding", b"identity")]

    async def load(self, path: str, type_: type[T]) -> T:
        """What GET answers. Raises: VitrineError as the API's problem says."""
        return msgspec.json.decode(await self._call("GET", path), type=type_)

    async def post(self, path: str, body: object, type_: type[T]) -> T:
        return msgspec.json.decode(await self._call("POST", path, body), type=type_)

    async def patch(self, path: str, body: object, type_: type[T]) -> T:
        return msgspec.json.decode(await self._call("PATCH", path, body), type=type_)

    async def delete(self, path: str) -> None:
        await self._call("DELETE", path)

    async def live(self, path: str) -> AsyncGenerator[dict[str, Any], None]:
        """Each change from now on; `{"kind": "reset"}` where some may have been missed. Ends with the user's rights."""
        after = ""
        while True:
            try:
                async with aclosing(self._follow(f"{path}?after={after}" if after else path)) as events:
                    async for event in events:
                        after = str(event.get("id", after))
                        yield event
            except (ServerUnreachable, TimeoutError):
                pass
            except VitrineError as error:
                if error.status < 500:
                    return
            await asyncio.sleep(RETRY_S)

    async def _follow(self, path: str) -> AsyncGenerator[dict[str, Any], None]:
        headers = [*self._headers, (b"accept", b"text/event-stream")]
        async with self._transport.ask("GET", path, headers, b"") as answer:
            if answer.status != 200:
                raise read_problem(answer.status, b"".join([piece async for piece in answer.chunks()]))
            rest = b""
            async for piece in within(answer.chunks(), SILENCE_LIMIT_S):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    if line.startswith(b"data:"):
                        yield msgspec.json.decode(line[5:])

    async def _call(self, method: str, path: str, body: object = None) -> bytes:
        content = b"" if body is None else msgspec.json.encode(body)
        headers = [
            *self._headers,
            (b"accept", b"application/json"),
            (b"content-length", b"%d" % len(content)),
        ]
        if content:
            headers.append((b"content-type", b"application/json"))
        try:
            async with (
                asyncio.timeout(ANSWER_LIMIT_S),
                self._transport.ask(method, path, headers, content) as answer,
            ):
                text = b"".join([piece async for piece in answer.chunks()])
        except TimeoutError:
            raise ServerUnreachable(f"The server did not answer in {ANSWER_LIMIT_S:.0f} s.") from None
        if answer.status >= 400:
            raise read_problem(answer.status, text)
        return text or b"null"


def read_problem(status: int, body: bytes) -> VitrineError:
    """The error that an answer of the API tells of, as the class that its code names."""
    try:
        problem = msgspec.json.decode(body, type=Problem)
    except msgspec.MsgspecError:
        problem = Problem(
            title="The server failed", status=status, detail=f"It answered {status} and did not say why."
        )
    named = getattr(errors, problem.code, VitrineError)
    kind = named if isinstance(named, type) and issubclass(named, VitrineError) else VitrineError
    error = kind.__new__(kind)
    VitrineError.__init__(error, problem.detail, **problem.facts)
    error.status = status
    error.title = problem.title
    return error


async def within(pieces: AsyncIterator[bytes], limit_s: float) -> AsyncGenerator[bytes, None]:
    """The same pieces. Raises: TimeoutError when one is late."""
    while True:
        async with asyncio.timeout(limit_s):
            piece = await anext(pieces, None)
        if piece is None:
            return
        yield piece


# ── in this process ───────────────────────────────────────────────────────────────────────────────
class InProcess:
    """Calls an ASGI application and hands on its body as it comes."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    @asynccontextmanager
    async def ask(
        self, method: str, path: str, headers: Headers, body: bytes
    ) -> AsyncIterator[InProcessAnswer]:
        answer = InProcessAnswer(body)
        target, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(target),
            "raw_path": target.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": headers,
            "server": ("in-process", 0),
            "client": ("in-process", 0),
            "state": {},
        }
        task = asyncio.ensure_future(self._app(scope, answer.receive, answer.send))
        task.add_done_callback(answer.end)
        try:
            await asyncio.wait({task, answer.has_begun}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.has_begun.done():
                task.result()
                raise ServerUnreachable("The server ended without an answer.")
            yield answer
        finally:
            answer.leave()
            if not task.done() and not answer.is_complete:
                task.cancel()  # else a page closed at this moment leaves a stream behind


class InProcessAnswer:
    """One request's both ends. 16 pieces wait at most, so that a fast stream waits for its reader."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(16)
        self._left = asyncio.Event()
        self._is_over = False
        self.has_begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_complete = False
        self.status = 500

    async def receive(self) -> dict[str, Any]:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if not self.has_begun.done():
                self.has_begun.set_result(None)
            return
        if self._left.is_set():
            return
        if body := message.get("body"):
            await self._pieces.put(body)
        if not message.get("more_body"):
            self.is_complete = True
            await self._pieces.put(None)

    async def chunks(self) -> AsyncIterator[bytes]:
        while (
            not (self._is_over and self._pieces.empty()) and (piece := await self._pieces.get()) is not None
        ):
            yield piece

    def end(self, task: asyncio.Task[None]) -> None:
        """The application is done, be it by an exception: whoever waits for a piece waits no longer."""
        self._is_over = True
        if not task.cancelled():
            task.exception()
        with suppress(asyncio.QueueFull):
            self._pieces.put_nowait(None)

    def leave(self) -> None:
        self._left.set()
        if not self.has_begun.done():
            self.has_begun.cancel()


# ── over HTTP ─────────────────────────────────────────────────────────────────────────────────────
class Remote:
    """An API of another process, at `url`."""

    def __init__(self, url: str) -> None:
        import httpx

        self._client = httpx.AsyncClient(base_url=url, timeout=httpx.Timeout(10, read=SILENCE_LIMIT_S))

    @asynccontextmanager
    async def ask(self, method: str, path: str, headers: Headers, body: bytes) -> AsyncIterator[RemoteAnswer]:
        import httpx

        sent = [pair for pair in headers if pair[0] != b"host"]
        try:
            async with self._client.stream(method, path, headers=sent, content=body) as response:
                yield RemoteAnswer(response)
        except httpx.TransportError as error:
            raise ServerUnreachable(f"The server did not answer: {error}") from error


class RemoteAnswer:
    def __init__(self, response: Any) -> None:
        self._response = response
        self.status: int = response.status_code

    def chunks(self) -> AsyncIterator[bytes]:
        pieces: AsyncIterator[bytes] = self._response.aiter_bytes()
        return pieces


def make_transport(settings: Settings, app: AsgiApp) -> Transport:
    return Remote(settings.api_url) if settings.api_url else InProcess(app)
