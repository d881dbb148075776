"""A newcomer opens the printed link and is in; the link works once; signing out ends it."""

from __future__ import annotations

import asyncio

from playwright.async_api import Browser, Page, expect
from tests.bench.server import Server

from e2e.conftest import Witness, fresh_link


async def test_a_link_signs_in_once_and_signing_out_ends_the_session(
    chromium: Browser, site: Server, witness: Witness
) -> None:
    context = await chromium.new_context()
    witness.watch(context)
    page = await context.new_page()
    link = await asyncio.to_thread(fresh_link, site)

    await page.goto(link)
    await expect(page.get_by_role("navigation", name="Project").first).to_be_visible()
    assert "code=" not in page.url

    other = await chromium.new_context()
    again = await other.new_page()
    await again.goto(link)
    await expect(again.get_by_text("used", exact=False).first).to_be_visible()
    await expect(again.get_by_role("navigation", name="Project")).to_have_count(0)
    await other.close()

    await page.get_by_role("button", name="Signed in as").first.click()
    await page.get_by_role("button", name="Sign out").first.click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.goto(f"{site.url}/default/runs")
    await expect(page).to_have_url(f"{site.url}/auth/sign-in?next=%2Fdefault%2Fruns")
    await context.close()
    witness.assert_clean()


async def test_a_deep_link_leads_to_sign_in_and_then_to_the_page(chromium: Browser, site: Server) -> None:
    context = await chromium.new_context()
    page = await context.new_page()
    await page.goto(f"{site.url}/default/pipelines")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    await page.get_by_label("token", exact=False).fill(site.token)
    await page.get_by_role("button", name="Sign in").click()

    await expect(page).to_have_url(f"{site.url}/default/pipelines")
    await expect(page.get_by_role("heading", name="Pipelines")).to_be_visible()
    await context.close()


async def test_all_of_a_page_comes_from_the_machine_itself(page: Page, site: Server) -> None:
    for path in ("/", "/default", "/default/runs", "/default/artifacts", "/default/pipelines", "/settings"):
        await page.goto(site.url + path)
        await page.wait_for_selector("h1")
        await page.wait_for_load_state("load")
