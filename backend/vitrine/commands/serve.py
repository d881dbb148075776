"""`vitrine serve` and `vitrine migrate`: the server on a database that others look after."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Any

from uvicorn.supervisors import multiprocess

from vitrine.commands.server import (
    Server,
    bind,
    configure,
    end_cleanly_on_sigterm,
    load_without_collecting,
    log_to_stderr,
)
from vitrine.errors import SchemaDiffers
from vitrine.settings import Settings, read_settings


class Worker(multiprocess.Process):
    """A worker process with our server, which ends live streams before it waits for the rest."""

    @property
    def server(self) -> Server:
        if not isinstance(self._server, Server):
            self._server = Server(self.config)
        return self._server


def make_app() -> Any:
    """The application of a worker process, by the environment."""
    from vitrine.app import create_app
    from vitrine_ui.app import build_dashboard

    load_without_collecting()
    log_to_stderr()
    settings = read_settings()
    return create_app(settings, dashboard=build_dashboard(settings))


def run_serve(given: argparse.Namespace) -> int:
    """Serves until it is told to end."""
    load_without_collecting()
    log_to_stderr()
    end_cleanly_on_sigterm()
    settings = read_settings()
    with bind(given.host, given.port) as bound:
        try:
            asyncio.run(_check_schema(settings))
            print(
                f"Vitrine serves {', '.join(settings.origins)} on {given.host}, port {bound.getsockname()[1]}.",
                flush=True,
            )
            server = Server(configure("vitrine.commands.serve:make_app", workers=given.workers, factory=True))
            if given.workers == 1:
                server.run(sockets=[bound])
            else:
                multiprocess.Process = Worker  # type: ignore[misc]
                multiprocess.Multiprocess(server.config, sockets=[bound]).run()
        except KeyboardInterrupt:
            pass
    return 0


async def _check_schema(settings: Settings) -> None:
    """The database has been migrated. Raises: SchemaDiffers, DatabaseUnavailable."""
    from vitrine.database.migrate import MIGRATIONS, load_migrations
    from vitrine.database.pool import connect

    db = await connect(settings.database_url)
    try:
        is_there = await db.fetchval("select to_regclass('migration') is not null")
        applied = await db.fetchval("select count(*) from migration") if is_there else 0
    finally:
        await db.close()
    if applied < (known := len(load_migrations(MIGRATIONS))):
        raise SchemaDiffers(f"The database is at migration {applied} of {known}: run `vitrine migrate`.")


def run_migrate(given: argparse.Namespace) -> int:
    """The database has this version's schema, and what a new server starts with."""
    log_to_stderr()
    settings = read_settings(origin="http://localhost")
    applied = asyncio.run(_migrate(settings))
    print("\n".join(f"applied {name}" for name in applied) or "nothing to do", file=sys.stderr)
    return 0


async def _migrate(settings: Settings) -> list[str]:
    from vitrine.database.migrate import migrate
    from vitrine.database.pool import open_pool
    from vitrine.projects.bootstrap import bootstrap

    applied = await migrate(settings.database_url)
    pool = await open_pool(settings.database_url, size=1)
    try:
        await bootstrap(pool)
    finally:
        await pool.close()
    return applied
