"""A real server with the example's runs, a real Chromium, and pages that fail the test when they ask beyond the machine."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from tests.bench.server import Server, attach, free_port, make_data_dir, running, start, stop

from e2e.browser import ADVICE, ARGUMENTS, find_chromium

expect.set_options(timeout=15_000)  # a machine that tests may be busy; a page that works is never waited for


@pytest.fixture(scope="session")
def site() -> Iterator[Server]:
    """A running `vitrine up` that has recorded the example once. VITRINE_E2E_DATA_DIR names one that runs already, to try a story quickly."""
    if given := os.environ.get("VITRINE_E2E_DATA_DIR"):
        yield attach(Path(given))
        return
    with running() as server:
        environment = {"VITRINE_URL": server.url, "VITRINE_TOKEN": server.token, "VITRINE_PROJECT": "default"}
        example = "from vitrine.examples import run_all; run_all()"
        subprocess.run(
            [sys.executable, "-c", example], env={**environment}, check=True, capture_output=True, timeout=300
        )
        yield server


@pytest.fixture
def restartable() -> Iterator[Callable[[], Server]]:
    """Starts a server; called again, once that one has ended, the next on the same folder and port."""
    folder = make_data_dir()
    started: list[Server] = []
    port = free_port()

    def begin() -> Server:
        started.append(start(folder, port=port))
        return started[-1]

    yield begin
    for server in started:
        if server.process.poll() is None:
            stop(server)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    path = find_chromium()
    assert path, ADVICE
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        await browser.close()


@dataclass
class Witness:
    """What a page did that no page of ours may do."""

    foreign_requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    allowed_error: str = "^$"
    dismissals: list[asyncio.Future[None]] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        context.on("request", self.note_request)
        context.on("dialog", self.note_dialog)
        context.on(
            "console", lambda message: self.errors.append(message.text) if message.type == "error" else None
        )
        context.on("weberror", lambda error: self.errors.append(str(error.error)))

    def note_request(self, request: object) -> None:
        url = urlsplit(request.url)  # type: ignore[attr-defined]
        if url.scheme in {"http", "https", "ws", "wss"} and url.hostname != "127.0.0.1":
            self.foreign_requests.append(request.url)  # type: ignore[attr-defined]

    def note_dialog(self, dialog: object) -> None:
        self.dialogs.append(dialog.message)  # type: ignore[attr-defined]
        self.dismissals.append(asyncio.ensure_future(dialog.dismiss()))  # type: ignore[attr-defined]

    def assert_clean(self) -> None:
        assert self.foreign_requests == []
        assert self.dialogs == []
        assert [error for error in self.errors if not re.search(self.allowed_error, error)] == []


@pytest.fixture
def witness() -> Witness:
    return Witness()


@pytest.fixture
async def context(chromium: Browser, site: Server, witness: Witness) -> AsyncIterator[BrowserContext]:
    """A browser that is signed in. Its pages asked nothing beyond the machine and logged no error, or the test fails."""
    made = await chromium.new_context(
        viewport={"width": 1440, "height": 900}, locale="en-GB", timezone_id="UTC"
    )
    made.set_default_timeout(15_000)
    witness.watch(made)
    await sign_in(made, site)
    yield made
    await made.close()
    witness.assert_clean()


@pytest.fixture
async def page(context: BrowserContext) -> Page:
    return await context.new_page()


def fresh_link(server: Server) -> str:
    """As `vitrine open` prints it."""
    printed = subprocess.run(
        [sys.executable, "-m", "vitrine.cli", "open", "--data-dir", str(server.data_dir)],
        capture_output=True,
        text=True,
        check=True,
    )
    link = re.search(r"http\S+/auth/link\?code=\S+", printed.stdout)
    assert link, printed.stdout + printed.stderr
    return link[0]


async def sign_in(context: BrowserContext, server: Server) -> None:
    page = await context.new_page()
    await page.goto(await asyncio.to_thread(fresh_link, server))
    await page.wait_for_selector("h1")
    await page.close()
