"""Who may do what: every route, for nobody, for a viewer, for somebody of another project."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from uuid import uuid4

import httpx
import pytest
from tests.conftest import make_client

from vitrine.access.permissions import check_permissions
from vitrine.access.roles import assign_role
from vitrine.access.structs import NewToken
from vitrine.access.tokens import create_token
from vitrine.app import Application
from vitrine.ids import new_id
from vitrine.projects.bootstrap import ORGANIZATION_ID, WORKSPACE_ID

PUBLIC = {
    "/health/live",
    "/health/ready",
    "/auth/link",
    "/auth/sign-in",
    "/auth/sign-out",
    "/auth/sign-in.css",
}


def walk(app: Application) -> Iterator[tuple[str, str, str]]:
    """Method, path pattern and permission of every route."""
    for route in app.litestar.routes:
        for handler in getattr(route, "route_handlers", [getattr(route, "route_handler", None)]):
            for method in sorted(handler.http_methods - {"OPTIONS"}):
                yield method, route.path, handler.opt["permission"]


def fill_in(pattern: str, project: str) -> str:
    """A path of that pattern, with ids of things that are not there."""
    path = pattern.replace("{project:str}", project)
    path = re.sub(r"\{\w+:uuid\}", str(uuid4()), path)
    path = re.sub(r"\{(digest|sha256)\w*:str\}", "a" * 64, path)
    return re.sub(r"\{\w+:\w+\}", "1", path)


async def ask(client: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    return await client.request(method, path, json={} if method in ("POST", "PUT", "PATCH") else None)


async def test_nobody_gets_in_anywhere_but_where_everybody_may(
    app: Application, anonymous_api: httpx.AsyncClient
) -> None:
    routes = list(walk(app))
    assert len(routes) > 20
    assert {path for _, path, permission in routes if permission == "public"} == PUBLIC
    for method, pattern, permission in routes:
        if permission != "public":
            answer = await ask(anonymous_api, method, fill_in(pattern, "default"))
            assert answer.status_code == 401, (method, pattern)
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["code"] == "NotSignedIn"


async def test_a_viewer_may_read_and_change_nothing(app: Application, viewer_api: httpx.AsyncClient) -> None:
    for method, pattern, permission in walk(app):
        answer_is_refused = permission in ("project:write", "project:admin", "server:admin")
        if answer_is_refused:
            answer = await ask(viewer_api, method, fill_in(pattern, "default"))
            assert (answer.status_code, answer.json()["code"]) == (403, "NotPermitted"), (method, pattern)


async def test_another_project_answers_as_one_that_does_not_exist(
    app: Application, viewer_api: httpx.AsyncClient, other_project: str
) -> None:
    routes = [one for one in walk(app) if one[2].startswith("project:")]
    assert routes
    for method, pattern, _ in routes:
        path = fill_in(pattern, "PROJECT")
        forbidden = await ask(viewer_api, method, path.replace("PROJECT", other_project))
        missing = await ask(viewer_api, method, path.replace("PROJECT", "missing"))
        assert forbidden.status_code == missing.status_code == 404, (method, pattern)
        assert forbidden.text.replace(other_project, "missing") == missing.text


async def test_a_project_is_found_by_slug_and_by_id(api: httpx.AsyncClient) -> None:
    by_slug = (await api.get("/api/v1/projects/default")).json()
    by_id = (await api.get(f"/api/v1/projects/{by_slug['id']}")).json()
    assert by_id == by_slug
    assert by_slug["slug"] == "default"


async def test_only_readable_projects_are_listed(
    api: httpx.AsyncClient, viewer_api: httpx.AsyncClient, other_project: str
) -> None:
    async def slugs(client: httpx.AsyncClient) -> list[str]:
        return [one["slug"] for one in (await client.get("/api/v1/projects")).json()["items"]]

    assert await slugs(api) == ["default", other_project]
    assert await slugs(viewer_api) == ["default"]
    assert (await api.get("/api/v1/me")).json()["projects"] == ["default", other_project]
    assert (await viewer_api.get("/api/v1/me")).json()["is_admin"] is False


@pytest.mark.parametrize(
    ("role", "scope", "expected"),
    [
        ("viewer", "organization", {"default": 403, "other": 403}),
        ("admin", "workspace", {"default": 200, "other": 200}),
        ("viewer", "workspace", {"default": 403, "other": 403}),
        ("admin", "project", {"default": 200, "other": 404}),
    ],
)
async def test_a_role_reaches_down_from_where_it_was_given(
    app: Application, db: object, other_project: str, role: str, scope: str, expected: dict[str, int]
) -> None:
    user_id = new_id()
    pool = app.state.pool
    await pool.execute("insert into app_user (id, name) values ($1, 'kim')", user_id)
    default = await pool.fetchval("select id from project where slug = 'default'")
    on = {"organization": ORGANIZATION_ID, "workspace": WORKSPACE_ID, "project": default}[scope]
    async with pool.acquire() as connection:
        await assign_role(connection, user_id, role, scope=scope, on=on)  # type: ignore[arg-type]
        made = await create_token(connection, user_id, NewToken("x"), user_name="kim", project_id=None)
    async with make_client(app, made.token) as client:
        found = {
            slug: (await client.post(f"/api/v1/projects/{slug}/events", json={"events": []})).status_code
            for slug in expected
        }
        assert found == expected
        assert (await client.get("/api/v1/users")).status_code == 403


async def test_a_role_of_a_team_is_its_members(app: Application, other_project: str) -> None:
    pool, user_id, team_id = app.state.pool, new_id(), new_id()
    await pool.execute("insert into app_user (id, name) values ($1, 'kim')", user_id)
    await pool.execute(
        "insert into team (id, organization_id, name) values ($1, $2, 'readers')", team_id, ORGANIZATION_ID
    )
    await pool.execute("insert into team_member values ($1, $2)", team_id, user_id)
    await pool.execute(
        "insert into role_assignment (id, role_id, team_id, project_id) "
        "select $1, role.id, $2, project.id from role, project where role.name = 'viewer' and role.scope = 'project' and slug = 'other'",
        new_id(),
        team_id,
    )
    async with pool.acquire() as connection:
        made = await create_token(connection, user_id, NewToken("x"), user_name="kim", project_id=None)
    async with make_client(app, made.token) as client:
        assert (await client.get("/api/v1/me")).json()["projects"] == [other_project]


async def test_a_token_may_do_no_more_than_its_role_and_project_allow(
    app: Application, api: httpx.AsyncClient, other_project: str
) -> None:
    async def create(**wanted: object) -> httpx.AsyncClient:
        answer = await api.post("/api/v1/tokens", json=wanted)
        assert answer.status_code == 201, answer.text
        return make_client(app, answer.json()["token"])

    reader = await create(name="reader", role="viewer")
    assert (await reader.get(f"/api/v1/projects/{other_project}")).status_code == 200
    assert (await reader.post("/api/v1/projects/default/events", json={"events": []})).status_code == 403
    assert (await reader.get("/api/v1/users")).status_code == 403
    narrow = await create(name="narrow", project="default")
    assert (await narrow.post("/api/v1/projects/default/events", json={"events": []})).status_code == 200
    assert (await narrow.get(f"/api/v1/projects/{other_project}")).status_code == 404
    assert (await narrow.get("/api/v1/users")).status_code == 403
    brief = await create(name="brief", expires_in_s=60)
    for limited in (reader, narrow, brief):
        assert (await limited.get("/api/v1/me")).status_code == 200
        assert (await limited.post("/api/v1/tokens", json={"name": "more"})).status_code == 403


async def test_an_expired_token_is_no_token(app: Application, api: httpx.AsyncClient) -> None:
    made = (await api.post("/api/v1/tokens", json={"name": "brief", "expires_in_s": 60})).json()
    client = make_client(app, made["token"])
    assert (await client.get("/api/v1/me")).status_code == 200
    await app.state.pool.execute("update token set expires_at = now() where id = $1", made["item"]["id"])
    await app.state.actors.refresh()
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_making_and_revoking_a_token_is_on_record(app: Application, api: httpx.AsyncClient) -> None:
    made = (await api.post("/api/v1/tokens", json={"name": "ci", "role": "viewer"})).json()
    assert re.fullmatch(r"vit_[\w-]{22}_[\w-]{43}", made["token"])
    assert (await api.post("/api/v1/tokens", json={"name": "ci"})).status_code == 409
    listed = (await api.get("/api/v1/tokens")).json()["items"]
    assert made["token"] not in str(listed)
    assert made["item"]["name"] in {one["name"] for one in listed}

    client = make_client(app, made["token"])
    assert (await client.get("/api/v1/me")).status_code == 200
    assert (await api.delete(f"/api/v1/tokens/{made['item']['id']}")).status_code == 204
    assert (await client.get("/api/v1/me")).status_code == 401
    assert (await api.delete(f"/api/v1/tokens/{made['item']['id']}")).status_code == 404

    acts = (await api.get("/api/v1/audit")).json()["items"]
    assert [(one["action"], one["object_kind"], one["facts"]["name"]) for one in acts] == [
        ("revoke", "token", "ci"),
        ("create", "token", "ci"),
    ]
    assert made["token"] not in str(acts)


async def test_another_users_token_is_not_there_to_be_revoked(
    app: Application, api: httpx.AsyncClient, viewer_api: httpx.AsyncClient
) -> None:
    made = (await api.post("/api/v1/tokens", json={"name": "mine"})).json()
    others = await viewer_api.delete(f"/api/v1/tokens/{made['item']['id']}")
    missing = await viewer_api.delete(f"/api/v1/tokens/{uuid4()}")
    assert others.status_code == missing.status_code == 404
    assert (await viewer_api.get("/api/v1/tokens?everybody=true")).status_code == 403
    everybody = (await api.get("/api/v1/tokens?everybody=true")).json()["items"]
    assert {one["user"] for one in everybody} == {"admin", "viewer"}


async def test_a_known_asker_costs_no_query(app: Application, api: httpx.AsyncClient) -> None:
    await api.get("/api/v1/me")
    async with AsyncExitStack() as stack:  # nobody else gets a connection
        for _ in range(app.state.settings.pool_size):
            await stack.enter_async_context(app.state.pool.acquire())
        async with asyncio.timeout(1):
            for _ in range(20):
                assert (await api.get("/api/v1/me")).status_code == 200


def test_a_route_without_a_permission_stops_the_program(settings: object) -> None:
    from litestar import Litestar, get

    @get("/open", sync_to_thread=False)
    def forgotten() -> str:
        return ""

    @get("/projectless", opt={"permission": "project:read"}, sync_to_thread=False)
    def misplaced() -> str:
        return ""

    with pytest.raises(
        RuntimeError, match="GET /open declares None; GET /projectless declares 'project:read'"
    ):
        check_permissions(Litestar([forgotten, misplaced], openapi_config=None))


async def test_generated_options_handlers_do_nothing(api: httpx.AsyncClient) -> None:
    assert (await api.options("/api/v1/me")).status_code == 403
