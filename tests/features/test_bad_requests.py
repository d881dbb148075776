"""What no program of ours sends: refused in one form, with a reason, and never a 5xx."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import msgspec
import pytest
from tests.conftest import RunningServer, make_client, started
from tests.features.test_permissions import fill_in, walk

from vitrine.app import Application, create_app
from vitrine.settings import Settings

JSON = {"content-type": "application/json"}
DEEP = b'{"a":' * 50_000 + b"1" + b"}" * 50_000


def read_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    problem: dict[str, Any] = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "code", "facts"}
    assert problem["status"] == status
    assert problem["detail"]
    return problem


async def test_an_address_that_is_none_says_so(api: httpx.AsyncClient) -> None:
    for path in (
        "/api/v1/nothing",
        "/api/v2/me",
        "/api",
        "/api/v1/projects/default/nothing",
        "/api/v1/me/x",
        "/auth/x",
    ):
        problem = read_problem(await api.get(path), 404)
        assert problem["code"] == "NotFound"
        assert path in problem["detail"]


async def test_a_method_that_is_none_says_so(api: httpx.AsyncClient) -> None:
    answer = await api.put("/api/v1/me", json={})
    assert read_problem(answer, 405)["code"] == "MethodNotAllowed"
    assert "GET" in answer.headers["allow"]


async def test_a_field_that_nobody_knows_is_named(api: httpx.AsyncClient) -> None:
    problem = read_problem(await api.post("/api/v1/tokens", json={"name": "x", "is_admin": True}), 422)
    assert problem["code"] == "Invalid"
    assert "is_admin" in problem["detail"]


async def test_a_field_of_the_wrong_kind_is_named(api: httpx.AsyncClient) -> None:
    problem = read_problem(await api.post("/api/v1/tokens", json={"name": "x", "role": "king"}), 422)
    assert "role" in problem["detail"]
    assert "king" in problem["detail"]
    problem = read_problem(await api.get("/api/v1/audit", params={"limit": "many"}), 422)
    assert "limit" in problem["detail"]
    assert (
        read_problem(await api.get("/api/v1/audit", params={"limit": "201"}), 422)["facts"]["errors"][0][
            "key"
        ]
        == "limit"
    )


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"nonsense", b'{"name": "\xff\xfe"}', b"\x00", b'{"name":"\\ud800"}', b"[" * 100_000, DEEP],
)
async def test_a_body_that_cannot_be_read_is_refused(api: httpx.AsyncClient, body: bytes) -> None:
    for path in ("/api/v1/tokens", "/api/v1/projects/default/events"):
        answer = await api.post(path, content=body, headers=JSON)
        assert answer.status_code in (400, 422), (path, answer.text)
        read_problem(answer, answer.status_code)


async def test_a_character_that_cannot_be_stored_is_refused(api: httpx.AsyncClient) -> None:
    problem = read_problem(await api.post("/api/v1/tokens", json={"name": "a\x00b"}), 422)
    assert "U+0000" in problem["detail"]


async def test_a_body_too_large_is_refused_announced_or_not(api: httpx.AsyncClient) -> None:
    large = b'{"name":"' + b"x" * 1_000_000 + b'"}'
    assert (
        read_problem(await api.post("/api/v1/tokens", content=large, headers=JSON), 413)["code"] == "TooLarge"
    )

    async def pieces() -> Any:
        for _ in range(20):
            yield b"x" * 100_000

    read_problem(await api.post("/api/v1/tokens", content=pieces(), headers=JSON), 413)


async def test_nothing_that_is_sent_breaks_a_route(app: Application, api: httpx.AsyncClient) -> None:
    bodies = [b"", b"[]", b"null", b'{"a":1}', b'"\xff"', b"[" * 20_000, b'{"name":"\\u0000"}']
    for method, pattern, permission in walk(app):
        if permission == "public" or method == "GET":
            continue
        for body in bodies:
            answer = await api.request(method, fill_in(pattern, "default"), content=body, headers=JSON)
            assert answer.status_code < 500, (method, pattern, body[:20], answer.text)


async def test_no_parameter_breaks_a_route(app: Application, api: httpx.AsyncClient) -> None:
    paths = (await api.get("/api/v1/openapi.json")).json()["paths"]
    asked = 0
    for path, operations in paths.items():
        names = [
            one["name"] for one in operations.get("get", {}).get("parameters", []) if one["in"] == "query"
        ]
        if path.endswith("/live"):
            continue
        filled = re.sub(r"\{\w+\}", "1", path.replace("{project}", "default"))
        for name in names:
            for value in (
                "%00",
                "%ff",
                "%27",
                "%22",
                "{}",
                "$1",
                "-1",
                "9" * 30,
                "NaN",
                "..%2fx",
                "x" * 3_000,
            ):
                answer = await api.get(f"{filled}?{name}={value}")
                assert answer.status_code < 500, (path, name, value, answer.text)
                asked += 1
    assert asked > 200


async def test_no_name_in_a_path_breaks_a_route(app: Application, api: httpx.AsyncClient) -> None:
    for _, pattern, permission in [one for one in walk(app) if one[0] == "GET"]:
        if permission == "public" or pattern.endswith("/live"):
            continue
        for name in (
            "%00",
            "%ff",
            "%27",
            "..",
            "%2e%2e",
            "%252e%252e",
            "0",
            "9" * 30,
            "latest",
            "%E2%80%AE",
            "x" * 3_000,
        ):
            path = fill_in(pattern, "default")
            for filled in {path.replace("/default", f"/{name}"), path.replace("/1", f"/{name}")} - {path}:
                answer = await api.get(filled)
                assert answer.status_code < 500, (filled[:200], answer.text)


async def test_a_repeated_header_breaks_nothing(app: Application, admin_token: str) -> None:
    client = make_client(app)
    twice = [
        ("authorization", f"Bearer {admin_token}"),
        ("authorization", "Bearer other"),
        ("content-type", "x"),
        ("content-type", "y"),
    ]
    assert (await client.get("/api/v1/me", headers=twice)).status_code in (200, 400, 401)
    for value in (
        "",
        "Bearer",
        "Bearer ",
        "Basic eDp5",
        "Bearer vit_x",
        "bearer " + admin_token,
        "Bearer \xff",
    ):
        answer = await client.get("/api/v1/me", headers={"authorization": value.encode("latin-1")})
        assert answer.status_code == (200 if value.startswith("bearer") else 401), value


async def test_bytes_that_are_no_http_break_nothing(running_server: RunningServer) -> None:
    port = int(running_server.url.rpartition(":")[2])
    for sent in (
        b"\x16\x03\x01\x02\x00",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"x" * 70_000 + b"\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        async with asyncio.timeout(5):
            first = await reader.readline()
        writer.close()
        assert not first.startswith(b"HTTP/1.1 5"), first
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(running_server.url + "/health/ready")).status_code == 200


async def test_a_database_that_is_away_is_said_with_when_to_try_again(settings: Settings) -> None:
    away = msgspec.structs.replace(settings, pool_size=1)
    async with started(create_app(away)) as app:
        client = make_client(app, "vit_" + "x" * 22 + "_" + "y" * 43)
        async with app.state.pool.acquire():
            full = await client.get("/api/v1/me")
            assert read_problem(full, 503)["code"] == "Unavailable"
            assert int(full.headers["retry-after"]) > 0
            assert (await client.get("/health/live")).status_code == 200
            assert (await client.get("/health/ready")).status_code == 503


async def test_an_unexpected_failure_gives_a_reference_and_no_secret(
    app: Application, api: httpx.AsyncClient, admin_token: str, caplog: pytest.LogCaptureFixture
) -> None:
    await app.state.pool.execute("alter table audit rename to audit_gone")
    try:
        answer = await api.get(
            "/api/v1/audit?code=CANARY", headers={"x-canary": "CANARY", "cookie": "a=CANARY"}
        )
    finally:
        await app.state.pool.execute("alter table audit_gone rename to audit")
    problem = read_problem(answer, 500)
    assert problem["facts"]["reference"] in caplog.text
    assert "audit" not in problem["detail"]
    assert "CANARY" not in caplog.text
    assert admin_token not in caplog.text


async def test_a_write_is_kept_whole_or_not_at_all(app: Application, api: httpx.AsyncClient) -> None:
    await app.state.pool.execute("alter table audit rename to audit_gone")
    try:
        assert (await api.post("/api/v1/tokens", json={"name": "half"})).status_code == 500
    finally:
        await app.state.pool.execute("alter table audit_gone rename to audit")
    assert "half" not in (await api.get("/api/v1/tokens")).text
