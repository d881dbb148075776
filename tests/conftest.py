"""A real PostgreSQL for all tests, a database a worker, the server in process, and servers of their own for those that need one.

One PostgreSQL is shared by all workers of a run. Its template database is migrated once; each worker gets a copy, which
is emptied after each test that used it: organization, workspace and project `default`, the administrator, a viewer and
the tokens of both stay.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.bench import server as servers
from vitrine.access.attempts import Attempts
from vitrine.access.roles import assign_role
from vitrine.access.structs import NewToken
from vitrine.access.tokens import create_token
from vitrine.app import Application, create_app
from vitrine.database import embedded
from vitrine.database.migrate import migrate
from vitrine.database.pool import open_pool
from vitrine.ids import content_id
from vitrine.projects.bootstrap import ADMINISTRATOR_ID, PROJECT_ID, bootstrap
from vitrine.settings import Settings

ORIGIN = "http://testserver"
TEMPLATE = "vitrine_template"
VIEWER_ID = content_id("user", "viewer")
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[Path]:
    """Shared by the workers of a run, gone with the last of them."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())
    folder = Path(tempfile.gettempdir(), f"vitrine-tests-{run}")
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)  # as root the server runs under an account of its own
    yield folder
    if not (folder / "pg" / "postmaster.pid").exists():
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(postgres_folder: Path) -> Iterator[str]:
    """The DSN of a running PostgreSQL."""
    with embedded.server(postgres_folder / "pg", settings=QUICK) as dsn:
        yield dsn


@pytest.fixture(scope="session")
async def database(postgres: str, postgres_folder: Path) -> str:
    """The DSN of this worker's own database: migrated, and with what a new server starts with."""
    lock = os.open(postgres_folder / "template.lock", os.O_CREAT | os.O_RDWR)
    await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
    db = await asyncpg.connect(postgres)
    try:
        if not await db.fetchval("select exists (select from pg_database where datname = $1)", TEMPLATE):
            await db.execute(f"create database {TEMPLATE}_part")
            await fill_template(name_database(postgres, f"{TEMPLATE}_part"))
            await db.execute(f"alter database {TEMPLATE}_part rename to {TEMPLATE}")
        own = f"vitrine_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
        await db.execute(f"drop database if exists {own} (force)")
        await db.execute(f"create database {own} template {TEMPLATE} strategy file_copy")
    finally:
        await db.close()
        os.close(lock)
    return name_database(postgres, own)


def name_database(dsn: str, name: str) -> str:
    return dsn.replace("@/postgres?", f"@/{name}?")


async def fill_template(dsn: str) -> None:
    await migrate(dsn)
    pool = await open_pool(dsn, size=1)
    await bootstrap(pool)
    async with pool.acquire() as db:
        await db.execute("insert into app_user (id, name) values ($1, 'viewer')", VIEWER_ID)
        await assign_role(db, VIEWER_ID, "viewer", scope="project", on=PROJECT_ID)
        await db.execute("create table test_token (user_name text, token text)")
        for user_id, name in ((ADMINISTRATOR_ID, "admin"), (VIEWER_ID, "viewer")):
            made = await create_token(db, user_id, NewToken("tests"), user_name=name, project_id=None)
            await db.execute("insert into test_token values ($1, $2)", name, made.token)
    await pool.close()


# ── what tests leave behind ───────────────────────────────────────────────────────────────────────
CLEAR = """
delete from run; delete from snapshot; delete from pipeline; delete from artifact_version; delete from artifact;
delete from model_version; delete from model; delete from tag;
delete from metadata_history; delete from metadata_key; delete from blob; delete from curated_visualization;
delete from deployment; delete from saved_view; delete from stack; delete from component; delete from connector;
delete from event; delete from audit; delete from browser_session; delete from sign_in_link; delete from team;
delete from project where slug <> 'default'; delete from token where name <> 'tests';
delete from app_user where name not in ('admin', 'viewer');
"""


@pytest.fixture(scope="session")
async def side_pool(database: str) -> AsyncIterator[Any]:
    """Connections beside the server's own."""
    pool = await open_pool(database, size=2)
    yield pool
    await pool.close()


@pytest.fixture
async def clean(side_pool: Any) -> AsyncIterator[None]:
    """Nothing of this test is left for the next one."""
    yield
    await side_pool.execute(CLEAR)


@pytest.fixture
async def db(side_pool: Any, clean: None) -> AsyncIterator[Any]:
    """A connection to look and to write, with jsonb as msgspec.Raw."""
    async with side_pool.acquire() as connection:
        yield connection


# ── the server in this process ────────────────────────────────────────────────────────────────────
@pytest.fixture(scope="session")
def settings(database: str) -> Iterator[Settings]:
    with tempfile.TemporaryDirectory(prefix="vitrine-tests-") as name:
        yield Settings(
            database_url=database, store=Path(name, "store"), data_dir=Path(name), origins=(ORIGIN,)
        )


@asynccontextmanager
async def started(app: Application) -> AsyncIterator[Application]:
    """The application, between its start-up and its shutdown."""
    inbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    said: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    task = asyncio.ensure_future(
        app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, inbox.get, said.put)
    )
    await inbox.put({"type": "lifespan.startup"})
    answer = await said.get()
    assert answer["type"] == "lifespan.startup.complete", answer
    yield app
    await inbox.put({"type": "lifespan.shutdown"})
    await task


@pytest.fixture(scope="session")
async def running_app(settings: Settings) -> AsyncIterator[Application]:
    async with started(create_app(settings)) as app:
        yield app


@pytest.fixture
async def app(running_app: Application, clean: None) -> AsyncIterator[Application]:
    """The server without a dashboard, started. `app.state` holds what its routes share."""
    running_app.state.attempts = Attempts()  # of the test before
    yield running_app
    await running_app.state.actors.refresh()


def make_client(app: Application, token: str | None = None, **options: Any) -> httpx.AsyncClient:
    """A client of the server in this process; paths begin with /api/v1."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(
        transport=transport, base_url=ORIGIN, headers=headers, trust_env=False, **options
    )


async def read_token(database: str, user: str) -> str:
    db = await asyncpg.connect(database)
    try:
        return str(await db.fetchval("select token from test_token where user_name = $1", user))
    finally:
        await db.close()


@pytest.fixture(scope="session")
async def admin_token(database: str) -> str:
    return await read_token(database, "admin")


@pytest.fixture(scope="session")
async def viewer_token(database: str) -> str:
    return await read_token(database, "viewer")


@pytest.fixture
async def api(app: Application, admin_token: str) -> AsyncIterator[httpx.AsyncClient]:
    """The administrator, by token. Paths begin with /api/v1."""
    async with make_client(app, admin_token) as client:
        yield client


@pytest.fixture
async def viewer_api(app: Application, viewer_token: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who may only read, and only the project `default`."""
    async with make_client(app, viewer_token) as client:
        yield client


@pytest.fixture
async def anonymous_api(app: Application) -> AsyncIterator[httpx.AsyncClient]:
    async with make_client(app) as client:
        yield client


@pytest.fixture
def project() -> str:
    return "default"


# ── servers of their own ──────────────────────────────────────────────────────────────────────────
@dataclass
class RunningServer(servers.Server):
    """A `vitrine up` with sockets, a data folder, and a process to end."""

    def stop(self) -> None:
        """As Ctrl-C does."""
        if self.process.poll() is None:
            servers.stop(self)

    def kill(self) -> None:
        """As a power cut does, PostgreSQL apart."""
        self.process.kill()
        self.process.wait()


def open_session(server: servers.Server) -> str:
    """A Cookie header of a new session of the administrator's, opened as a person would, with the token."""
    with httpx.Client(base_url=server.url, headers={"origin": server.url}, trust_env=False) as client:
        page = client.get("/auth/sign-in").text
        proof = page.partition('name="proof" value="')[2].partition('"')[0]
        entered = client.post("/auth/sign-in", data={"token": server.token, "proof": proof, "next": ""})
        assert entered.status_code == 303, entered.text
        return f"vitrine_session={client.cookies['vitrine_session']}"


@pytest.fixture(scope="session")
def start_server() -> Iterator[Callable[..., RunningServer]]:
    """Starts `vitrine up` in a data folder, by default a new one; ended at the latest with the session."""
    running: list[RunningServer] = []
    folders: list[Path] = []

    def start(data_dir: Path | None = None, *, port: int = 0) -> RunningServer:
        if data_dir is None:
            folders.append(data_dir := Path(tempfile.mkdtemp(prefix="vitrine-server-")))
            data_dir.chmod(0o755)
        running.append(RunningServer(**vars(servers.start(data_dir, port=port))))
        return running[-1]

    yield start
    for server in running:
        server.stop()
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def running_server(start_server: Callable[..., RunningServer]) -> RunningServer:
    """One `vitrine up` for all tests that only need a socket to talk to."""
    return start_server()
