"""The outermost door: hosts, origins, sockets and their limits, and that whoever is put out is out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from tests.conftest import ORIGIN, RunningServer, make_client, open_session, started
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from vitrine.access.actors import Actors
from vitrine.access.sessions import open_session as insert_session
from vitrine.app import Application, create_app
from vitrine.live.hub import Hub
from vitrine.projects.bootstrap import ADMINISTRATOR_ID
from vitrine.settings import Settings
from vitrine_ui.api import InProcess

LIVE = "/api/v1/projects/default/live"


def socket(
    server: RunningServer, *, cookie: str | None = None, origin: str | None = "", **headers: str
) -> Any:
    """A connection to the dashboard's socket, to be entered; by default from our own origin."""
    address = server.url.replace("http", "ws") + "/reactpy/vitrine_ui.app.Root/?path=/settings&qs="
    given = {**headers, **({"cookie": cookie} if cookie else {})}
    said = server.url if origin == "" else origin
    return connect(address, origin=said, additional_headers=given, max_size=None, proxy=None)  # type: ignore[arg-type]


async def closing_code(connection: ClientConnection, *, within_s: float = 5) -> int | None:
    """The code that the server closes with, whatever it sends before."""
    try:
        async with asyncio.timeout(within_s):
            while True:
                await connection.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


@pytest.fixture
async def cookie(running_server: RunningServer) -> str:
    return await asyncio.to_thread(open_session, running_server)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", None, "http://127.0.0.1.evil.example"])
async def test_a_socket_from_another_origin_never_opens(
    running_server: RunningServer, cookie: str, origin: str | None
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with socket(running_server, cookie=cookie, origin=origin):
            pass
    assert refused.value.response.status_code == 403


async def test_a_socket_to_another_host_never_opens(running_server: RunningServer, cookie: str) -> None:
    port = int(running_server.url.rpartition(":")[2])
    evil = f"ws://evil.example:{port}/reactpy/vitrine_ui.app.Root/?path=/&qs="
    with pytest.raises(InvalidStatus) as refused:
        async with connect(
            evil,
            host="127.0.0.1",
            port=port,
            origin=running_server.url,  # type: ignore[arg-type]
            additional_headers={"cookie": cookie},
            proxy=None,
        ):
            pass
    assert refused.value.response.status_code == 403


async def test_a_socket_with_an_address_that_cannot_be_read_never_opens(
    running_server: RunningServer, cookie: str
) -> None:
    root = running_server.url.replace("http", "ws") + "/reactpy/vitrine_ui.app.Root/"
    given: dict[str, Any] = {
        "origin": running_server.url,
        "additional_headers": {"cookie": cookie},
        "proxy": None,
    }
    for query in ("?x", "?path=/&x", "?&"):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(root + query, **given):
                pass
        assert refused.value.response.status_code == 403


async def test_a_socket_without_a_session_is_told_to_sign_in(running_server: RunningServer) -> None:
    bearer = f"Bearer {running_server.token}"
    for given in ({}, {"cookie": "vitrine_session=" + "x" * 43}, {"authorization": bearer}):
        async with socket(running_server, **given) as connection:
            assert await closing_code(connection) == 4401


@pytest.mark.parametrize(("message", "code"), [(b"\x00\x01", 1003), ("x" * 65_537, 1009)])
async def test_a_message_that_no_page_of_ours_sends_closes_the_socket(
    running_server: RunningServer, cookie: str, message: str | bytes, code: int
) -> None:
    async with socket(running_server, cookie=cookie) as connection:
        await connection.recv()
        await connection.send(message)
        assert await closing_code(connection) == code


async def test_what_is_no_event_of_a_page_is_dropped(running_server: RunningServer, cookie: str) -> None:
    nonsense = [
        "not json",
        "[]",
        "1",
        '{"type":"layout-event"}',
        '{"type":1,"target":2,"data":3}',
        "[" * 60_000,
        "{}",
        '"\\ud800"',
    ]
    async with socket(running_server, cookie=cookie) as connection:
        await connection.recv()
        for one in nonsense:
            await connection.send(one)
        await connection.send(json.dumps({"type": "layout-event", "target": "/nobody", "data": []}))
        with pytest.raises(TimeoutError):
            await closing_code(connection, within_s=1)


async def test_signing_out_closes_sockets_and_streams_at_once(
    running_server: RunningServer, cookie: str
) -> None:
    url, headers = running_server.url, {"cookie": cookie, "origin": running_server.url}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=10) as client,
        socket(running_server, cookie=cookie) as connection,
    ):
        await connection.recv()
        async with client.stream("GET", url + LIVE, headers=headers) as stream:
            pieces = stream.aiter_raw()
            await anext(pieces)
            assert (await client.post(url + "/auth/sign-out", headers=headers)).status_code == 303
            async with asyncio.timeout(5):
                assert await closing_code(connection) == 4401
                async for _ in pieces:
                    pass
        assert (await client.get(url + "/api/v1/me", headers=headers)).status_code == 401


async def test_revoking_a_token_ends_its_streams(running_server: RunningServer) -> None:
    async with httpx.AsyncClient(
        base_url=running_server.url, headers=running_server.headers, trust_env=False, timeout=10
    ) as client:
        made = (await client.post("/api/v1/tokens", json={"name": "stream"})).json()
        async with client.stream("GET", LIVE, headers={"authorization": f"Bearer {made['token']}"}) as stream:
            pieces = stream.aiter_raw()
            await anext(pieces)
            assert (await client.delete(f"/api/v1/tokens/{made['item']['id']}")).status_code == 204
            async with asyncio.timeout(5):
                async for _ in pieces:
                    pass


async def test_below_a_path_streams_end_as_well(settings: Settings) -> None:
    below = msgspec.structs.replace(settings, base_path="/ml")
    async with started(create_app(below)) as app:
        async with app.state.pool.acquire() as db:
            session_id = await insert_session(db, ADMINISTRATOR_ID, settings)
        cookie = (b"cookie", f"vitrine_session={session_id}".encode())
        async with InProcess(app).ask("GET", f"/ml{LIVE}", [(b"host", b"testserver"), cookie], b"") as stream:
            assert stream.status == 200
            pieces = stream.chunks()
            await anext(pieces)
            client = make_client(app, cookies={"vitrine_session": session_id})
            assert (await client.post("/ml/auth/sign-out", headers={"origin": ORIGIN})).status_code == 303
            async with asyncio.timeout(5):
                async for _ in pieces:
                    pass


@asynccontextmanager
async def second_process(settings: Settings) -> AsyncIterator[Application]:
    """Another application on the same database, as on another machine."""
    async with started(create_app(settings)) as app:
        yield app


async def test_signing_out_is_known_to_other_processes_within_five_seconds(
    app: Application, settings: Settings
) -> None:
    async with app.state.pool.acquire() as db:
        session_id = await insert_session(db, ADMINISTRATOR_ID, settings)
    cookies = {"vitrine_session": session_id}
    ended: list[int] = []
    async with second_process(settings) as other:
        here, there = make_client(app, cookies=cookies), make_client(other, cookies=cookies)
        assert (await there.get("/api/v1/me")).status_code == 200
        headers = [(b"cookie", f"vitrine_session={session_id}".encode())]
        other.state.actors.watch(await other.state.actors.find(headers), headers, ended.append)
        await here.post("/auth/sign-out", headers={"origin": ORIGIN})
        async with asyncio.timeout(5):
            while (await there.get("/api/v1/me")).status_code != 401 or not ended:
                await asyncio.sleep(0.02)
    assert ended == [4401]


async def test_what_happened_before_a_process_began_to_listen_is_not_missed(
    app: Application, settings: Settings
) -> None:
    hub = Hub()
    actors = Actors(app.state.pool, settings)
    listening = asyncio.create_task(actors.run(hub))
    async with app.state.pool.acquire() as db:
        session_id = await insert_session(db, ADMINISTRATOR_ID, settings)
    headers = [(b"cookie", f"vitrine_session={session_id}".encode())]
    actor = await actors.find(headers)
    assert actor is not None
    ended: list[int] = []
    actors.watch(actor, headers, ended.append)
    client = make_client(app, cookies={"vitrine_session": session_id})
    await client.post("/auth/sign-out", headers={"origin": ORIGIN})
    async with app.state.pool.acquire() as db:
        await hub.look(db)  # only now does it hear of anything
    async with asyncio.timeout(5):
        while not ended:
            await asyncio.sleep(0.01)
    assert await actors.find(headers) is None
    listening.cancel()


async def test_a_change_of_rights_makes_open_pages_come_back_under_the_new_ones(
    app: Application, settings: Settings
) -> None:
    actors = app.state.actors
    async with app.state.pool.acquire() as db:
        session_id = await insert_session(db, ADMINISTRATOR_ID, settings)
    headers = [(b"cookie", f"vitrine_session={session_id}".encode())]
    ended: list[int] = []
    actors.watch(await actors.find(headers), headers, ended.append)
    await actors.refresh()
    assert ended == []  # somebody else's rights
    await app.state.pool.execute(
        "insert into project (id, workspace_id, slug, name) select gen_random_uuid(), id, 'new', 'New' from workspace"
    )
    await actors.refresh()
    assert ended == [1012]


async def test_a_session_that_expires_closes_what_it_holds_open(app: Application, settings: Settings) -> None:
    actors = app.state.actors
    async with app.state.pool.acquire() as db:
        until = datetime.now(UTC) + timedelta(seconds=0.3)
        session_id = await insert_session(db, ADMINISTRATOR_ID, settings, until=until)
    headers = [(b"cookie", f"vitrine_session={session_id}".encode())]
    ended: asyncio.Queue[int] = asyncio.Queue()
    actors.watch(await actors.find(headers), headers, ended.put_nowait)
    async with asyncio.timeout(3):
        assert await ended.get() == 4401
    assert datetime.now(UTC) >= until


async def test_another_host_is_refused_but_may_ask_for_health(app: Application) -> None:
    client = make_client(app)
    for host in ("evil.example", "testserver.evil.example", "testserver:81", ""):
        refused = await client.get("/api/v1/me", headers={"host": host})
        assert (refused.status_code, refused.json()["code"]) == (421, "UnknownHost"), host
        assert (await client.get("/health/live", headers={"host": host or "x"})).status_code == 200
    forwarded = await client.get(
        "/api/v1/me", headers={"host": "evil.example", "x-forwarded-host": "testserver"}
    )
    assert forwarded.status_code == 421


async def test_every_answer_carries_the_policy(app: Application, api: httpx.AsyncClient) -> None:
    for path in ("/api/v1/me", "/api/v1/nothing", "/health/live", "/auth/sign-in"):
        headers = (await api.get(path)).headers
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "strict-transport-security" not in headers  # plain HTTP


async def test_a_body_that_is_known_is_not_sent_again(api: httpx.AsyncClient, app: Application) -> None:
    first = await api.get("/api/v1/projects/default")
    assert first.headers["cache-control"] == "private, no-cache"
    again = await api.get(
        "/api/v1/projects/default", headers={"if-none-match": f'"x", {first.headers["etag"]}'}
    )
    assert (again.status_code, again.content) == (304, b"")
    await app.state.pool.execute("update project set description = 'new'")
    changed = await api.get("/api/v1/projects/default", headers={"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200
    await app.state.pool.execute("update project set description = ''")


async def test_long_answers_travel_compressed_and_equal_ones_stay_equal(api: httpx.AsyncClient) -> None:
    plain = await api.get("/api/v1/openapi.json", headers={"accept-encoding": "identity"})
    packed = await api.get("/api/v1/openapi.json", headers={"accept-encoding": "gzip, br"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 3
    assert packed.content == plain.content
    assert packed.headers["etag"] == plain.headers["etag"]
    assert "accept-encoding" in packed.headers["vary"]


async def test_head_tells_what_get_would(api: httpx.AsyncClient) -> None:
    got, head = await api.get("/api/v1/me"), await api.head("/api/v1/me")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers == got.headers


async def test_head_of_a_stream_ends(running_server: RunningServer) -> None:
    async with httpx.AsyncClient(headers=running_server.headers, trust_env=False, timeout=5) as client:
        head = await client.head(running_server.url + LIVE)
        assert head.status_code == 200
        assert head.headers["content-type"].startswith("text/event-stream")
        assert (await client.get(running_server.url + "/api/v1/me")).status_code == 200


async def test_the_server_does_not_say_what_it_is_made_of(running_server: RunningServer) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        assert "server" not in (await client.get(running_server.url + "/health/live")).headers
