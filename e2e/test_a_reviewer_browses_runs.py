"""A reviewer finds a run: the list, its filter, its order, links that open the same view elsewhere."""

from __future__ import annotations

import httpx
from playwright.async_api import Page, expect
from tests.bench.server import Server


def rows(page: Page):
    return page.locator("[role=grid] [role=row]:has(a)")


async def test_the_list_shows_all_runs_and_a_filter_narrows_it(page: Page, site: Server) -> None:
    total = httpx.get(f"{site.api}/runs?limit=1", headers=site.headers).json()["total"]["count"]
    assert total >= 25
    await page.goto(f"{site.url}/default/runs")
    await expect(rows(page).first).to_be_visible()
    await expect(page.locator(".head")).to_contain_text(str(total))

    await page.get_by_role("searchbox").or_(page.get_by_role("textbox")).first.fill("status = 'failed'")
    await expect(page).to_have_url(lambda url: "filter=" in url)
    await expect(rows(page).first).to_contain_text("Failed")
    await expect(rows(page)).to_have_count(1)

    await page.go_back()
    await expect(page).to_have_url(f"{site.url}/default/runs")
    await page.go_forward()
    await expect(rows(page)).to_have_count(1)


async def test_a_wrong_filter_says_where_and_what_was_expected(page: Page, site: Server) -> None:
    await page.goto(f"{site.url}/default/runs?filter=status%20%3D")
    await expect(page.locator("[role=alert], .hint, [aria-invalid=true]").first).to_be_visible()
    await expect(page.locator("main")).to_contain_text("expected", ignore_case=True)


async def test_a_filtered_link_opens_the_same_view_after_a_hard_reload(page: Page, site: Server) -> None:
    await page.goto(f"{site.url}/default/runs?filter=status%20%3D%20'failed'")
    await expect(rows(page)).to_have_count(1)
    await page.reload()
    await expect(rows(page)).to_have_count(1)
    await expect(page).to_have_url(f"{site.url}/default/runs?filter=status%20%3D%20'failed'")


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
