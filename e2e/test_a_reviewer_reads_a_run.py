"""A reviewer reads a run: the failed step first, then any step by mouse and by keyboard, and its log."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect
from tests.bench.server import Server


def find_run(site: Server, status: str) -> dict[str, Any]:
    """The newest run of the example with this status."""
    query = {"limit": 1, "filter": f"pipeline = 'train_digits' and status = '{status}'"}
    run: dict[str, Any] = httpx.get(f"{site.api}/runs", params=query, headers=site.headers).json()["items"][0]
    return run


def steps_of(site: Server, run_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.get(f"{site.api}/runs/{run_id}/steps", headers=site.headers).json()[
        "items"
    ]
    return found


async def test_a_failed_run_opens_with_its_failure(page: Page, site: Server) -> None:
    run = find_run(site, "failed")
    failed = next(step for step in steps_of(site, run["id"]) if step["status"] == "failed")
    await page.goto(f"{site.url}/default/runs/{run['id']}")

    await expect(page.locator(".panel h2")).to_contain_text(failed["key"])
    detail = httpx.get(f"{site.api}/runs/{run['id']}/steps/{failed['key']}", headers=site.headers).json()
    await expect(page.locator(".panel")).to_contain_text(detail["attempts"][-1]["failure"]["type"])
    await expect(page.locator(".head [data-status=failed]")).to_be_visible()
    await expect(page.locator("[role=treeitem][data-status=upstream-failed]").first).to_be_visible()


async def test_a_step_is_chosen_by_mouse_and_the_address_says_so(page: Page, site: Server) -> None:
    run = find_run(site, "completed")
    await page.goto(f"{site.url}/default/runs/{run['id']}")
    node = page.locator("[role=treeitem].step").first
    await node.click()
    key = re.sub("^step:", "", str(await node.get_attribute("data-id")))

    await expect(page.locator(".panel h2")).to_contain_text(key)
    await expect(page).to_have_url(re.compile(f"step={key}"))
    await page.reload()
    await expect(page.locator(".panel h2")).to_contain_text(key)
    await expect(page.locator(f"[role=treeitem][data-id='step:{key}']")).to_have_attribute(
        "aria-selected", "true"
    )


async def test_a_step_is_chosen_by_keyboard(page: Page, site: Server) -> None:
    run = find_run(site, "completed")
    await page.goto(f"{site.url}/default/runs/{run['id']}")
    tree = page.get_by_role("tree")
    await expect(page.locator("[role=treeitem]").first).to_be_visible()
    await tree.focus()
    for _ in range(2):
        await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator("[role=treeitem][aria-selected=true]")).to_have_count(1)
    chosen = await page.locator("[role=treeitem][aria-selected=true]").get_attribute("data-id")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator("[role=treeitem][aria-selected=true]")).not_to_have_attribute(
        "data-id", str(chosen)
    )


@pytest.mark.parametrize(
    ("tab", "shown"),
    [("code", "def "), ("configuration", ""), ("metadata", ""), ("resources", "CPU"), ("logs", "")],
)
async def test_every_tab_of_a_step_opens_by_its_address(
    page: Page, site: Server, tab: str, shown: str
) -> None:
    run = find_run(site, "completed")
    own = [step for step in steps_of(site, run["id"]) if step["status"] == "completed"]
    step = max(own, key=lambda step: step["duration_s"])
    await page.goto(f"{site.url}/default/runs/{run['id']}?step={step['key']}&tab={tab}")
    await expect(page.locator(".panel .tabs [aria-current=true]")).to_be_visible()
    await expect(page.locator(".panel")).to_contain_text(shown)
    await expect(page.locator(".panel .skel")).to_have_count(0)


async def test_a_log_is_searched_on_the_server(page: Page, site: Server) -> None:
    run, step = next(
        (run, step)
        for run in [find_run(site, "completed")]
        for step in steps_of(site, run["id"])
        if httpx.get(f"{site.api}/runs/{run['id']}/steps/{step['key']}/logs", headers=site.headers).json()[
            "total"
        ]
        > 3
    )
    lines = httpx.get(f"{site.api}/runs/{run['id']}/steps/{step['key']}/logs", headers=site.headers).json()[
        "lines"
    ]
    word = max((word for line in lines for word in re.findall(r"[A-Za-z]{5,}", line["text"])), key=len)
    hits = httpx.get(
        f"{site.api}/runs/{run['id']}/steps/{step['key']}/logs", params={"q": word}, headers=site.headers
    ).json()["total"]

    await page.goto(f"{site.url}/default/runs/{run['id']}?step={step['key']}&tab=logs")
    await expect(page.get_by_role("log")).to_contain_text(
        re.sub(r"\x1b\[[0-9;]*m", "", lines[0]["text"])[:40]
    )
    await page.get_by_role("searchbox", name="Search log").fill(word)
    await expect(page.get_by_role("status").filter(has_text=f"of {hits}")).to_be_visible()
    await expect(page.locator("mark").first).to_have_text(re.compile(word, re.IGNORECASE))
