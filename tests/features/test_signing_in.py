"""Links, tokens and cookies: how a browser gets in, and out."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.conftest import ORIGIN, make_client, started

from vitrine.access.links import create_link
from vitrine.app import Application, create_app
from vitrine.projects.bootstrap import ADMINISTRATOR_ID
from vitrine.settings import Settings

COOKIE = "vitrine_session"


@pytest.fixture
async def browser(app: Application) -> AsyncIterator[httpx.AsyncClient]:
    """It keeps cookies and says where its requests come from."""
    async with make_client(app) as client:
        client.headers["origin"] = ORIGIN
        yield client


async def fresh_link(app: Application) -> str:
    async with app.state.pool.acquire() as db:
        return await create_link(db, ADMINISTRATOR_ID, "")


async def fill_form(browser: httpx.AsyncClient, token: str, **fields: str) -> httpx.Response:
    """Opens the page and sends its form."""
    page = (await browser.get("/auth/sign-in", params={"next": fields.get("next", "")})).text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    return await browser.post("/auth/sign-in", data={**hidden, "token": token, **fields})


async def test_a_link_signs_in_once(
    app: Application, browser: httpx.AsyncClient, anonymous_api: httpx.AsyncClient
) -> None:
    link = await fresh_link(app)
    entered = await browser.get(link)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert (await browser.get("/api/v1/me")).json()["name"] == "admin"

    second = await anonymous_api.get(link)
    assert second.status_code == 410
    assert "has been used before" in second.text
    assert COOKIE not in second.headers.get("set-cookie", "")
    # whoever is in already is not bothered
    assert (await browser.get(link)).headers["location"] == "/"


async def test_of_two_who_follow_a_link_at_the_same_time_one_gets_in(app: Application) -> None:
    link = await fresh_link(app)
    answers = await asyncio.gather(*(make_client(app).get(link) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [303, 410, 410, 410, 410, 410]


async def test_an_expired_link_and_one_that_never_was_look_alike(
    app: Application, browser: httpx.AsyncClient
) -> None:
    link = await fresh_link(app)
    await app.state.pool.execute("update sign_in_link set expires_at = now()")
    expired, never = await browser.get(link), await browser.get("/auth/link?code=nonsense")
    assert expired.status_code == never.status_code == 410
    assert expired.text == never.text


async def test_looking_at_a_link_does_not_use_it(app: Application, browser: httpx.AsyncClient) -> None:
    link = await fresh_link(app)
    assert (await browser.head(link)).status_code == 204
    assert (await browser.get(link, headers={"sec-purpose": "prefetch;prerender"})).status_code == 204
    assert (await browser.get(link)).status_code == 303


async def test_a_token_signs_in_and_the_session_may_do_what_the_token_may(
    app: Application, api: httpx.AsyncClient, browser: httpx.AsyncClient
) -> None:
    made = (
        await api.post("/api/v1/tokens", json={"name": "narrow", "role": "viewer", "project": "default"})
    ).json()
    entered = await fill_form(browser, made["token"], next="/default/runs?sort=-name")
    assert (entered.status_code, entered.headers["location"]) == (303, "/default/runs?sort=-name")
    me = (await browser.get("/api/v1/me")).json()
    assert (me["name"], me["is_admin"], me["projects"]) == ("admin", False, ["default"])
    written = await browser.post("/api/v1/projects/default/events", json={"events": []})
    assert written.status_code == 403

    await api.delete(f"/api/v1/tokens/{made['item']['id']}")
    assert (await browser.get("/api/v1/me")).status_code == 401


async def test_a_session_ends_no_later_than_the_token_that_opened_it(
    app: Application, api: httpx.AsyncClient, browser: httpx.AsyncClient
) -> None:
    made = (await api.post("/api/v1/tokens", json={"name": "brief", "expires_in_s": 60})).json()
    await fill_form(browser, made["token"])
    left = await app.state.pool.fetchval(
        "select extract(epoch from max(expires_at) - now()) from browser_session"
    )
    assert 50 < left <= 60
    assert (await browser.post("/api/v1/tokens", json={"name": "longer"})).status_code == 403


async def test_a_wrong_token_is_said_on_the_page(browser: httpx.AsyncClient) -> None:
    answer = await fill_form(browser, "vit_" + "x" * 22 + "_" + "y" * 43)
    assert answer.status_code == 401
    assert "This token is not known here" in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "yyyy" not in answer.text


async def test_signing_in_makes_a_new_session_and_ends_the_old_one(
    app: Application, browser: httpx.AsyncClient, admin_token: str
) -> None:
    await browser.get(await fresh_link(app))
    old = browser.cookies[COOKIE]
    await browser.post("/auth/sign-in")  # without the form's proof: nothing happens
    assert browser.cookies[COOKIE] == old
    await browser.get(await fresh_link(app))
    new = browser.cookies[COOKIE]
    assert new != old
    await app.state.actors.refresh()
    stale = make_client(app, cookies={COOKIE: old})
    assert (await stale.get("/api/v1/me")).status_code == 401
    stored = await app.state.pool.fetch("select id_hash from browser_session")
    assert [row["id_hash"] for row in stored] == [hashlib.sha256(new.encode()).digest()]


async def test_signing_out_ends_the_session_at_once(app: Application, browser: httpx.AsyncClient) -> None:
    await browser.get(await fresh_link(app))
    session = browser.cookies[COOKIE]
    left = await browser.post("/auth/sign-out")
    assert (left.status_code, left.headers["location"]) == (303, "/auth/sign-in")
    assert COOKIE not in browser.cookies
    again = make_client(app, cookies={COOKIE: session})
    assert (await again.get("/api/v1/me")).status_code == 401
    assert await app.state.pool.fetchval("select array_agg(action order by id) from audit") == [
        "sign-in",
        "sign-out",
    ]


async def test_a_user_who_was_deactivated_is_out(
    app: Application, browser: httpx.AsyncClient, viewer_api: httpx.AsyncClient
) -> None:
    assert (await viewer_api.get("/api/v1/me")).status_code == 200
    await app.state.pool.execute("update app_user set is_active = false where name = 'viewer'")
    try:
        await app.state.actors.refresh()
        assert (await viewer_api.get("/api/v1/me")).status_code == 401
    finally:
        await app.state.pool.execute("update app_user set is_active = true where name = 'viewer'")


async def test_an_idle_session_ends(app: Application, browser: httpx.AsyncClient) -> None:
    await browser.get(await fresh_link(app))
    idle_s = app.state.settings.session_idle_s
    for age_s, expected in ((idle_s - 60, 200), (idle_s + 60, 401)):
        await app.state.pool.execute(
            "update browser_session set seen_at = now() - $1 * interval '1 second'", age_s
        )
        await app.state.actors.refresh()
        assert (await browser.get("/api/v1/me")).status_code == expected


async def test_two_session_cookies_are_refused(app: Application, browser: httpx.AsyncClient) -> None:
    await browser.get(await fresh_link(app))
    session = browser.cookies[COOKIE]
    client = make_client(app)
    one = await client.get("/api/v1/me", headers={"cookie": f"{COOKIE}={session}"})
    two = await client.get("/api/v1/me", headers={"cookie": f"{COOKIE}={session}; {COOKIE}=planted"})
    assert (one.status_code, two.status_code) == (200, 401)


async def test_a_page_that_needs_signing_in_leads_there_and_back(anonymous_api: httpx.AsyncClient) -> None:
    answer = await anonymous_api.get("/api/v1/openapi.json?x=1", headers={"sec-fetch-dest": "document"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/auth/sign-in?next=%2Fapi%2Fv1%2Fopenapi.json%3Fx%3D1"


async def test_ten_failures_in_a_row_must_wait(settings: Settings, tmp_path: Path) -> None:
    async with started(create_app(settings)) as app:
        client = make_client(app)
        client.headers["origin"] = ORIGIN
        codes = [(await client.get(f"/auth/link?code={n}")).status_code for n in range(12)]
        assert codes == [410] * 10 + [429] * 2
        # a right one waits as well: else the answer would tell which it is
        assert (await client.get(await fresh_link(app))).status_code == 429


async def test_the_page_needs_no_script_and_none_could_run(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/auth/sign-in", params={"next": "/x"})
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert page.headers["cache-control"] == "no-store"
    style = re.search(r'href="(/auth/[^"]+\.css)"', page.text)
    assert style
    assert (await browser.get(style[1])).headers["content-type"].startswith("text/css")


async def test_over_tls_the_cookie_is_bound_to_host_and_channel(settings: Settings) -> None:
    import msgspec

    origin = "https://ml.example.com"
    secure = msgspec.structs.replace(settings, origins=(origin,))
    async with started(create_app(secure)) as app:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=origin, trust_env=False) as client:
            entered = await client.get(await fresh_link(app))
            cookie = entered.headers["set-cookie"]
            assert cookie.startswith("__Host-vitrine_session=")
            for flag in ("Secure", "HttpOnly", "Path=/", "SameSite=lax"):
                assert flag.lower() in cookie.lower()
            assert "domain" not in cookie.lower()
            assert (await client.get("/api/v1/me")).status_code == 200
            assert entered.headers["strict-transport-security"].startswith("max-age=31536000")


async def test_below_a_path_everything_is_below_that_path(settings: Settings) -> None:
    import msgspec

    below = msgspec.structs.replace(settings, base_path="/ml", origins=("https://host.example",))
    async with started(create_app(below)) as app:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(
            transport=transport, base_url="https://host.example", trust_env=False
        ) as client:
            assert (await client.get("/api/v1/me")).status_code == 404
            assert (await client.get("/mlx/api/v1/me")).status_code == 404
            assert (await client.get("/api/ml/api/v1/me")).status_code == 404
            link = await fresh_link(app)
            entered = await client.get("/ml" + link)
            assert entered.headers["location"] == "/ml/"
            assert "path=/ml" in entered.headers["set-cookie"].lower()
            assert not entered.headers["set-cookie"].startswith("__Host-")
            assert (await client.get("/ml/api/v1/me")).status_code == 200
            assert (await client.get("/ml/api/ml/v1/me")).status_code == 404
            page = await client.get("/ml/auth/sign-in", params={"next": "/elsewhere"})
            assert page.headers["location"] == "/ml/"
