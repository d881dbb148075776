"""`vitrine up`: everything on one machine."""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import sys
import webbrowser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from vitrine.commands import local
from vitrine.commands.server import (
    Server,
    bind,
    configure,
    end_cleanly_on_sigterm,
    load_without_collecting,
    log_to_stderr,
)
from vitrine.settings import Settings, read_settings

ANY_ADDRESS = ("0.0.0.0", "::", "")  # noqa: S104  compared, not bound


def run_up(given: argparse.Namespace) -> int:
    """Serves until it is told to end."""
    load_without_collecting()
    log_to_stderr()
    end_cleanly_on_sigterm()
    folder = local.prepare(given.data_dir)
    with ExitStack() as stack:
        try:
            stack.enter_context(local.held(folder))
        except local.InUse:
            return _tell_where_it_runs(folder)
        bound = stack.enter_context(bind(given.host, given.port))
        try:
            dsn = stack.enter_context(local.database(folder))
            asyncio.run(_Up(given, folder, bound, dsn).run())
        except KeyboardInterrupt:
            pass
    return 0


def _tell_where_it_runs(folder: Path) -> int:
    from vitrine.commands.links import make_link_on

    client = local.require_in_use(folder)
    with local.database(folder) as dsn:
        link = asyncio.run(make_link_on(dsn, client.url))
    print(f"Vitrine is running already on {folder}.\nOpen {link}", flush=True)
    return 0


class _Up:
    """One run of the command, once it has its folder, its port and its database."""

    def __init__(self, given: argparse.Namespace, folder: Path, bound: socket.socket, dsn: str) -> None:
        self.given, self.folder, self.bound, self.dsn = given, folder, bound, dsn
        self.settings = self._make_settings()
        self.url = self.settings.origins[0] + self.settings.base_path
        self.app: Any = None
        self.example: asyncio.subprocess.Process | None = None
        self.telling: asyncio.Task[None] | None = None

    def _make_settings(self) -> Settings:
        port = self.bound.getsockname()[1]
        names = (
            ["127.0.0.1", "localhost"] if self.given.host in ("127.0.0.1", "localhost") else [self.given.host]
        )
        if self.given.host in ANY_ADDRESS:
            names = ["127.0.0.1", "localhost", socket.gethostname()]
        origin = ",".join(f"http://{f'[{name}]' if ':' in name else name}:{port}" for name in names)
        return read_settings(origin=origin, database_url=self.dsn, data_dir=self.folder)

    async def run(self) -> None:
        from vitrine.app import create_app
        from vitrine.database.migrate import migrate
        from vitrine.database.pool import open_pool
        from vitrine.projects.bootstrap import bootstrap
        from vitrine_ui.app import build_dashboard

        await migrate(self.dsn)
        pool = await open_pool(self.dsn, size=1)
        await bootstrap(pool)
        await self._write_client(pool)
        await pool.close()
        self.app = create_app(self.settings, dashboard=build_dashboard(self.settings))
        try:
            await Server(configure(self.app), self._tell).serve(sockets=[self.bound])
        finally:
            if self.telling:
                self.telling.cancel()
            if self.example and self.example.returncode is None:
                self.example.terminate()
                await self.example.wait()

    async def _write_client(self, pool: Any) -> None:
        from vitrine.commands.links import keep_or_make_token

        known = local.find_client(self.folder)
        token = await keep_or_make_token(pool, known.token if known else None)
        local.write_client(self.folder, local.Client(self.url, token))

    async def _tell(self) -> None:
        """The link, once it works."""
        from vitrine.commands.links import make_link

        link = await make_link(self.app.state.pool, self.url)
        print(f"Vitrine runs at {self.url}, its data in {self.folder}. Ctrl-C ends it.")
        print(f"Open {link}\n(works once, for an hour; `vitrine open` prints another)", flush=True)
        if self.given.open:
            webbrowser.open(link)
        if self.given.example:
            await self._start_example()

    async def _start_example(self) -> None:
        """The example pipelines report to this server, from a process of their own, while the dashboard shows them."""
        if await self.app.state.pool.fetchval("select exists (select from run)"):
            return
        environment = {name: value for name, value in os.environ.items() if not name.startswith("VITRINE_")}
        environment["VITRINE_DATA_DIR"] = str(self.folder)
        log = self.folder / "example.log"
        with log.open("wb") as output:  # not here: it would push the link off the screen
            self.example = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "vitrine.cli", "example", env=environment, stdout=output, stderr=output
            )
        print("Recording the example pipelines: watch them arrive …", flush=True)
        self.telling = asyncio.create_task(self._tell_of_example(self.example, log))

    async def _tell_of_example(self, example: asyncio.subprocess.Process, log: Path) -> None:
        code = await example.wait()
        print(
            "The example is recorded." if code == 0 else f"The example ended early; {log} says why.",
            flush=True,
        )
