"""Flaws that were published of programs like this one, tried on it. Each test is named by its advisory."""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path

import httpx
import msgspec
import pytest
from tests.conftest import ORIGIN, RunningServer, make_client, started
from tests.features.test_signing_in import COOKIE, fill_form, fresh_link

from vitrine.access.cookies import SESSION, name_cookie
from vitrine.app import Application, create_app
from vitrine.errors import Invalid
from vitrine.settings import Settings, read_settings

EVENTS = "/api/v1/projects/default/events"


async def sign_in(app: Application) -> httpx.AsyncClient:
    browser = make_client(app)
    browser.headers["origin"] = ORIGIN
    assert (await browser.get(await fresh_link(app))).status_code == 303
    return browser


async def test_cve_2022_38054_a_planted_session_is_worth_nothing(app: Application, admin_token: str) -> None:
    victim = make_client(app, cookies={COOKIE: "planted" * 6})
    victim.headers["origin"] = ORIGIN
    entered = await victim.get(await fresh_link(app))
    assert "planted" not in entered.headers["set-cookie"]
    attacker = make_client(app, cookies={COOKIE: "planted" * 6})
    assert (await attacker.get("/api/v1/me")).status_code == 401


async def test_cve_2023_40273_a_session_does_not_survive_signing_out(app: Application) -> None:
    browser = await sign_in(app)
    stolen = make_client(app, cookies={COOKIE: browser.cookies[COOKIE]})
    assert (await stolen.get("/api/v1/me")).status_code == 200
    await browser.post("/auth/sign-out")
    assert (await stolen.get("/api/v1/me")).status_code == 401


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "/\\evil.example",
        "/%5cevil.example",
        "/%2fevil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\r\nset-cookie: a=b",
        "///evil.example",
        "\\\\evil.example",
        "/auth/sign-out",
        "evil",
        "",
    ],
)
async def test_cve_2022_45402_next_leads_nowhere_else(
    app: Application, admin_token: str, wanted: str
) -> None:
    browser = make_client(app)
    browser.headers["origin"] = ORIGIN
    assert (await fill_form(browser, admin_token, next=wanted)).headers["location"] == "/"
    assert (await browser.get("/auth/sign-in", params={"next": wanted})).headers["location"] == "/"
    link = await fresh_link(app)
    assert (await browser.get(link, params={"code": link.partition("=")[2], "next": wanted})).headers[
        "location"
    ] == "/"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../pyproject.toml",
        "/static/%2e%2e/%2e%2e/pyproject.toml",
        "/static/x/../../../pyproject.toml",
        "/static/x/..%2f..%2fboot.js",
        "/static/..%5c..%5cx",
        "/static_x/boot.js",
        "/reactpy/modules/../../static/index.js",
        "/reactpy/modules/%2e%2e/%2e%2e/x",
        "/reactpy/static/../../__init__.py",
        "/reactpy/static/%2e%2e/%2e%2e/__init__.py",
        "/reactpy/static/..%252f..%252f__init__.py",
        "/reactpy/static//etc/passwd",
    ],
)
async def test_cve_2022_35918_no_file_beside_the_served_ones(
    running_server: RunningServer, path: str
) -> None:
    # by hand: a client would tidy the path up
    reader, writer = await asyncio.open_connection("127.0.0.1", int(running_server.url.rpartition(":")[2]))
    host = running_server.url.removeprefix("http://")
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nSec-Fetch-Dest: script\r\nConnection: close\r\n\r\n".encode()
    )
    async with asyncio.timeout(5):
        answer = (await reader.read()).decode(errors="replace")
    writer.close()
    assert answer.startswith("HTTP/1.1 404"), answer[:200]


async def test_cve_2023_1387_a_token_in_the_address_is_ignored(app: Application, admin_token: str) -> None:
    anonymous = make_client(app)
    for name in ("token", "access_token", "auth_token", "api_key", COOKIE):
        assert (await anonymous.get("/api/v1/me", params={name: admin_token})).status_code == 401


async def test_cve_2024_24593_a_form_of_another_site_changes_nothing(app: Application) -> None:
    browser = await sign_in(app)
    body = '{"events": []}'
    kinds = (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; a=application/json",
        "",
    )
    for kind in kinds:
        headers = {"origin": ORIGIN, **({"content-type": kind} if kind else {})}
        refused = await browser.post(EVENTS, content=body, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "CrossSite"), kind
    for origin in (
        "http://evil.example",
        "null",
        f"{ORIGIN}.evil.example",
        f"{ORIGIN}:81",
        "http://testserver@evil",
        "",
    ):
        refused = await browser.post(
            EVENTS, content=body, headers={"origin": origin, "content-type": "application/json"}
        )
        assert (refused.status_code, refused.json()["code"]) == (403, "CrossSite"), origin
        assert (await browser.post("/auth/sign-out", headers={"origin": origin})).status_code == 403
        assert (
            await browser.delete(
                f"/api/v1/tokens/{'0' * 8}-0000-0000-0000-{'0' * 12}", headers={"origin": origin}
            )
        ).status_code == 403
    wanted = await browser.post(EVENTS, content=body, headers={"content-type": "application/json"})
    assert wanted.status_code == 200


async def test_cve_2022_21703_a_request_that_says_no_origin_needs_the_browsers_word(app: Application) -> None:
    browser = await sign_in(app)
    del browser.headers["origin"]
    for site, status in (
        ("cross-site", 403),
        ("same-site", 403),
        ("none", 403),
        ("", 403),
        ("same-origin", 200),
    ):
        answer = await browser.post(
            EVENTS, json={"events": []}, headers={"sec-fetch-site": site} if site else {}
        )
        assert answer.status_code == status, site


async def test_cve_2024_7760_the_csrf_token_is_the_sessions_own(app: Application) -> None:
    browser, other = await sign_in(app), await sign_in(app)
    own = (await browser.get("/api/v1/me")).json()["csrf"]
    foreign = (await other.get("/api/v1/me")).json()["csrf"]
    assert own != foreign
    for token, status in ((own, 200), (foreign, 403), ("", 403), (own[:-1], 403)):
        headers = {"x-csrf-token": token, "content-type": "application/json"}
        assert (await browser.post(EVENTS, content='{"events":[]}', headers=headers)).status_code == status


async def test_cve_2025_59152_rotating_forwarded_addresses_do_not_help(settings: Settings) -> None:
    async with started(create_app(settings)) as app:
        client = make_client(app)
        codes = []
        for number in range(20):
            forwarded = {
                "x-forwarded-for": f"10.0.0.{number}",
                "x-real-ip": f"10.0.1.{number}",
                "forwarded": f"for=10.0.2.{number}",
            }
            codes.append((await client.get("/auth/link?code=wrong", headers=forwarded)).status_code)
        assert codes[-1] == 429
        assert codes.count(429) == 10


async def test_go_2024_2844_known_and_unknown_tokens_are_refused_alike(
    app: Application, admin_token: str
) -> None:
    known = admin_token[:26] + "_" + "A" * 43
    unknown = "vit_" + "A" * 22 + "_" + "A" * 43
    client = make_client(app)
    took: dict[str, list[float]] = {known: [], unknown: []}
    texts = set()
    for _ in range(60):
        for token in (known, unknown):
            begin = time.perf_counter()
            answer = await client.get("/api/v1/me", headers={"authorization": f"Bearer {token}"})
            took[token].append(time.perf_counter() - begin)
            assert answer.status_code == 401
            texts.add(answer.text)
    assert len(texts) == 1
    assert abs(statistics.median(took[known]) - statistics.median(took[unknown])) < 0.005


async def test_cve_2023_27524_there_is_no_default_secret(app: Application) -> None:
    pool = app.state.pool
    assert await pool.fetchval("select count(*) from app_user where password_hash is not null") == 0
    stored = await pool.fetch("select secret_hash from token union all select id_hash from browser_session")
    assert all(len(row[0]) == 32 for row in stored)
    client = make_client(app)
    client.headers["origin"] = ORIGIN
    for guess in ("", "admin", "default", "password"):
        assert (await fill_form(client, guess)).status_code == 401


def test_cve_2023_27524_a_server_without_settings_does_not_start() -> None:
    with pytest.raises(Invalid, match="DATABASE_URL"):
        read_settings({})
    with pytest.raises(Invalid, match="VITRINE_ORIGINS"):
        read_settings({"DATABASE_URL": "postgresql://x"})


async def test_cve_2026_25478_origins_are_compared_whole(settings: Settings) -> None:
    wanted = msgspec.structs.replace(settings, origins=("https://good.example.com",))
    async with started(create_app(wanted)) as app:
        transport = httpx.ASGITransport(app=app)
        for host in (
            "goodXexample.com",
            "good.example.com.evil",
            "evilgood.example.com",
            "good.example.com:8443",
        ):
            async with httpx.AsyncClient(
                transport=transport, base_url=f"https://{host}", trust_env=False
            ) as client:
                assert (await client.get("/api/v1/me")).status_code == 421, host


async def test_pysec_2026_2603_links_lead_to_the_configured_address(
    app: Application, anonymous_api: httpx.AsyncClient
) -> None:
    for name in ("x-forwarded-host", "x-host", "x-forwarded-server", "x-original-url"):
        answer = await anonymous_api.get("/auth/sign-in", headers={name: "evil.example"})
        assert "evil.example" not in answer.text + str(answer.headers)


async def test_cve_2026_25480_what_a_person_sees_is_in_no_shared_cache(
    app: Application, api: httpx.AsyncClient
) -> None:
    for path in ("/api/v1/me", "/api/v1/projects", "/api/v1/tokens", "/auth/sign-in", "/api/v1/nothing"):
        control = (await api.get(path)).headers["cache-control"]
        assert control == "no-store" or control.startswith("private")


async def test_cve_2026_48060_a_hostile_cookie_is_not_written_into_the_page(app: Application) -> None:
    hostile = '"><script>alert(1)</script>'
    before = name_cookie(app.state.settings, "vitrine_before")
    answer = await make_client(app).get(
        "/auth/sign-in", headers={"cookie": f"{before}={hostile}; {SESSION}={hostile}"}
    )
    assert "<script" not in answer.text
    assert "alert" not in answer.headers["set-cookie"]
    page = await make_client(app).get("/auth/sign-in", params={"next": '/"><script>alert(1)</script>'})
    assert "<script" not in page.text


async def test_cve_2023_6568_a_hostile_header_is_not_reflected_as_html(api: httpx.AsyncClient) -> None:
    answer = await api.post(
        "/api/v1/tokens", content=b"{", headers={"content-type": "<img src=x onerror=alert(1)>"}
    )
    assert answer.status_code in (400, 415, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_cve_2024_2035_nobody_makes_themselves_more(viewer_api: httpx.AsyncClient) -> None:
    assert (await viewer_api.post("/api/v1/tokens", json={"name": "x", "role": "admin"})).status_code == 201
    token = (await viewer_api.post("/api/v1/tokens", json={"name": "y", "role": "admin"})).json()["token"]
    headers = {"authorization": f"Bearer {token}"}
    assert (await viewer_api.post(EVENTS, json={"events": []}, headers=headers)).status_code == 403
    assert (await viewer_api.get("/api/v1/users", headers=headers)).status_code == 403


async def test_cve_2024_2032_of_fifty_at_once_one_gets_the_name(
    app: Application, api: httpx.AsyncClient
) -> None:
    answers = await asyncio.gather(*(api.post("/api/v1/tokens", json={"name": "same"}) for _ in range(50)))
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201] + [409] * 49


async def test_cve_2026_28356_a_long_header_costs_no_time(app: Application, api: httpx.AsyncClient) -> None:
    await api.get("/api/v1/me")
    for name in ("content-type", "if-none-match", "accept-encoding", "cookie", "authorization"):
        begin = time.perf_counter()
        await api.get("/api/v1/me", headers={name: "a;" * 32_000})
        assert time.perf_counter() - begin < 1, name


def test_cve_2026_49298_no_secret_is_an_argument_of_a_process(running_server: RunningServer) -> None:
    command = Path(f"/proc/{running_server.process.pid}/cmdline").read_text()
    assert running_server.token not in command
    assert "vit_" not in command
