"""A page that stays open follows what happens: a run that ends, a server that restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from playwright.async_api import Browser, Page, expect
from tests.bench.events import event, post_events, step
from tests.bench.server import Server, stop

from e2e.conftest import sign_in
from vitrine.ids import new_id


def now() -> str:
    return datetime.now(UTC).isoformat()


def begin_run(server: Server, name: str) -> str:
    """A run whose first step runs and whose second is still to come."""
    run_id, snapshot_id = str(new_id()), str(new_id())
    opening = {
        "status": "running",
        "pipeline": "followed",
        "name": name,
        "snapshot_id": snapshot_id,
        "started_at": now(),
    }
    post_events(
        server,
        [
            event(
                "snapshot",
                {
                    "id": snapshot_id,
                    "pipeline": "followed",
                    "steps": [step("fit", []), step("score", ["fit"])],
                },
            ),
            event("run", opening, run_id=run_id),
            event("step", {"step": "fit", "status": "running", "started_at": now()}, run_id=run_id),
        ],
    )
    return run_id


async def test_a_running_run_turns_green_without_a_reload(page: Page, site: Server) -> None:
    run_id = await asyncio.to_thread(begin_run, site, "watched")
    await page.goto(f"{site.url}/default/runs/{run_id}")
    await expect(page.locator(".head [data-status=running]")).to_be_visible()
    await expect(page.locator("[role=treeitem][data-id='step:fit'][data-status=running]")).to_be_visible()
    await expect(page.locator("[role=treeitem][data-id='step:score'][data-status=queued]")).to_be_visible()
    await page.evaluate("() => { window.sameDocument = true; }")

    events = [
        event(
            "step",
            {"step": key, "status": "completed", "started_at": now(), "ended_at": now()},
            run_id=run_id,
        )
        for key in ("fit", "score")
    ]
    await asyncio.to_thread(
        post_events, site, [*events, event("run", {"status": "completed", "ended_at": now()}, run_id=run_id)]
    )

    await expect(page.locator(".head [data-status=succeeded]")).to_be_visible(timeout=3_000)
    await expect(page.locator("[role=treeitem][data-id='step:score'][data-status=succeeded]")).to_be_visible(
        timeout=3_000
    )
    assert await page.evaluate("() => window.sameDocument")


async def test_a_new_run_slides_into_the_open_list(page: Page, site: Server) -> None:
    await page.goto(f"{site.url}/default/runs")
    await expect(page.locator("[role=grid] [role=row]:has(a)").first).to_be_visible()
    name = f"slides-in-{new_id()}"
    await asyncio.to_thread(begin_run, site, name)
    await expect(page.get_by_role("grid")).to_contain_text(name[:12], timeout=15_000)


async def test_an_open_page_comes_back_after_a_restart_of_the_server(
    chromium: Browser, restartable: Callable[..., Server]
) -> None:
    server = await asyncio.to_thread(restartable)
    run_id = await asyncio.to_thread(begin_run, server, "survivor")
    context = await chromium.new_context(viewport={"width": 1440, "height": 900})
    await sign_in(context, server)
    page = await context.new_page()
    await page.goto(f"{server.url}/default/runs/{run_id}?step=fit&tab=code")
    await expect(page.locator(".panel h2")).to_contain_text("fit")

    await asyncio.to_thread(stop, server)
    await expect(page.locator("html[data-ws=down]")).to_be_attached(timeout=10_000)
    again = await asyncio.to_thread(restartable)
    assert again.url == server.url
    await expect(page.locator("html[data-ws=up]")).to_be_attached(timeout=20_000)
    await expect(page.locator(".panel h2")).to_contain_text("fit")
    await expect(page.locator(".panel .tabs [aria-current=true]", has_text="Code")).to_be_visible()

    events = [event("run", {"status": "completed", "ended_at": now()}, run_id=run_id)]
    await asyncio.to_thread(post_events, again, events)
    await expect(page.locator(".head [data-status=succeeded]")).to_be_visible(timeout=10_000)
    await context.close()
