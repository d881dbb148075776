"""What a person waits for, in a real Chromium without a graphics card: graph, first content, navigation, live changes, leaks."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import psutil
from e2e.browser import ARGUMENTS, find_chromium
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.bench.events import event, post_events, report_wide_run
from tests.bench.rows import Row
from tests.bench.server import Server
from vitrine.ids import new_id

DRAWN = """() => performance.getEntriesByName("graph drawn")[0].startTime
  - Math.max(...performance.getEntriesByType("resource").filter(one => /\\/dag/.test(one.name)).map(one => one.responseEnd))"""
FRAMES = """async () => {
  const frames = []; let last = performance.now(), go = true;
  const tick = now => { frames.push(now - last); last = now; if (go) requestAnimationFrame(tick); };
  requestAnimationFrame(tick); window.stopFrames = () => { go = false; frames.sort((a, b) => a - b);
    return 1000 / (frames.reduce((a, b) => a + b, 0) / frames.length); };
}"""


async def measure(server: Server) -> list[Row]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
        async with signed_in(browser, server) as context:
            rows = await measure_pages(context, server)
            rows += await measure_graph(context, server)
            rows += await measure_live(context, server)
            rows += await measure_leak(context, server)
        await browser.close()
    return rows


@asynccontextmanager
async def signed_in(browser: Browser, server: Server) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    await page.goto(server.link)
    await page.wait_for_selector(".nav a")
    await page.close()
    yield context
    await context.close()


async def measure_pages(context: BrowserContext, server: Server) -> list[Row]:
    first, shell, rows = [], [], []
    for _ in range(5):
        page = await context.new_page()
        begin = time.perf_counter()
        await page.goto(f"{server.url}/default/runs")
        await page.wait_for_selector("h1:has-text('Runs')")
        first.append((time.perf_counter() - begin) * 1e3)
        await page.wait_for_selector("[role=grid] a[href*='/runs/']")
        await page.click(".nav a:has-text('Pipelines')")
        await page.wait_for_selector("h1:has-text('Pipelines')")
        begin = time.perf_counter()
        await page.click(".nav a:has-text('Runs')")
        await page.wait_for_selector("h1:has-text('Runs')")
        shell.append((time.perf_counter() - begin) * 1e3)
        await page.wait_for_selector("[role=grid] a[href*='/runs/']")
        rows.append((time.perf_counter() - begin) * 1e3)
        await page.close()
    return [
        Row("open the run list, loopback: first content", statistics.median(first), "ms", 800),
        Row("navigate to the run list: shell", statistics.median(shell), "ms", 250),
        Row("navigate to the run list: rows", statistics.median(rows), "ms", 600),
    ]


async def measure_graph(context: BrowserContext, server: Server) -> list[Row]:
    found: list[Row] = []
    for steps, drawn_bar, frames_bar in ((1_000, 200, 50), (5_000, 400, 35)):
        run_id = await asyncio.to_thread(report_wide_run, server, steps=steps)
        page = await context.new_page()
        await page.goto(f"{server.url}/default/runs/{run_id}?collapse=none")
        await page.wait_for_function(
            "() => performance.getEntriesByName('graph drawn').length", timeout=60_000
        )
        drawn = float(await page.evaluate(DRAWN))
        found += [
            Row(f"graph island, {steps:,} steps: drawn after the data", drawn, "ms", drawn_bar),
            Row(
                f"graph island, {steps:,} steps: pan", await pan(page), "frames/s", frames_bar, is_floor=True
            ),
        ]
        await page.close()
    return found


async def pan(page: Page) -> float:
    box = await page.locator(".gview").first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.evaluate(FRAMES)
    for moved in range(60):
        await page.mouse.move(x + moved * 4 % 200, y + moved * 3 % 120)
        await page.wait_for_timeout(16)
    frames = await page.evaluate("() => window.stopFrames()")
    await page.mouse.up()
    return float(frames)


async def measure_live(context: BrowserContext, server: Server) -> list[Row]:
    """From the answer to the writer until the other browser shows the word."""
    page = await context.new_page()
    waited = []
    for _ in range(20):
        run_id = str(new_id())
        started = datetime.now(UTC).isoformat()
        body: dict[str, object] = {
            "status": "running",
            "pipeline": "live",
            "name": "live",
            "started_at": started,
        }
        await asyncio.to_thread(post_events, server, [event("run", body, run_id=run_id)])
        await page.goto(f"{server.url}/default/runs/{run_id}")
        await page.wait_for_selector(".head [data-status=running]")
        await page.wait_for_selector("html[data-live=live]")
        begin = time.perf_counter()
        closing: dict[str, object] = {"status": "completed", "ended_at": datetime.now(UTC).isoformat()}
        await asyncio.to_thread(post_events, server, [event("run", closing, run_id=run_id)])
        await page.wait_for_selector(".head [data-status=succeeded]", timeout=10_000)
        waited.append((time.perf_counter() - begin) * 1e3)
    await page.close()
    return [
        Row(
            "status change → seen in another browser, p95",
            sorted(waited)[18],
            "ms",
            1_000,
            note=f"p50 {statistics.median(waited):.0f} ms, 20 runs",
        )
    ]


async def measure_leak(context: BrowserContext, server: Server) -> list[Row]:
    """Memory of the server over 1,000 re-renders of an open run page: each metadata event is one."""
    run_id = str(new_id())
    body: dict[str, object] = {
        "status": "running",
        "pipeline": "live",
        "name": "leak",
        "started_at": datetime.now(UTC).isoformat(),
    }
    await asyncio.to_thread(post_events, server, [event("run", body, run_id=run_id)])
    page = await context.new_page()
    await page.goto(f"{server.url}/default/runs/{run_id}?step=&tab=metadata")
    await page.wait_for_selector(".head [data-status=running]")
    process = psutil.Process(server.process.pid)

    async def render(times: int) -> None:
        async with httpx.AsyncClient(headers=server.headers) as client:
            for turn in range(times):
                values: dict[str, object] = {"values": {f"key_{turn % 20}": turn}}
                await client.post(
                    f"{server.api}/events", json={"events": [event("metadata", values, run_id=run_id)]}
                )
                await asyncio.sleep(0.06)  # one wake-up of the live stream each

    await render(200)
    before = process.memory_info().rss
    await render(1_000)
    grown = (process.memory_info().rss - before) / 1e6
    await page.close()
    return [
        Row(
            "growth of the server over 1,000 live re-renders of a run page",
            grown,
            "MB",
            8,
            note="bar: none; 8 MB is the noise of the allocator",
        )
    ]
