"""A reviewer finds a run: the list, its filter, its order, links that open the same view elsewhere."""

from __future__ import annotations

import re

import httpx
from playwright.async_api import Page, expect
from tests.bench.server import Server

from e2e.conftest import Witness


def rows(page: Page):
    return page.locator("[role=grid] [role=row]:has(a)")


async def test_the_list_shows_all_runs_and_a_filter_narrows_it(page: Page, site: Server) -> None:
    total = httpx.get(f"{site.api}/runs?limit=1", headers=site.headers).json()["total"]["count"]
    assert total >= 25
    await page.goto(f"{site.url}/default/runs")
    await expect(rows(page).first).to_be_visible()
    await expect(page.locator(".head")).to_contain_text(str(total))

    await page.get_by_role("searchbox", name="Filter runs").fill("status = 'failed'")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("filter="))
    await expect(rows(page).first).to_contain_text("Failed")
    await expect(rows(page)).to_have_count(1)


async def test_back_and_forward_walk_through_the_filters(page: Page, site: Server) -> None:
    await page.goto(f"{site.url}/default/runs")
    await expect(rows(page).first).to_be_visible()
    every = await rows(page).count()
    await page.get_by_role("link", name=re.compile("^Failed")).click()
    await expect(rows(page)).to_have_count(1)
    await page.go_back()
    await expect(rows(page)).to_have_count(every)
    await page.go_forward()
    await expect(rows(page)).to_have_count(1)


async def test_a_wrong_filter_says_where_and_what_was_expected(
    page: Page, site: Server, witness: Witness
) -> None:
    witness.allowed_error = "status of 422"
    await page.goto(f"{site.url}/default/runs?filter=status%20%3D")
    await expect(page.locator("#content")).to_contain_text("Column 9: expected")


async def test_a_filtered_link_opens_the_same_view_after_a_hard_reload(page: Page, site: Server) -> None:
    await page.goto(f"{site.url}/default/runs?filter=status%20%3D%20'failed'")
    await expect(rows(page)).to_have_count(1)
    await page.reload()
    await expect(rows(page)).to_have_count(1)
    assert "filter=status%20%3D%20%27failed%27" in page.url.replace("'", "%27")


async def test_the_keyboard_alone_opens_a_run(page: Page, site: Server) -> None:
    await page.goto(f"{site.url}/default/runs")
    await expect(rows(page).first).to_be_visible()
    name = await rows(page).first.locator("a").first.inner_text()
    await page.get_by_role("grid").focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_contain_text(name.split()[0])
    await page.go_back()
    await expect(rows(page).first).to_be_visible()
